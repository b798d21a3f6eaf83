// SPDX-License-Identifier: Apache-2.0
#include "agent/plugin_api/source_runner.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/fake_host.hpp"

namespace cxedge {
namespace {

using std::chrono::milliseconds;

// Starts with the given results, one after the other; then always well.
class Fragile final : public Source {
public:
    Fragile(std::vector<Status> results, std::string& calls)
        : results_(std::move(results)), calls_(calls) {}
    void init(const SettingsNode& /*settings*/, SettingsProblems& /*problems*/) override {}
    Status start(Host& /*host*/) override {
        calls_ += "+";
        return next_ < results_.size() ? results_[next_++] : Status();
    }
    void stop() override { calls_ += "-"; }

private:
    std::vector<Status> results_;
    std::size_t next_ = 0;
    std::string& calls_;
};

struct Bench {
    explicit Bench(std::vector<Status> results)
        : runner(
              std::make_unique<Fragile>(std::move(results), calls),
              host,
              [this](const Error& error) { failures.push_back(error.message); }
          ) {}

    std::string calls;  // + start(), - stop()
    std::vector<std::string> failures;
    test::FakeHost host;
    SourceRunner runner;
};

using Texts = std::vector<std::string>;

TEST_CASE("retry delay: doubles from a second to a minute", "[plugin_api]") {
    CHECK(retry_delay(1, 0) == milliseconds(1000));
    CHECK(retry_delay(2, 0) == milliseconds(2000));
    CHECK(retry_delay(6, 0) == milliseconds(32'000));
    CHECK(retry_delay(7, 0) == milliseconds(60'000));
    CHECK(retry_delay(1'000'000, 0) == milliseconds(60'000));
    CHECK(retry_delay(0, 0) == milliseconds(1000));
}

TEST_CASE("retry delay: jitter adds less than a quarter", "[plugin_api]") {
    for (std::uint32_t random = 0; random < 1000; ++random) {
        for (unsigned attempt = 1; attempt < 10; ++attempt) {
            const auto base = retry_delay(attempt, 0);
            const auto delay = retry_delay(attempt, random * 2'654'435'761U);
            REQUIRE(delay >= base);
            REQUIRE(delay < base + base / 4);
        }
    }
    CHECK(retry_delay(7, 255) > retry_delay(7, 0));
}

TEST_CASE("source runner: a good start runs until stopped", "[plugin_api]") {
    Bench bench({});
    CHECK(bench.runner.state() == RunState::stopped);
    bench.runner.start();
    CHECK(bench.runner.state() == RunState::running);
    bench.runner.stop();
    bench.runner.stop();

    CHECK(bench.runner.state() == RunState::stopped);
    CHECK(bench.calls == "+-");
    CHECK(bench.host.problems.empty());
}

TEST_CASE("source runner: what is unavailable is tried again, and said", "[plugin_api]") {
    Bench bench({unavailable("no broker")});
    bench.runner.start();
    CHECK(bench.runner.state() == RunState::waiting);
    CHECK(bench.calls == "+-");

    REQUIRE(bench.host.run_until([&] { return bench.runner.state() == RunState::running; }));

    CHECK(bench.calls == "+-+");
    CHECK(bench.host.problems == Texts{"no broker", ""});
    CHECK(bench.failures.empty());
}

TEST_CASE("source runner: a stop ends the waiting", "[plugin_api]") {
    Bench bench({unavailable("no broker")});
    bench.runner.start();
    bench.runner.stop();

    CHECK(bench.runner.state() == RunState::stopped);
    CHECK(bench.calls == "+-");  // not stopped twice
}

TEST_CASE("source runner: any other error is final", "[plugin_api]") {
    Bench bench({invalid_argument("no such device")});
    bench.runner.start();

    CHECK(bench.runner.state() == RunState::failed);
    CHECK(bench.failures == Texts{"no such device"});
    CHECK(bench.calls == "+-");
    CHECK(bench.host.problems.empty());
}

TEST_CASE("source runner: its end is the source's", "[plugin_api]") {
    std::string calls;
    test::FakeHost host;
    {
        SourceRunner runner(
            std::make_unique<Fragile>(std::vector<Status>{}, calls), host, [](const Error&) {}
        );
        runner.start();
    }
    CHECK(calls == "+-");
}

}  // namespace
}  // namespace cxedge
