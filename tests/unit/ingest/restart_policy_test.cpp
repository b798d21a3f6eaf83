// SPDX-License-Identifier: Apache-2.0
#include "agent/ingest/restart_policy.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::ingest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("restart policy: waits longer each time, then gives up", "[ingest]") {
    RestartPolicy policy;
    const SteadyTime start{};

    for (const int expected : {250, 500, 1000, 2000, 4000}) {
        CHECK(policy.next(start) == milliseconds(expected));
    }
    CHECK_FALSE(policy.next(start + seconds(60)));
}

TEST_CASE("restart policy: old crashes are forgiven", "[ingest]") {
    RestartPolicy policy;
    SteadyTime now{};
    for (int i = 0; i < 100; ++i) {
        CHECK(policy.next(now) == milliseconds(250));
        now += seconds(61);
    }
}

TEST_CASE("restart policy: only as many as fit in the period count", "[ingest]") {
    RestartPolicy policy;
    SteadyTime now{};
    for (int i = 0; i < 5; ++i) {
        REQUIRE(policy.next(now));
        now += seconds(10);
    }
    CHECK_FALSE(policy.next(now));  // 50 s after the first
    now += seconds(11);
    CHECK(policy.next(now) == milliseconds(4000));  // the first is forgotten, four are not
}

}  // namespace
}  // namespace cxedge::ingest
