// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/resend_plan.hpp"

#include <algorithm>

namespace cxedge::ctl {

std::optional<wire::Resend> ResendPlan::due(
    const LaneKey& key, const SeqWindow& window, SteadyTime now
) {
    const auto hole = window.hole();
    if (!hole) {
        holes_.erase(key);
        return std::nullopt;
    }
    Hole& known = holes_[key];
    if (known.first != hole->first) {  // a new one, or one that is filling
        known = {hole->first, now + kPatience};
        return std::nullopt;
    }
    if (now < known.ask_at) {
        return std::nullopt;
    }
    known.ask_at = now + kAskAgain;
    const auto lane = static_cast<Lane>(key.lane);
    return wire::Resend{lane, key.epoch, hole->first, std::min(hole->last, kNoEnd)};
}

}  // namespace cxedge::ctl
