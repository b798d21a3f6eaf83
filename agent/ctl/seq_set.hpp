// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace cxedge::ctl {

// The sequence numbers seen so far, as intervals: an unbroken run costs one entry however long.
class SeqSet {
public:
    // Beyond this many intervals the two lowest become one: what is so old and full of holes is
    // then taken for seen.
    static constexpr std::size_t kMaxIntervals = 65536;

    // False when it was there already.
    bool insert(std::uint64_t seq);
    [[nodiscard]] std::size_t intervals() const { return last_of_.size(); }

private:
    std::map<std::uint64_t, std::uint64_t> last_of_;  // first -> last, inclusive
};

}  // namespace cxedge::ctl
