// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/backoff.hpp"

#include <set>

#include "tests/support/catch.hpp"

namespace cxedge::uplink {

using std::chrono::milliseconds;

TEST_CASE("backoff: stays within its bounds and below three times the wait before", "[uplink]") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Backoff backoff(milliseconds(1000), milliseconds(300000), seed);
        milliseconds previous(1000);
        for (int i = 0; i < 40; ++i) {
            const milliseconds wait = backoff.next();
            CAPTURE(seed, i);
            CHECK(wait >= milliseconds(1000));
            CHECK(wait <= milliseconds(300000));
            CHECK(wait <= previous * 3);
            previous = wait;
        }
    }
}

TEST_CASE("backoff: grows towards its maximum, and is short again after reset", "[uplink]") {
    Backoff backoff(milliseconds(1000), milliseconds(300000), 7);
    milliseconds longest(0);
    for (int i = 0; i < 100; ++i) {
        longest = std::max(longest, backoff.next());
    }
    CHECK(longest > milliseconds(60000));
    backoff.reset();
    CHECK(backoff.next() <= milliseconds(3000));
}

TEST_CASE("backoff: boxes with different seeds do not come back in step", "[uplink]") {
    std::set<milliseconds> waits;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        waits.insert(Backoff(milliseconds(1000), milliseconds(300000), seed).next());
    }
    CHECK(waits.size() > 80);
}

}  // namespace cxedge::uplink
