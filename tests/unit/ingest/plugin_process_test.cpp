// SPDX-License-Identifier: Apache-2.0
// With a real child process (plugin/misbehaving_plugin.cpp).
#include "agent/ingest/plugin_process.hpp"

#include <algorithm>
#include <csignal>

#include "tests/support/captured_stderr.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/recording_sink.hpp"
#include "tests/support/slowness.hpp"

namespace cxedge::ingest {
namespace {

using std::chrono::milliseconds;

SettingsNode text_node(std::string text) {
    SettingsNode node;
    node.value = std::move(text);
    node.position = {std::make_shared<const std::string>("site.toml"), 7, 6, "site"};
    node.key_position = {std::make_shared<const std::string>("site.toml"), 7, 1, "site"};
    return node;
}

SourceSpec spec_that(const std::string& action) {
    SourceSpec spec;
    spec.name = "cam";
    spec.plugin = "camera";
    spec.executable = CXEDGE_TEST_PLUGIN;
    SettingsNode::Table table;
    table.emplace_back("plugin", text_node("camera"));
    table.emplace_back("do", text_node(action));
    spec.settings.value = std::move(table);
    return spec;
}

PluginPatience hurried() {
    PluginPatience patience;
    patience.heartbeat = milliseconds(20);
    patience.silence = milliseconds(250 * test::slowness());
    patience.stop = milliseconds(250 * test::slowness());
    patience.first_restart = milliseconds(1);
    return patience;
}

struct Bench {
    explicit Bench(SourceSpec spec, const PluginPatience& patience = hurried())
        : process(std::move(spec), {loop, clock, sink}, patience) {}
    explicit Bench(const std::string& action) : Bench(spec_that(action)) {}

    // Runs the loop until `done` holds; false after 10 s of real time, times slowness().
    bool until(const std::function<bool()>& done) {
        bool late = false;
        const auto limit = loop.after(std::chrono::seconds(10 * test::slowness()), [&] {
            late = true;
            loop.stop();
        });
        const auto look = loop.every(milliseconds(1), [&] {
            if (done()) {
                loop.stop();
            }
        });
        loop.run();
        return !late;
    }
    bool until_state(const std::string& state) {
        return until([&] { return process.health().state == state; });
    }
    bool until_event(const std::string& name) {
        return until([&] { return !sink.events_named(name).empty(); });
    }

    EventLoop loop;
    SystemClock clock;
    test::RecordingSink sink;
    PluginProcess process;
};

TEST_CASE("plugin process: readings arrive with their times", "[ingest]") {
    SourceSpec spec = spec_that("emit");
    SettingsNode when;
    when.value = std::int64_t{1'700'000'000'123};
    spec.settings.table()->emplace_back("device_ms", when);
    Bench bench(std::move(spec));
    const BootTime before = bench.clock.boot_now();
    bench.process.start();
    REQUIRE(bench.until_event("test.happened"));
    const BootTime after = bench.clock.boot_now();

    const auto* boot = bench.sink.reading_of("test.boot");
    const auto* dated = bench.sink.reading_of("test.dated{door=a}");
    const auto* lost = bench.sink.reading_of("test.lost");
    REQUIRE(boot != nullptr);
    REQUIRE(dated != nullptr);
    REQUIRE(lost != nullptr);
    CHECK(boot->value == 1.5);
    CHECK(boot->time.base == SampleTime::Base::boot);
    CHECK(boot->time.ms >= before.count());
    CHECK(boot->time.ms <= after.count());
    CHECK(dated->time == at_wall(from_unix_ms(1'700'000'000'123)));
    CHECK(lost->lost);
    CHECK(bench.sink.events_named("test.happened")[0]->text == "cam");
    const InstanceHealth health = bench.process.health();
    CHECK(health.state == "running");
    CHECK(health.readings == 3);
    CHECK(health.pid > 0);
    CHECK(health.problem.empty());
    CHECK(bench.sink.events_named("source.degraded").empty());
}

TEST_CASE("plugin process: asked to stop, it stops and says its last words", "[ingest]") {
    Bench bench("last words");
    bench.process.start();
    REQUIRE(bench.until_state("running"));
    REQUIRE(bench.until([&] { return bench.process.health().pid > 0; }));
    const pid_t pid = bench.process.health().pid;

    bench.process.stop();
    CHECK_FALSE(bench.process.stopped());
    REQUIRE(bench.until([&] { return bench.process.stopped(); }));

    CHECK(bench.process.health().state == "stopped");
    CHECK(::kill(pid, 0) != 0);  // reaped as well
    CHECK(bench.sink.events_named("plugin.crashed").empty());
}

TEST_CASE("plugin process: stopped before it said hello, it stays stopped", "[ingest]") {
    Bench bench("emit");
    bench.process.start();
    CHECK(bench.process.health().state == "starting");
    bench.process.stop();
    REQUIRE(bench.until([&] { return bench.process.stopped(); }));

    CHECK(bench.process.health().state == "stopped");
    CHECK(bench.process.health().restarts == 0);
    CHECK(bench.sink.events.empty());
}

TEST_CASE("plugin process: killed from outside, it comes back", "[ingest]") {
    Bench bench("emit");
    bench.process.start();
    REQUIRE(bench.until_event("test.happened"));
    const pid_t first = bench.process.health().pid;
    REQUIRE(first > 0);

    REQUIRE(::kill(first, SIGKILL) == 0);
    REQUIRE(bench.until_event("plugin.crashed"));
    REQUIRE(bench.until([&] { return bench.sink.events_named("source.degraded").size() == 2; }));

    const Event& crashed = *bench.sink.events_named("plugin.crashed")[0];
    CHECK(crashed.text == "killed by signal 9 (KILL); restarting in 1 ms");
    CHECK(crashed.subject == "cam");
    const auto degraded = bench.sink.events_named("source.degraded");
    CHECK(degraded[0]->state == EventState::raise);
    CHECK(degraded[0]->text == "process killed by signal 9 (KILL)");
    CHECK(degraded[1]->state == EventState::clear);
    CHECK(degraded[1]->id == degraded[0]->id);
    CHECK(bench.process.health().restarts == 1);
    CHECK(bench.process.health().pid != first);
    CHECK(bench.process.health().problem.empty());
}

TEST_CASE("plugin process: one that keeps crashing is given up", "[ingest]") {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"abort", "killed by signal 6 (ABRT)"}, {"exit", "exited with status 7"}};
    for (const auto& [action, how] : cases) {
        Bench bench(action);
        bench.process.start();
        REQUIRE(bench.until_state("failed"));

        CHECK(bench.sink.events_named("plugin.crashed").size() == 5);
        CHECK(bench.sink.events_named("plugin.crashed")[0]->text.rfind(how, 0) == 0);
        const auto failed = bench.sink.events_named("plugin.failed");
        REQUIRE(failed.size() == 1);
        CHECK(failed[0]->severity == Severity::major);
        CHECK(failed[0]->text == how + "; 5 restarts within 60 s did not help");
        CHECK(bench.process.stopped());
        CHECK(bench.process.health().problem == failed[0]->text);
    }
}

TEST_CASE("plugin process: a failed one gets a second chance", "[ingest]") {
    PluginPatience patience = hurried();
    patience.second_chance = milliseconds(5);
    Bench bench(spec_that("fail"), patience);
    bench.process.start();
    REQUIRE(bench.until([&] { return bench.sink.events_named("plugin.failed").size() >= 2; }));

    CHECK(bench.sink.events_named("plugin.failed")[0]->text == "no such camera");
    CHECK(bench.sink.events_named("plugin.crashed").empty());
    bench.process.stop();
    REQUIRE(bench.until([&] { return bench.process.stopped(); }));
    CHECK(bench.process.health().state == "stopped");
}

TEST_CASE("plugin process: a hung one is killed and started again", "[ingest]") {
    Bench bench("hang");
    bench.process.start();
    REQUIRE(bench.until_event("plugin.crashed"));

    const std::string said = "silent for " + std::to_string(hurried().silence.count()) + " ms";
    CHECK(bench.sink.events_named("plugin.crashed")[0]->text.rfind(said, 0) == 0);
    REQUIRE(bench.until_state("running"));
    CHECK(bench.process.health().restarts == 1);
}

TEST_CASE("plugin process: a hung one does not hold up the shutdown", "[ingest]") {
    PluginPatience patience = hurried();
    patience.silence = std::chrono::minutes(1);
    Bench bench(spec_that("hang"), patience);
    bench.process.start();
    REQUIRE(bench.until_state("running"));
    bench.process.stop();
    REQUIRE(bench.until([&] { return bench.process.stopped(); }));

    CHECK(bench.sink.events_named("plugin.crashed").empty());
}

TEST_CASE("plugin process: nonsense on the link ends the plugin, not the agent", "[ingest]") {
    for (const std::string action : {"garbage", "oversized"}) {
        Bench bench(action);
        bench.process.start();
        REQUIRE(bench.until_event("plugin.crashed"));

        const std::string text = bench.sink.events_named("plugin.crashed")[0]->text;
        CAPTURE(text);
        CHECK(text.rfind("sent a frame", 0) == 0);
        CHECK((action == "garbage" || text.find("100000 bytes, at most 65536") != std::string::npos)
        );
    }
}

TEST_CASE("plugin process: wrong settings fail it with their places", "[ingest]") {
    SourceSpec spec = spec_that("emit");
    spec.settings.table()->emplace_back("colour", text_node("red"));
    Bench bench(std::move(spec));
    bench.process.start();
    REQUIRE(bench.until_state("failed"));

    CHECK(
        bench.process.health().problem.find("site.toml:7:1: colour: unknown setting") !=
        std::string::npos
    );
    CHECK(bench.sink.events_named("plugin.crashed").empty());
}

TEST_CASE("plugin process: a start that may work later is only degraded", "[ingest]") {
    Bench bench("unavailable");
    bench.process.start();
    REQUIRE(bench.until_event("source.degraded"));

    CHECK(bench.process.health().state == "running");
    CHECK(bench.process.health().problem == "camera is off");
    CHECK(bench.sink.events_named("plugin.failed").empty());
}

TEST_CASE("plugin process: its own troubles outlive the next heartbeats", "[ingest]") {
    Bench bench("problem");
    bench.process.start();
    REQUIRE(bench.until_event("source.degraded"));
    const auto seen = bench.clock.steady_now();
    REQUIRE(bench.until([&] { return bench.clock.steady_now() - seen > milliseconds(100); }));

    CHECK(bench.process.health().problem == "camera not reachable");
    CHECK(bench.sink.events_named("source.degraded").size() == 1);
}

TEST_CASE("plugin process: a commit is answered both ways", "[ingest]") {
    SourceSpec spec = spec_that("commit");
    spec.durability = Durability::power;
    Bench bench(spec);
    bench.process.start();
    REQUIRE(bench.until([&] { return bench.sink.reading_of("test.committed") != nullptr; }));
    CHECK(bench.sink.durability == Durability::power);
    CHECK(bench.sink.readings[0].series == "test.before_commit");

    Bench full(spec);
    full.sink.commit_status = exhausted("storage full");
    full.process.start();
    REQUIRE(full.until([&] { return full.sink.reading_of("test.commit_refused") != nullptr; }));
}

TEST_CASE("plugin process: who acknowledges is told what was refused", "[ingest]") {
    Bench bench("commit");
    bench.sink.accept_status = exhausted("storage full");
    bench.process.start();
    const auto declared = [&](const char* series) {
        const auto& all = bench.sink.series;
        return std::find(all.begin(), all.end(), series) != all.end();
    };
    // Which the plugin declares when its commit failed.
    REQUIRE(bench.until([&] { return declared("test.commit_refused"); }));
    CHECK(bench.sink.commits == 0);
    CHECK(bench.sink.refused.empty());  // nothing is lost that the sender repeats
}

TEST_CASE("plugin process: a series that came while storage was full counts later", "[ingest]") {
    Bench bench("commit");
    bench.sink.declare_status = unavailable("storage full");
    bench.process.start();
    REQUIRE(bench.until([&] { return bench.process.health().readings >= 1; }));
    bench.sink.declare_status = {};
    // The plugin was told that its reading was refused, and says so in a series that now has room.
    Bench later("refused");
    later.sink.declare_status = unavailable("storage full");
    later.process.start();
    REQUIRE(later.until([&] { return later.process.health().readings == 3; }));
    CHECK(later.sink.readings.empty());
    CHECK(later.sink.commits == 0);
}

TEST_CASE("plugin process: occasions and devices arrive as they were told", "[ingest]") {
    SourceSpec spec = spec_that("once");
    SettingsNode when;
    when.value = std::int64_t{1'700'000'060'000};
    spec.settings.table()->emplace_back("device_ms", when);
    Bench bench(spec);
    bench.process.start();
    REQUIRE(bench.until([&] { return bench.sink.reading_of("test.follows") != nullptr; }));
    REQUIRE(bench.sink.readings.size() == 3);
    const Occasion interval{from_unix_ms(1'700'000'060'000), from_unix_ms(1'700'000'000'000), 0};
    CHECK(bench.sink.readings[0].occasion == interval);
    CHECK(bench.sink.readings[0].value == 4);
    CHECK(bench.sink.readings[1].occasion == Occasion{{}, {}, 77});
    CHECK(bench.sink.reading_of("test.follows")->value == 0);
    REQUIRE(bench.sink.devices.size() == 1);
    CHECK(bench.sink.devices[0].first == "cam");
    CHECK(bench.sink.devices[0].second == DeviceNote{"door", "PC2S", "5.1", 80.0, true});
}

TEST_CASE("plugin process: what one run keeps, the next one finds", "[ingest]") {
    Bench bench("keep");
    bench.sink.kept_by["cam"] = "abc";
    bench.process.start();
    REQUIRE(bench.until([&] { return bench.sink.reading_of("test.kept") != nullptr; }));
    CHECK(bench.sink.reading_of("test.kept")->value == 3);
    CHECK(bench.sink.kept_by == std::map<std::string, std::string>{{"cam", "abcx"}});
}

TEST_CASE("plugin process: readings of a refused series are left out, and said once", "[ingest]") {
    const test::CapturedStderr captured;
    Bench bench("refused");
    bench.process.start();
    REQUIRE(bench.until([&] { return bench.sink.reading_of("test.good") != nullptr; }));

    CHECK(bench.sink.readings.size() == 1);
    CHECK(bench.process.health().state == "running");
    const std::string log = captured.text();
    const std::string line = "camera/cam: series refused: bad.metric: not in the metric catalogue";
    const std::size_t first = log.find(line);
    REQUIRE(first != std::string::npos);
    CHECK(log.find(line, first + 1) == std::string::npos);
}

TEST_CASE("plugin process: blocking work comes back to the loop", "[ingest]") {
    Bench bench("offload");
    bench.process.start();
    REQUIRE(bench.until([&] { return bench.sink.reading_of("test.worked") != nullptr; }));
    CHECK(bench.sink.reading_of("test.worked")->value == 1);
}

TEST_CASE("plugin process: a missing executable is said and retried", "[ingest]") {
    SourceSpec spec = spec_that("emit");
    spec.executable = "/nonexistent/cxedge-camera";
    Bench bench(std::move(spec));
    bench.process.start();
    REQUIRE(bench.until_state("failed"));

    CHECK(bench.process.health().problem.find("is its package installed?") != std::string::npos);
}

TEST_CASE("plugin process: settings too large for the link are refused", "[ingest]") {
    SourceSpec spec = spec_that("emit");
    spec.settings.table()->emplace_back("label", text_node(std::string(70'000, 'x')));
    Bench bench(std::move(spec));
    bench.process.start();
    REQUIRE(bench.until_state("failed"));

    CHECK(bench.process.health().problem.find("at most 65536 fit") != std::string::npos);
    CHECK(bench.sink.events_named("plugin.crashed").empty());
}

TEST_CASE("settings check: the plugin itself judges its settings", "[ingest]") {
    const auto content = check_settings(spec_that("emit"));
    REQUIRE(content);
    CHECK(content->empty());

    SourceSpec spec = spec_that("emit");
    spec.settings.table()->emplace_back("colour", text_node("red"));
    const auto wrong = check_settings(spec);
    REQUIRE(wrong);
    REQUIRE(wrong->size() == 1);
    CHECK((*wrong)[0].find("site.toml:7:1: colour: unknown setting") == 0);
}

TEST_CASE("settings check: what cannot be asked is an error", "[ingest]") {
    SourceSpec spec = spec_that("emit");
    spec.executable = "/nonexistent/plugin";
    const auto missing = check_settings(spec);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::not_found);

    spec.executable = "/bin/true";
    const auto mute = check_settings(spec);
    REQUIRE_FALSE(mute);
    CHECK(mute.error().code == ErrorCode::unavailable);
}

}  // namespace
}  // namespace cxedge::ingest
