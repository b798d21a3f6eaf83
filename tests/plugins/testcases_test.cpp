// SPDX-License-Identifier: Apache-2.0
// One driver for all case folders. A case is config.toml and either problems.txt, a part of each
// message that init() must give, or expected.txt, the readings (see FakeHost::reading_lines), with
// answers.txt (kpi_socket) and events.txt where there are any. A new bug is a new folder, no C++.
#include <algorithm>
#include <functional>
#include <memory>

#include "plugins/_template/template.hpp"
#include "plugins/box/box.hpp"
#include "plugins/kpi_socket/kpi_socket.hpp"
#include "plugins/statsd/statsd.hpp"
#include "plugins/synthetic/synthetic.hpp"

#include "tests/plugins/case_folder.hpp"
#include "tests/plugins/sockets.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {
namespace {

namespace fs = std::filesystem;

struct Run {
    fs::path folder;
    TempDir dir;
    FakeHost host;
    std::string config;  // after substitution
    std::vector<std::string> answers;
    bool any_order = false;  // and any number of repetitions
};

using Feed = std::function<void(Run&, Source&)>;

struct PluginUnderTest {
    std::string folder;
    std::function<std::unique_ptr<Source>()> make;
    Feed feed;  // what happens between start() and stop()
};

template <class T>
std::unique_ptr<Source> make() {
    return std::make_unique<T>();
}

void feed_nothing(Run& run, Source& source) {
    static_cast<void>(run);
    static_cast<void>(source);
}

// Two seconds pass.
void feed_time(Run& run, Source& source) {
    static_cast<void>(source);
    run.host.manual_clock.advance(std::chrono::seconds(2));
}

// Each file is a datagram.
void feed_datagrams(Run& run, Source& source) {
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
void feed_streams(Run& run, Source& source) {
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

void show_tree(const Run& run, const fs::path& tree) {
    const fs::path next = run.dir.path() / "next";
    fs::create_directory_symlink(tree, next);
    fs::rename(next, run.dir.path() / "input");
}

// Each folder is a state of the box, seen at least once.
void feed_trees(Run& run, Source& source) {
    static_cast<void>(source);
    run.any_order = true;
    const std::vector<fs::path> trees = entries(run.folder / "input");
    for (std::size_t i = 1; i < trees.size(); ++i) {
        show_tree(run, trees[i]);
        const std::size_t before = run.host.readings.size();
        REQUIRE(run.host.run_until([&] { return run.host.readings.size() > before; }));
    }
}

std::vector<PluginUnderTest> plugins_under_test() {
    return {
        {"_template", make<plugins::Template>, feed_nothing},
        {"synthetic", make<plugins::Synthetic>, feed_time},
        {"statsd", make<plugins::Statsd>, feed_datagrams},
        {"kpi_socket", make<plugins::KpiSocket>, feed_streams},
        {"box", make<plugins::Box>, feed_trees}};
}

void sort_unique(std::vector<std::string>& lines) {
    std::sort(lines.begin(), lines.end());
    lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
}

std::vector<std::string> event_lines(const FakeHost& host) {
    std::vector<std::string> lines;
    for (const Event& event : host.events) {
        lines.push_back(
            event.name + " " + std::string(to_string(event.severity)) + " " + event.subject + " " +
            event.text
        );
    }
    return lines;
}

void check_problems(const Run& run, const std::vector<std::string>& problems) {
    for (const std::string& part : read_lines(run.folder / "problems.txt")) {
        INFO("looking for <" << part << ">");
        CHECK(std::any_of(problems.begin(), problems.end(), [&](const std::string& problem) {
            return problem.find(part) != std::string::npos;
        }));
    }
}

void check_readings(Run& run) {
    std::vector<std::string> actual = run.host.reading_lines();
    if (run.any_order) {
        sort_unique(actual);
    }
    CHECK(difference(read_lines(run.folder / "expected.txt"), actual) == "");
    if (fs::exists(run.folder / "answers.txt")) {
        CHECK(difference(read_lines(run.folder / "answers.txt"), run.answers) == "");
    }
    if (fs::exists(run.folder / "events.txt")) {
        CHECK(difference(read_lines(run.folder / "events.txt"), event_lines(run.host)) == "");
    }
}

void run_case(const PluginUnderTest& plugin, const fs::path& folder) {
    Run run;
    run.folder = folder;
    const std::vector<fs::path> inputs = entries(folder / "input");
    if (plugin.folder == "box" && !inputs.empty()) {
        show_tree(run, inputs.front());
    }
    run.config = substitute(
        read_text(folder / "config.toml"),
        {{"case", folder.string()},
         {"dir", run.dir.path().string()},
         {"input", run.dir.file("input")}}
    );
    const std::unique_ptr<Source> source = plugin.make();
    SettingsProblems problems;
    source->init(source_settings(run.config), problems);
    if (fs::exists(folder / "problems.txt")) {
        check_problems(run, problems.lines());
        CHECK_FALSE(problems.empty());
        return;
    }
    REQUIRE(problems.lines() == std::vector<std::string>());
    const Status started = source->start(run.host);
    REQUIRE((started.ok() ? "" : started.error().message) == "");
    plugin.feed(run, *source);
    source->stop();
    check_readings(run);
}

}  // namespace

TEST_CASE("plugins: every case folder gives what it says", "[plugins]") {
    for (const PluginUnderTest& plugin : plugins_under_test()) {
        const std::vector<fs::path> folders = case_folders(plugin.folder);
        CHECK(folders.size() >= 2);
        for (const fs::path& folder : folders) {
            DYNAMIC_SECTION(plugin.folder << "/" << folder.filename().string()) {
                run_case(plugin, folder);
            }
        }
    }
}

TEST_CASE("plugins: every sample passes init", "[plugins]") {
    for (const PluginUnderTest& plugin : plugins_under_test()) {
        DYNAMIC_SECTION(plugin.folder) {
            SettingsProblems problems;
            plugin.make()->init(
                source_settings(read_text(plugins_dir() / plugin.folder / "sample.toml")), problems
            );
            CHECK(problems.lines() == std::vector<std::string>());
        }
    }
}

TEST_CASE("plugins: init touches nothing, stop without start is harmless", "[plugins]") {
    for (const PluginUnderTest& plugin : plugins_under_test()) {
        DYNAMIC_SECTION(plugin.folder) {
            const std::unique_ptr<Source> source = plugin.make();
            SettingsProblems problems;
            source->init(
                source_settings(read_text(plugins_dir() / plugin.folder / "sample.toml")), problems
            );
            source->stop();
            CHECK(problems.empty());
        }
    }
}

}  // namespace cxedge::test
