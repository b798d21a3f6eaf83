// SPDX-License-Identifier: Apache-2.0
// cxctl receive against a real broker and a real node: every sample once, whatever becomes of the
// receiver.
#include <algorithm>
#include <csignal>
#include <fstream>
#include <iostream>
#include <set>

#include <fmt/core.h>

#include "tests/e2e/box.hpp"
#include "tests/support/catch.hpp"

using namespace cxedge::test;

namespace {

constexpr const char* kSeries = R"(
[[source]]
plugin = "synthetic"
seed = 3
[[source.series]]
metric = "store.queue.length"
kind = "gauge"
unit = "{person}"
rate_hz = 50
dims = { queue = "1" }
[[rule]]
match = "store.queue.length"
keep = "raw"
)";

// A receiver that can be stopped, killed and started again on the same files.
class RestartedPlatform {
public:
    explicit RestartedPlatform(std::uint16_t broker_port) : port_(broker_port) {}

    void start() {
        receive_ = std::make_unique<Process>(std::vector<std::string>{
            CXCTL,
            "receive",
            "--broker",
            fmt::format("mqtt://127.0.0.1:{}", port_),
            "--out",
            dir_.file("out.jsonl"),
            "--ack-ms",
            "200",
            "--equation"});
        REQUIRE(receive_->line_with("connected", kPatience));
    }
    void kill() {
        receive_->signal(SIGKILL);
        receive_->wait(kPatience);
    }
    // SIGTERM; what it said.
    std::string stop() {
        receive_->signal(SIGTERM);
        std::string said = receive_->rest(kPatience);
        CHECK(receive_->wait(kPatience) == 0);
        return said;
    }
    [[nodiscard]] std::vector<Json> samples() const {
        std::vector<Json> found;
        std::ifstream in(dir_.file("out.jsonl"));
        for (std::string line; std::getline(in, line);) {
            Json object = Json::parse(line, nullptr, false);
            if (object.is_object() && object.contains("metric")) {
                found.push_back(std::move(object));
            }
        }
        return found;
    }
    // Waits for the file to hold as many samples; false after kPatience.
    [[nodiscard]] bool has(std::size_t count) const {
        const auto deadline = std::chrono::steady_clock::now() + kPatience;
        while (samples().size() < count && std::chrono::steady_clock::now() < deadline) {
        }
        return samples().size() >= count;
    }

private:
    TempDir dir_;
    std::uint16_t port_;
    std::unique_ptr<Process> receive_;
};

// No batch was written a second time: the lines of each are together.
bool each_batch_once(const std::vector<Json>& samples) {
    std::set<std::string> seen;
    std::string last;
    return std::all_of(samples.begin(), samples.end(), [&](const Json& sample) {
        std::string batch =
            sample["epoch"].dump() + sample["lane"].dump() + "/" + sample["seq"].dump();
        const bool fine = batch == last || seen.insert(batch).second;
        last = std::move(batch);
        return fine;
    });
}

}  // namespace

TEST_CASE("receive: every sample once in the file, over restarts of the receiver", "[e2e]") {
    if (!MosquittoServer::available()) {
        std::cout << "skipped: mosquitto is not installed\n";
        return;
    }
    MosquittoServer broker;
    RestartedPlatform platform(broker.port());
    platform.start();
    Box box(broker.port(), kSeries);
    box.start();
    REQUIRE(box.waits_for_platform());
    for (const std::size_t enough : {50U, 150U, 250U}) {
        REQUIRE(platform.has(enough));
        platform.stop();
        platform.start();
    }
    REQUIRE(platform.has(300));
    const std::uint64_t produced = box.stop_and_count();
    CHECK(platform.has(produced));
    const std::string said = platform.stop();
    INFO(said);
    const std::vector<Json> samples = platform.samples();
    CHECK(samples.size() == produced);
    CHECK(each_batch_once(samples));
    CHECK(said.find("= PRODUCED") != std::string::npos);
}

TEST_CASE(
    "receive: kill -9 of the receiver and of a forgetful broker, nothing is missing", "[e2e]"
) {
    if (!MosquittoServer::available()) {
        std::cout << "skipped: mosquitto is not installed\n";
        return;
    }
    MosquittoServer broker;  // without persistence: what it acknowledged dies with it
    RestartedPlatform platform(broker.port());
    platform.start();
    Box box(broker.port(), kSeries);
    box.start();
    REQUIRE(box.waits_for_platform());
    std::size_t enough = 50;
    for (int round = 0; round < 3; ++round) {
        REQUIRE(platform.has(enough));
        platform.kill();
        platform.start();
        REQUIRE(platform.has(enough + 50));
        broker.kill();
        broker.start();
        enough += 100;
    }
    REQUIRE(platform.has(enough));
    CHECK(box.flush());
    const std::uint64_t produced = box.stop_and_count();
    CHECK(platform.has(produced));
    INFO(platform.stop());
    const std::vector<Json> samples = platform.samples();
    CHECK(samples.size() == produced);
    CHECK(each_batch_once(samples));
}
