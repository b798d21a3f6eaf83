// SPDX-License-Identifier: Apache-2.0
// The case folders of the plugins that have no folder of tests of their own (case_run.hpp).
#include "plugins/_template/template.hpp"
#include "plugins/box/box.hpp"
#include "plugins/kpi_socket/kpi_socket.hpp"
#include "plugins/statsd/statsd.hpp"
#include "plugins/synthetic/synthetic.hpp"

#include "tests/plugins/case_folder.hpp"
#include "tests/plugins/case_run.hpp"
#include "tests/plugins/sockets.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

namespace fs = std::filesystem;

void feed_nothing(CaseRun& run, Source& source) {
    static_cast<void>(run);
    static_cast<void>(source);
}

// Two seconds pass.
void feed_time(CaseRun& run, Source& source) {
    static_cast<void>(source);
    run.host.manual_clock.advance(std::chrono::seconds(2));
}

// Each file is a datagram.
void feed_datagrams(CaseRun& run, Source& source) {
    const auto& statsd = dynamic_cast<plugins::Statsd&>(source);
    const std::string path = run.dir.file("statsd.sock");
    for (const fs::path& file : entries(run.folder / "input")) {
        if (statsd.port() != 0) {
            send_udp(statsd.port(), read_text(file));
        } else {
            send_unix_datagram(path, read_text(file));
        }
    }
    // Loopback delivers within sendto(): what was sent is readable now.
    for (int i = 0; i < 10; ++i) {
        run.host.loop().poll();
    }
}

// Each file is a connection that ends with the file.
void feed_streams(CaseRun& run, Source& source) {
    static_cast<void>(source);
    for (const fs::path& file : entries(run.folder / "input")) {
        LineClient client(run.dir.file("kpi.sock"));
        REQUIRE(client.send_all(run.host, read_text(file)));
        client.finish_sending();
        REQUIRE(client.wait_for_end(run.host));
        std::string text = client.text();
        for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
            run.answers.push_back(text.substr(0, end));
            text.erase(0, end + 1);
        }
        CHECK(text.empty());
    }
}

void show_tree(const CaseRun& run, const fs::path& tree) {
    const fs::path next = run.dir.path() / "next";
    fs::create_directory_symlink(tree, next);
    fs::rename(next, run.dir.path() / "input");
}

void show_first_tree(CaseRun& run) {
    const std::vector<fs::path> trees = entries(run.folder / "input");
    if (!trees.empty()) {
        show_tree(run, trees.front());
    }
}

// Each folder is a state of the box, seen at least once.
void feed_trees(CaseRun& run, Source& source) {
    static_cast<void>(source);
    run.any_order = true;
    const std::vector<fs::path> trees = entries(run.folder / "input");
    for (std::size_t i = 1; i < trees.size(); ++i) {
        show_tree(run, trees[i]);
        const std::size_t before = run.host.readings.size();
        REQUIRE(run.host.run_until([&] { return run.host.readings.size() > before; }));
    }
}

}  // namespace

TEST_CASE("plugins: _template does what its cases say", "[plugins]") {
    check_plugin({"_template", make_source<plugins::Template>, feed_nothing});
}

TEST_CASE("plugins: synthetic does what its cases say", "[plugins]") {
    check_plugin({"synthetic", make_source<plugins::Synthetic>, feed_time});
}

TEST_CASE("plugins: statsd does what its cases say", "[plugins]") {
    check_plugin({"statsd", make_source<plugins::Statsd>, feed_datagrams});
}

TEST_CASE("plugins: kpi_socket does what its cases say", "[plugins]") {
    check_plugin({"kpi_socket", make_source<plugins::KpiSocket>, feed_streams});
}

TEST_CASE("plugins: box does what its cases say", "[plugins]") {
    check_plugin({"box", make_source<plugins::Box>, feed_trees, show_first_tree});
}

}  // namespace cxedge::test
