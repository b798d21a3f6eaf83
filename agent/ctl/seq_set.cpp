// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/seq_set.hpp"

#include <iterator>

namespace cxedge::ctl {

bool SeqSet::insert(std::uint64_t seq) {
    auto next = last_of_.upper_bound(seq);
    auto entry = last_of_.end();
    if (next != last_of_.begin()) {
        const auto before = std::prev(next);
        if (seq <= before->second) {
            return false;
        }
        if (before->second + 1 == seq) {
            before->second = seq;
            entry = before;
        }
    }
    if (entry == last_of_.end()) {
        entry = last_of_.emplace_hint(next, seq, seq);
    }
    if (next != last_of_.end() && next->first == seq + 1) {
        entry->second = next->second;
        last_of_.erase(next);
    }
    if (last_of_.size() > kMaxIntervals) {
        const auto second = std::next(last_of_.begin());
        last_of_.begin()->second = second->second;
        last_of_.erase(second);
    }
    return true;
}

}  // namespace cxedge::ctl
