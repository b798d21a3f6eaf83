// SPDX-License-Identifier: Apache-2.0
#include "agent/base/lane.hpp"

#include "tests/support/catch.hpp"

namespace cxedge {
namespace {

TEST_CASE("lane: events go before samples, samples before diagnostics", "[base]") {
    CHECK(lane_of(Stream::event) == Lane::control);
    CHECK(lane_of(Stream::kpi) == Lane::live);
    CHECK(lane_of(Stream::bulk) == Lane::bulk);
    CHECK(lane_of(Stream::health) == Lane::bulk);
    CHECK(Lane::control < Lane::live);
    CHECK(Lane::live < Lane::bulk);
}

TEST_CASE("lane: names are those of the topics", "[base]") {
    CHECK(to_string(Lane::control) == "control");
    CHECK(to_string(Lane::live) == "live");
    CHECK(to_string(Lane::bulk) == "bulk");
    CHECK(to_string(Stream::event) == "evt");
    CHECK(to_string(Stream::kpi) == "kpi");
    CHECK(to_string(Stream::bulk) == "bulk");
    CHECK(to_string(Stream::health) == "health");
}

}  // namespace
}  // namespace cxedge
