// SPDX-License-Identifier: Apache-2.0
#include "agent/ingest/supervisor.hpp"

#include "agent/ingest/source_reporter.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/recording_sink.hpp"

namespace cxedge::ingest {
namespace {

struct DoorSettings {
    std::string start = "well";
};

// Emits one reading of each way when started.
class Door final : public Source {
public:
    void init(const SettingsNode& settings, SettingsProblems& problems) override {
        Schema<DoorSettings> schema;
        ignore_common_keys(schema);
        schema.text("start", &DoorSettings::start, "How the start goes");
        settings_ = schema.read(settings, problems);
    }
    Status start(Host& host) override {
        if (settings_.start != "well") {
            return settings_.start == "later" ? unavailable("door is locked")
                                              : invalid_argument("no door");
        }
        const auto id = host.declare({{"test.door", {}}, Kind::gauge, "1", {}, 0});
        if (!id) {
            return id.error();
        }
        const Status now = host.emit(*id, 1);
        const Status dated = host.emit_at(*id, 2, from_unix_ms(5));
        const Status lost = host.emit_lost(*id);
        host.commit([&host](const Status& safe) { host.set_problem(safe ? "" : "not safe"); });
        return now && dated && lost ? Status() : Status(unavailable("refused"));
    }
    void stop() override {}

private:
    DoorSettings settings_;
};

SourceSpec spec_with(const std::string& key, const std::string& value) {
    SettingsNode text;
    text.value = value;
    SourceSpec spec;
    spec.name = "front";
    spec.plugin = "door";
    spec.settings.value = SettingsNode::Table{{key, text}};
    return spec;
}

struct SupervisorBench {
    std::vector<PluginInfo> plugins{
        {"door", []() -> std::unique_ptr<Source> { return std::make_unique<Door>(); }, ""},
        {"away", nullptr, "no-such-program"}};
    EventLoop loop;
    test::ManualClock clock;
    test::RecordingSink sink;
    Supervisor supervisor{plugins, "/nonexistent", {loop, clock, sink}};
};

TEST_CASE("supervisor: a source inside the agent runs and reports", "[ingest]") {
    SupervisorBench bench;
    bench.supervisor.add(spec_with("start", "well"));

    const auto health = bench.supervisor.health();
    REQUIRE(health.size() == 1);
    CHECK(health[0].name == "front");
    CHECK(health[0].plugin == "door");
    CHECK(health[0].health.state == "running");
    CHECK(health[0].health.readings == 3);
    REQUIRE(bench.sink.readings.size() == 3);
    CHECK(bench.sink.readings[0].time == at_boot(bench.clock.boot_now()));
    CHECK(bench.sink.readings[1].time == at_wall(from_unix_ms(5)));
    CHECK(bench.sink.readings[2].lost);

    CHECK_FALSE(bench.supervisor.all_stopped());
    bench.supervisor.stop_all();
    CHECK(bench.supervisor.all_stopped());
    CHECK(bench.supervisor.health()[0].health.state == "stopped");
}

TEST_CASE("supervisor: a source that fails for good says so and holds up nothing", "[ingest]") {
    SupervisorBench bench;
    bench.supervisor.add(spec_with("start", "never"));
    bench.supervisor.add(spec_with("colour", "red"));

    for (const Supervisor::Named& source : bench.supervisor.health()) {
        CHECK(source.health.state == "failed");
        CHECK_FALSE(source.health.problem.empty());
    }
    CHECK(bench.sink.events_named("plugin.failed").size() == 2);
    bench.supervisor.stop_all();
    CHECK(bench.supervisor.all_stopped());
}

TEST_CASE("supervisor: a source that waits is degraded", "[ingest]") {
    SupervisorBench bench;
    bench.supervisor.add(spec_with("start", "later"));

    const InstanceHealth health = bench.supervisor.health()[0].health;
    CHECK(health.state == "waiting");
    CHECK(health.problem == "door is locked");
    const auto degraded = bench.sink.events_named("source.degraded");
    REQUIRE(degraded.size() == 1);
    CHECK(degraded[0]->state == EventState::raise);
    CHECK(degraded[0]->subject == "front");
}

TEST_CASE(
    "supervisor: an own process whose program is missing is not the agent's end", "[ingest]"
) {
    SupervisorBench bench;
    SourceSpec spec = spec_with("start", "well");
    spec.plugin = "away";
    bench.supervisor.add(spec);

    CHECK(bench.supervisor.health()[0].health.state == "waiting");
    bench.supervisor.stop_all();
    CHECK(bench.supervisor.all_stopped());
}

TEST_CASE("supervisor: settings can be checked without running anything", "[ingest]") {
    const SupervisorBench bench;
    const PluginInfo* door = find_plugin(bench.plugins, "door");
    REQUIRE(door != nullptr);
    CHECK(find_plugin(bench.plugins, "window") == nullptr);

    const auto fine = check_source(*door, "", spec_with("start", "never"));
    const auto wrong = check_source(*door, "", spec_with("strat", "well"));

    REQUIRE(fine);
    CHECK(fine->empty());
    REQUIRE(wrong);
    REQUIRE(wrong->size() == 1);
    CHECK((*wrong)[0].find("did you mean \"start\"?") != std::string::npos);
    CHECK_FALSE(check_source(*find_plugin(bench.plugins, "away"), "/nonexistent", {}));
}

TEST_CASE(
    "supervisor: a source is started anew on request, the others are left alone", "[ingest]"
) {
    SupervisorBench bench;
    bench.supervisor.add(spec_with("start", "well"));
    SourceSpec other = spec_with("start", "well");
    other.name = "back";
    bench.supervisor.add(other);
    const std::size_t readings = bench.sink.readings.size();

    CHECK(bench.supervisor.restart("nobody").error().code == ErrorCode::not_found);
    REQUIRE(bench.supervisor.restart("front").ok());
    CHECK(bench.supervisor.health()[0].health.state == "stopped");
    const SystemClock clock;
    const SteadyTime deadline = clock.steady_now() + std::chrono::seconds(30);
    while (bench.supervisor.health()[0].health.state != "running" && clock.steady_now() < deadline
    ) {
        bench.loop.poll();
    }

    CHECK(bench.supervisor.health()[0].health.state == "running");
    CHECK(bench.supervisor.health()[0].health.readings == 3);
    CHECK(bench.sink.readings.size() == readings + readings / 2);
}

TEST_CASE("supervisor: a change touches only what it names, in the order wanted", "[ingest]") {
    SupervisorBench bench;
    const auto named = [](const std::string& name, const std::string& start) {
        SourceSpec spec = spec_with("start", start);
        spec.name = name;
        return spec;
    };
    for (const char* name : {"front", "back", "side"}) {
        bench.supervisor.add(named(name, "well"));
    }
    const std::size_t readings = bench.sink.readings.size();
    bool done = false;
    SourceChange change{
        {"front", "side"},
        {named("front", "later"), named("roof", "well")},
        {"front", "roof", "back"}};
    CHECK_FALSE(change.empty());
    bench.supervisor.change(std::move(change), [&] { done = true; });

    CHECK(done);
    const auto health = bench.supervisor.health();
    REQUIRE(health.size() == 3);
    CHECK(health[0].name == "front");
    CHECK(health[0].health.state == "waiting");
    CHECK(health[1].name == "roof");
    CHECK(health[1].health.state == "running");
    CHECK(health[2].name == "back");
    CHECK(health[2].health.state == "running");
    // Of those that began; who stays did not start again.
    CHECK(bench.sink.readings.size() == readings + 3);
    bench.supervisor.change({}, [&] { done = false; });
    CHECK_FALSE(done);
    CHECK(bench.supervisor.health().size() == 3);
}

TEST_CASE("supervisor: a change waits for the process that ends", "[ingest]") {
    SupervisorBench bench;
    const std::string program = CXEDGE_TEST_PLUGIN;
    const std::size_t slash = program.rfind('/');
    bench.plugins.push_back({"slow", nullptr, program.substr(slash + 1)});
    Supervisor supervisor(
        bench.plugins, program.substr(0, slash), {bench.loop, bench.clock, bench.sink}
    );
    SourceSpec slow = spec_with("do", "emit");
    slow.plugin = "slow";
    supervisor.add(slow);
    const std::int32_t pid = supervisor.health()[0].health.pid;
    CHECK(pid > 0);
    bool done = false;
    supervisor.change({{"front"}, {slow}, {"front"}}, [&] { done = true; });

    CHECK_FALSE(done);
    CHECK(supervisor.health()[0].health.state == "stopping");
    CHECK(supervisor.restart("front").error().code == ErrorCode::unavailable);
    const SystemClock clock;
    const SteadyTime deadline = clock.steady_now() + std::chrono::seconds(30);
    while (!done && clock.steady_now() < deadline) {
        bench.loop.poll();
    }
    REQUIRE(done);
    REQUIRE(supervisor.health().size() == 1);
    CHECK(supervisor.health()[0].health.pid > 0);
    CHECK(supervisor.health()[0].health.pid != pid);
    CHECK(supervisor.health()[0].health.restarts == 0);
}

TEST_CASE("supervisor: the alarm of a source that is removed is cleared", "[ingest]") {
    SupervisorBench bench;
    bench.supervisor.add(spec_with("start", "later"));
    REQUIRE(bench.sink.events_named("source.degraded").size() == 1);
    bench.supervisor.change({{"front"}, {}, {}}, [] {});

    CHECK(bench.supervisor.health().empty());
    const auto events = bench.sink.events_named("source.degraded");
    REQUIRE(events.size() == 2);
    CHECK(events[1]->state == EventState::clear);
    CHECK(events[1]->id == events[0]->id);
}

TEST_CASE("source reporter: trouble is raised, updated and cleared under one id", "[ingest]") {
    SupervisorBench bench;
    SourceSpec spec;
    spec.name = "front";
    spec.plugin = "door";
    SourceReporter reporter(spec, {bench.loop, bench.clock, bench.sink});
    for (const char* problem : {"", "cold", "cold", "colder", "", "cold"}) {
        reporter.set_problem(problem);
    }

    const auto& events = bench.sink.events;
    REQUIRE(events.size() == 4);
    CHECK(events[0].state == EventState::raise);
    CHECK(events[1].state == EventState::update);
    CHECK(events[2].state == EventState::clear);
    CHECK(events[1].id == events[0].id);
    CHECK(events[2].id == events[0].id);
    CHECK(events[3].state == EventState::raise);
    CHECK(events[3].id != events[0].id);
    CHECK(events[0].attrs == std::vector<Dimension>{{"plugin", "door"}});
}

}  // namespace
}  // namespace cxedge::ingest
