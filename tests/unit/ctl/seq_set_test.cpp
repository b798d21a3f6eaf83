// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/seq_set.hpp"

#include <random>
#include <set>

#include "tests/support/catch.hpp"

namespace cxedge::ctl {

TEST_CASE("seq_set: runs join up", "[ctl]") {
    SeqSet set;
    CHECK(set.insert(5));
    CHECK(set.insert(7));
    CHECK(set.intervals() == 2);
    CHECK(set.insert(6));
    CHECK(set.intervals() == 1);
    CHECK_FALSE(set.insert(5));
    CHECK_FALSE(set.insert(6));
    CHECK_FALSE(set.insert(7));
    CHECK(set.insert(4));
    CHECK(set.insert(8));
    CHECK(set.intervals() == 1);
}

TEST_CASE("seq_set: agrees with a plain set", "[ctl]") {
    std::mt19937_64 random(11);
    SeqSet set;
    std::set<std::uint64_t> plain;
    for (int i = 0; i < 20000; ++i) {
        const std::uint64_t seq = 1 + random() % 5000;
        REQUIRE(set.insert(seq) == plain.insert(seq).second);
    }
}

TEST_CASE("seq_set: its size is bounded and the newest stay exact", "[ctl]") {
    SeqSet set;
    const std::uint64_t last = 3 * SeqSet::kMaxIntervals;
    for (std::uint64_t seq = 1; seq <= last; seq += 2) {
        REQUIRE(set.insert(seq));
    }
    CHECK(set.intervals() <= SeqSet::kMaxIntervals);
    CHECK(set.insert(last + 2));
    CHECK(set.insert(last - 2));
    CHECK_FALSE(set.insert(last + 2));
}

}  // namespace cxedge::ctl
