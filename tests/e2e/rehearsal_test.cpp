// SPDX-License-Identifier: Apache-2.0
// Staged roll-outs over a small fleet; ./dev bench rehearsal has 500 nodes.
#include "tests/e2e/rehearsal.hpp"

#include <algorithm>
#include <iostream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "agent/wire/desired.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

constexpr std::size_t kNodes = 40;  // ten of hardware B: gw-0030 to gw-0039

bool no_broker_here() {
    if (MosquittoServer::available()) {
        return false;
    }
    std::cout << "skipped: needs mosquitto\n";
    return true;
}

const std::string kBad = std::string("[rehearsed]\n") + kBreaksHardwareB + "\n";
const std::string kGood = "[rehearsed]\nhardware = \"any\"\n";

// The first of `stages` in which too many are of hardware B; all boxes in it are reached.
unsigned stage_that_fails(const Rehearsal& fleet, const std::vector<unsigned>& stages) {
    for (const unsigned percent : stages) {
        std::size_t nodes = 0;
        std::size_t bad = 0;
        for (const auto& node : fleet.nodes()) {
            const bool in = wire::node_bucket(node->name().node) < percent;
            nodes += in ? 1U : 0U;
            bad += in && node->name().hardware_b ? 1U : 0U;
        }
        if (bad * 100 > nodes * 5) {
            return percent;
        }
    }
    return 0;
}

nlohmann::json last_line(const std::string& output) {
    nlohmann::json last;
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) {
        auto parsed = nlohmann::json::parse(line, nullptr, false);
        last = parsed.is_object() ? std::move(parsed) : last;
    }
    return last;
}

std::size_t lines_with(const std::string& output, const std::string& text) {
    std::istringstream lines(output);
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line);) {
        count += line.find(text) != std::string::npos ? 1U : 0U;
    }
    return count;
}

}  // namespace

TEST_CASE("rehearsal: a staged push stops at the bad boxes, and goes on when mended", "[e2e]") {
    if (no_broker_here()) {
        return;
    }
    Rehearsal fleet(kNodes);
    const std::vector<unsigned> stages{10, 50, 100};
    const unsigned fails_at = stage_that_fails(fleet, stages);
    REQUIRE(fails_at != 0);
    REQUIRE(fails_at != 100);  // or nothing is left to be spared
    const Finished stopped = fleet.push(kBad, {"--stages", "10,50,100", "--json"});
    INFO(stopped.output);
    CHECK(stopped.status == 1);
    std::size_t reached = 0;
    for (const auto& node : fleet.nodes()) {
        const auto& history = node->state().history;
        const bool in = wire::node_bucket(node->name().node) < fails_at;
        INFO(node->name().node);
        CHECK(node->is_touched() == in);
        CHECK(node->state().phase == remote::TwinPhase::idle);
        if (in) {
            ++reached;
            REQUIRE_FALSE(history.empty());
            const auto wanted = node->name().hardware_b ? remote::TwinOutcome::rolled_back
                                                        : remote::TwinOutcome::confirmed;
            CHECK(history.back().outcome == wanted);
        }
    }
    const auto result = last_line(stopped.output);
    CHECK(result.value("nodes", 0U) == reached);
    CHECK(result.value("untouched", 0U) == kNodes - reached);
    CHECK(result.value("stage", "") == std::to_string(fails_at) + " %");

    // Whoever comes later does not get what was stopped.
    fleet.add({"store-9999", "gw-9999", true});
    const Finished seen = fleet.watch_once();
    CHECK(seen.status == 1);
    CHECK(lines_with(seen.output, "\"state\":\"rolled back\"") == fleet.count().rolled_back);
    CHECK_FALSE(fleet.nodes().back()->is_touched());

    const Finished mended = fleet.push(kGood, {"--stages", "10,50,100"});
    INFO(mended.output);
    CHECK(mended.status == 0);
    CHECK(fleet.count() == RehearsalCount{kNodes + 1, kNodes + 1, kNodes + 1, 0});
    CHECK(fleet.watch_once().status == 0);
}

TEST_CASE("rehearsal: a canary that fails keeps a document from all others", "[e2e]") {
    if (no_broker_here()) {
        return;
    }
    Rehearsal fleet(kNodes);
    const Finished stopped = fleet.push(kBad, {"--canary", "store-0003/gw-0031", "--staged"});
    INFO(stopped.output);
    CHECK(stopped.status == 1);
    CHECK(
        stopped.output.find("store-0003/gw-0031 rolled back: source camera") != std::string::npos
    );
    CHECK(fleet.count() == RehearsalCount{kNodes, 1, 0, 1});
    CHECK(fleet.push(kBad, {"--canary", "store-0003/gw-7777"}).status == 3);
    CHECK(fleet.count().touched == 1);
}

}  // namespace cxedge::test
