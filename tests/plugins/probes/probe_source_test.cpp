// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/probe_source.hpp"

#include <fstream>
#include <functional>
#include <memory>

#include "plugins/_probes/stop_order.hpp"

#include "tests/plugins/case_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/temp_dir.hpp"

using namespace cxedge;
using namespace cxedge::probes;
using namespace cxedge::test;
using namespace std::chrono_literals;

namespace {

// A probe whose runs end when the test says so.
class Scripted final : public ProbeSource {
public:
    ProbeSettings own;
    bool is_heavy = false;
    int open_runs = 0;
    std::vector<std::string> begun;
    std::vector<ProbeRun::Done> dones;
    bool at_once = true;
    Finding answer;

    void init(const SettingsNode& settings, SettingsProblems& problems) override {
        static const Schema<ProbeSettings> kSchema = [] {
            Schema<ProbeSettings> schema;
            add_probe_keys(schema);
            return schema;
        }();
        own = kSchema.read(settings, problems);
        check_probe_settings(own, settings, nullptr, problems);
    }
    [[nodiscard]] const ProbeSettings& settings() const override { return own; }
    [[nodiscard]] bool heavy() const override { return is_heavy; }
    std::unique_ptr<ProbeRun> make_run(const Target& target, const ProbeContext& context) override {
        begun.push_back(target.address);
        return std::make_unique<Run>(*this, context);
    }

private:
    class Run final : public ProbeRun {
    public:
        Run(Scripted& probe, const ProbeContext& context) : probe_(probe), context_(context) {
            ++probe_.open_runs;
        }
        Run(const Run&) = delete;
        Run& operator=(const Run&) = delete;
        ~Run() override { --probe_.open_runs; }
        void begin(Done done) override {
            if (!probe_.at_once) {
                probe_.dones.push_back(std::move(done));
                return;
            }
            (void)context_.meter.spend(1'000);
            soon_ = context_.loop.after(0ms, [this, done] { done(probe_.answer); });
        }

    private:
        Scripted& probe_;
        const ProbeContext& context_;
        LoopHandle soon_;
    };
};

Figure gauge(const std::string& metric, std::vector<double> values) {
    Figure figure;
    figure.info.key.metric = metric;
    figure.info.unit = "s";
    figure.values = std::move(values);
    return figure;
}

struct Lab {
    TempDir dir;
    FakeHost host{FakeHost::ManualTimers{}, "gateways"};
    Scripted probe;

    ~Lab() { probe.stop(); }

    void start(const std::string& settings) {
        SettingsProblems problems;
        probe.init(
            source_settings(
                "[[source]]\ninterval_s = 60\nshared_dir = \"" + dir.file("probes") + "\"\n" +
                settings
            ),
            problems
        );
        REQUIRE(problems.lines().empty());
        const Status started = probe.start(host);
        INFO((started ? "" : started.error().message));
        REQUIRE(started);
    }
    void pass(std::chrono::milliseconds time, std::chrono::milliseconds step = 100ms) {
        for (auto passed = 0ms; passed < time; passed += step) {
            host.manual_clock.advance(step);
            host.loop().poll();
        }
    }
    [[nodiscard]] std::vector<double> values(const std::string& series) const {
        return host.values_of(series);
    }
    [[nodiscard]] double skipped(const std::string& reason) const {
        double sum = 0;
        for (const double value : values("probe.skipped{reason=" + reason + ",test=gateways}")) {
            sum += value;
        }
        return sum;
    }
};

const std::string kResultOfGw = "probe.result{target=gw,test=gateways}";

}  // namespace

TEST_CASE("probe source: each target once a cycle, at its place", "[probes]") {
    Lab lab;
    lab.probe.answer.figures.push_back(gauge("net.tcp.connect", {0.25}));
    lab.start("targets = [\"gw=192.0.2.1\", \"dns=dns.${site}.example\"]\n");
    lab.pass(10min);
    CHECK(lab.values(kResultOfGw).size() == 10);
    CHECK(lab.values("net.tcp.connect{target=gw}") == std::vector<double>(10, 0.25));
    CHECK(lab.values("net.tcp.connect{target=dns}").size() == 10);
    CHECK(lab.probe.begun.size() == 20);
    CHECK(std::count(lab.probe.begun.begin(), lab.probe.begun.end(), "dns.site.example") == 10);
    CHECK(lab.probe.open_runs == 0);
    // On the slot, as far as the test's own steps go.
    for (const double delay : lab.values("probe.start_delay{test=gateways}")) {
        CHECK(delay <= 0.1);
    }
    for (const double age : lab.values("probe.last_run_age{test=gateways}")) {
        CHECK(age <= 60);
    }
    CHECK(lab.values("net.data.used{ifname=any,purpose=test,test=gateways}").size() == 10);
}

TEST_CASE("probe source: what could not be measured is a loss in its slot", "[probes]") {
    Lab lab;
    lab.probe.answer.result = ProbeResult::timeout;
    lab.probe.answer.figures.push_back(gauge("net.tcp.connect", {}));
    lab.start("targets = \"gw=192.0.2.1\"\ndims = { plan = \"gold\" }\n");
    lab.pass(60s);
    int losses = 0;
    for (const auto& reading : lab.host.readings) {
        losses += reading.value ? 0 : 1;
    }
    CHECK(losses == 1);
    CHECK(lab.values("probe.result{plan=gold,target=gw,test=gateways}") == std::vector<double>{4});
}

TEST_CASE("probe source: a run that does not end is ended, its next cycle counted", "[probes]") {
    Lab lab;
    lab.probe.at_once = false;
    lab.start("targets = \"gw=192.0.2.1\"\ntimeout_s = 100\n");
    lab.pass(4min);
    CHECK(lab.probe.begun.size() == 2);
    CHECK(lab.values(kResultOfGw) == std::vector<double>{4});
    CHECK(lab.skipped("late") >= 1);
    // Whoever calls back late is not heard.
    lab.probe.dones.front()({});
    CHECK(lab.values(kResultOfGw).size() == 1);
}

TEST_CASE("probe source: quiet hours and stop orders are told, not silent", "[probes]") {
    Lab lab;
    lab.start("targets = \"gw=192.0.2.1\"\nquiet_hours = [\"00:00-12:00\", \"12:00-00:00\"]\n");
    lab.pass(2min);
    CHECK(lab.probe.begun.empty());
    CHECK(lab.values(kResultOfGw) == std::vector<double>{10, 10});
    CHECK(lab.skipped("suppressed") == 2);
}

TEST_CASE(
    "probe source: an order stops what runs and what would, until it is withdrawn", "[probes]"
) {
    Lab lab;
    lab.probe.at_once = false;
    lab.start("targets = \"gw=192.0.2.1\"\ntimeout_s = 50\n");
    lab.pass(60s);
    REQUIRE(lab.probe.open_runs == 1);
    const std::string directory = lab.dir.file("probes");
    const WallTime until = lab.host.manual_clock.wall_now() + 3min;
    REQUIRE(order_stop(directory, until));
    lab.pass(2s);
    CHECK(lab.probe.open_runs == 0);
    CHECK(lab.values(kResultOfGw) == std::vector<double>{10});
    lab.pass(150s);
    CHECK(lab.probe.begun.size() == 1);
    CHECK(lab.skipped("stopped") >= 3);
    lab.pass(2min);
    CHECK(lab.probe.begun.size() >= 2);
    REQUIRE(order_stop(directory, std::nullopt));
    lab.pass(2s);
    CHECK(lab.probe.open_runs == 0);
    REQUIRE(withdraw_stop(directory));
    const std::size_t before = lab.probe.begun.size();
    lab.pass(61s);
    CHECK(lab.probe.begun.size() == before + 1);
}

TEST_CASE("probe source: a spent budget caps, and says so once", "[probes]") {
    Lab lab;
    lab.start("targets = \"gw=192.0.2.1\"\nbudget_mib = 0.003\n");
    lab.pass(10min);
    // 3,145 bytes: three runs of 1,000 begin with something left, the fourth overruns.
    CHECK(lab.probe.begun.size() == 4);
    CHECK(lab.skipped("capped") == 6);
    const auto events =
        std::count_if(lab.host.events.begin(), lab.host.events.end(), [](const Event& event) {
            return event.name == "probe.budget.spent";
        });
    CHECK(events == 1);
    CHECK(lab.values(kResultOfGw).back() == 9);
}

TEST_CASE("probe source: two heavy sources of a box never run at once", "[probes]") {
    Lab lab;
    FakeHost other_host{FakeHost::ManualTimers{}, "video"};
    Scripted other;
    lab.probe.is_heavy = other.is_heavy = true;
    lab.probe.at_once = other.at_once = false;
    lab.start("targets = [\"a\", \"b\", \"c\"]\ntimeout_s = 50\n");
    other.own = lab.probe.own;
    REQUIRE(other.start(other_host));
    int most = 0;
    std::size_t ended = 0;
    for (int second = 0; second < 600; ++second) {
        lab.host.manual_clock.advance(1s);
        other_host.manual_clock.advance(1s);
        lab.host.loop().poll();
        other_host.loop().poll();
        most = std::max(most, lab.probe.open_runs + other.open_runs);
        // Each takes about five seconds.
        for (Scripted* probe : {&lab.probe, &other}) {
            if (second % 5 == 0 && !probe->dones.empty()) {
                probe->dones.back()({});
                probe->dones.clear();
                ++ended;
            }
        }
    }
    CHECK(most == 1);
    CHECK(ended > 20);
    CHECK_FALSE(lab.probe.begun.empty());
    CHECK_FALSE(other.begun.empty());
    other.stop();
}

TEST_CASE("probe source: a target list from a file, with its mistakes told", "[probes]") {
    Lab lab;
    const std::string list = lab.dir.file("targets.txt");
    std::ofstream(list) << "gw=192.0.2.1\nbad=\n";
    lab.start("targets_file = \"" + list + "\"\n");
    lab.pass(60s);
    CHECK(lab.values(kResultOfGw).size() == 1);
    REQUIRE_FALSE(lab.host.problems.empty());
    CHECK_THAT(lab.host.problems.back(), Catch::Contains("targets.txt:2"));
    CHECK(lab.host.logged("targets.txt:2"));
}

TEST_CASE("probe source: a list that is not there is waited for", "[probes]") {
    Lab lab;
    lab.probe.own.targets_file = lab.dir.file("none.txt");
    const Status started = lab.probe.start(lab.host);
    REQUIRE_FALSE(started);
    CHECK(started.error().code == ErrorCode::unavailable);
}

TEST_CASE("probe source: settings that make no sense are told with their place", "[probes]") {
    const std::pair<const char*, const char*> cases[] = {
        {"", "targets: is missing"},
        {"targets = [\"a=1\", \"a=2\"]", "\"a\" is there twice"},
        {"targets = \"${region}\"", "${site}"},
        {"targets = \"a\"\nquiet_hours = [\"2-4\"]", "02:00-04:00"},
        {"targets = \"a\"\njitter_s = 60", "less than interval_s"},
        {"targets = \"a\"\nshared_dir = \"here\"", "absolute"}};
    for (const auto& [settings, part] : cases) {
        Scripted probe;
        SettingsProblems problems;
        probe.init(source_settings(std::string("[[source]]\n") + settings), problems);
        REQUIRE(problems.lines().size() == 1);
        CHECK_THAT(problems.lines()[0], Catch::Contains(part));
    }
}
