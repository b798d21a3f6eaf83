// SPDX-License-Identifier: Apache-2.0
#include "agent/app/config_change.hpp"

#include <utility>

#include "tests/support/catch.hpp"
#include "tests/unit/config/config_files.hpp"

namespace cxedge::app {
namespace {

using Names = std::vector<std::string>;

const std::string kNode = "[node]\nid = \"n\"\n[uplink]\nbroker = \"mqtt://a:1883\"\n";
const std::string kDoor =
    "[[source]]\nplugin = \"camera\"\nname = \"door\"\nfps = 5\n"
    "[[source.line]]\nname = \"a\"\npoints = [0.1, 0.2]\n";
const std::string kTill = "[[source]]\nplugin = \"kpi_socket\"\nsocket = \"/a\"\n";
const std::string kSite = kNode + kDoor + kTill;

config::Loaded loaded(const test::ConfigFiles& files, const std::string& site) {
    auto read = files.load(site);
    if (!read) {
        FAIL(read.error().message);
    }
    return std::move(*read);
}

ConfigChange change(const std::string& from, const std::string& to) {
    const test::ConfigFiles files;
    files.write("gateway.toml", "[[source]]\nplugin = \"box\"\n");
    const config::Loaded running = loaded(files, from);
    return change_between(running, loaded(files, to));
}

Names begun(const ConfigChange& change) {
    Names names;
    for (const ingest::SourceSpec& spec : change.sources.begun) {
        names.push_back(spec.name);
    }
    return names;
}

TEST_CASE("config change: what is only written in another way is the same", "[app]") {
    const std::string other = "# moved\n\n" + kTill +
                              "[[source]]\nname = \"door\"\nfps = 5\nplugin = \"camera\"\n"
                              "line = [{ points = [0.1, 0.2], name = \"a\" }]\n"
                              "[uplink]\nwindow = 32\nbroker = \"mqtt://a:1883\"\n"
                              "[node]\nid = \"n\"\n[spool]\nmax_mib = 256\n";
    const ConfigChange none = change(kSite, other);
    CHECK(none.new_process_for.empty());
    CHECK(none.sources.empty());
    CHECK_FALSE(none.uplink);
    CHECK(none.sources.order == Names{"kpi_socket", "door"});
}

TEST_CASE("config change: a source is added, removed or changed, the others stay", "[app]") {
    const std::string box = "[[source]]\nplugin = \"box\"\n";
    const ConfigChange added = change(kSite, kSite + box);
    CHECK(added.new_process_for.empty());
    CHECK_FALSE(added.uplink);
    CHECK(added.sources.ended.empty());
    CHECK(begun(added) == Names{"box"});
    CHECK(added.sources.order == Names{"door", "kpi_socket", "box"});

    const ConfigChange removed = change(kSite + box, kSite);
    CHECK(removed.new_process_for.empty());
    CHECK(removed.sources.ended == Names{"box"});
    CHECK(begun(removed).empty());

    for (const char* changed :
         {"fps = 6",
          "fps = 5.0",
          "fps = \"5\"",
          "fps = 5\nuser = \"u\"",
          "fps = 5\ndurable = \"power\"",
          "fps = 5\nlimit_memory_mib = 64",
          ""}) {
        CAPTURE(changed);
        std::string text = kSite;
        text.replace(text.find("fps = 5"), 7, changed);
        const ConfigChange other = change(kSite, text);
        CHECK(other.new_process_for.empty());
        CHECK(other.sources.ended == Names{"door"});
        CHECK(begun(other) == Names{"door"});
    }
    std::string points = kSite;
    points.replace(points.find("0.2"), 3, "0.3");
    CHECK(begun(change(kSite, points)) == Names{"door"});
}

TEST_CASE("config change: a source that is not enabled does not run", "[app]") {
    const std::string off = kNode + kDoor + kTill + "enabled = false\n";
    const ConfigChange ends = change(kSite, off);
    CHECK(ends.sources.ended == Names{"kpi_socket"});
    CHECK(begun(ends).empty());
    CHECK(ends.sources.order == Names{"door"});
    CHECK(begun(change(off, kSite)) == Names{"kpi_socket"});
    CHECK(change(off, kSite).sources.ended.empty());
    CHECK(change(off, off + "kind = \"gauge\"\n").sources.empty());
}

TEST_CASE("config change: the plugin of a name changes like its settings", "[app]") {
    const ConfigChange other = change(
        kNode + "[[source]]\nplugin = \"box\"\nname = \"x\"\n",
        kNode + "[[source]]\nplugin = \"statsd\"\nname = \"x\"\n"
    );
    CHECK(other.sources.ended == Names{"x"});
    REQUIRE(other.sources.begun.size() == 1);
    CHECK(other.sources.begun[0].plugin == "statsd");
}

TEST_CASE("config change: the uplink alone, and together with sources", "[app]") {
    const auto with = [](const std::string& line) {
        std::string text = kSite;
        text.insert(text.find("broker"), line);
        return text;
    };
    for (const char* line :
         {"username = \"u\"\n", "keepalive_s = 20\n", "window = 5\n", "backfill_kib_per_s = 9\n"}) {
        const ConfigChange uplink = change(kSite, with(line));
        CHECK(uplink.uplink);
        CHECK(uplink.sources.empty());
        CHECK(uplink.new_process_for.empty());
    }
    const ConfigChange both = change(kSite, with("username = \"u\"\n") + "kind = \"delta\"\n");
    CHECK(both.uplink);
    CHECK(begun(both) == Names{"kpi_socket"});
    CHECK(both.new_process_for.empty());
    // Open batches are sealed with regard to it.
    CHECK(change(kSite, with("live_age_s = 5\n")).new_process_for == "uplink.live_age_s");
}

TEST_CASE("config change: anything else takes a new process", "[app]") {
    const std::vector<std::pair<std::string, std::string>> others{
        {"spool", "[spool]\nmax_mib = 8\n"},
        {"pipeline", "[pipeline]\nwindow_s = 5\n"},
        {"agent", "[agent]\nlog_level = \"debug\"\n"},
        {"history", "[history]\nenabled = true\n"},
        {"remote", "[remote]\ngroups = [\"canary\"]\n"},
        {"rule", "[[rule]]\nmatch = \"till.*\"\nunit = \"1\"\n"},
        {"occupancy", "[[occupancy]]\nname = \"all\"\n"},
        {"sink", "[[sink]]\nname = \"b\"\nbroker = \"mqtt://b\"\n"}};
    for (const auto& [key, text] : others) {
        CAPTURE(key);
        CHECK(change(kSite, kSite + text).new_process_for == key);
        CHECK(change(kSite + text, kSite).new_process_for == key);
    }
    CHECK(change(kSite, "profile = \"gateway\"\n" + kSite).new_process_for == "profile");
    std::string renamed = kSite;
    renamed.replace(renamed.find("\"n\""), 3, "\"m\"");
    CHECK(change(kSite, renamed).new_process_for == "node");
}

TEST_CASE("config change: another catalogue takes a new process", "[app]") {
    const test::ConfigFiles files;
    const config::Loaded running = loaded(files, kSite);
    config::Loaded next = loaded(files, kSite);
    CHECK(change_between(running, next).new_process_for.empty());
    next.config.catalogue["till.sales"] = {"till.sales", Kind::counter, "1", "what was sold"};
    CHECK(change_between(running, next).new_process_for == "the metric catalogue");
}

}  // namespace
}  // namespace cxedge::app
