// SPDX-License-Identifier: Apache-2.0
// Which quality to fetch next. Pure. Thread: any.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "plugins/probe_video/media.hpp"

namespace cxedge::plugins::video {

enum class VariantRule : std::uint8_t { lowest, highest, adaptive };
// "lowest", "highest" or "adaptive", as in settings.
VariantRule variant_rule_of(std::string_view setting);

// How fast the latest segments came.
class RateEstimate {
public:
    // A segment that was `seconds` on its way.
    void add(std::uint64_t bytes, double seconds);
    // bit/s over the last three together, the slow ones weighing as long as they took; nothing:
    // none came yet.
    [[nodiscard]] std::optional<double> bits_per_s() const;

private:
    struct Came {
        double bits = 0;
        double seconds = 0;
    };
    std::deque<Came> latest_;
};

// Index into `tracks`, which are in the order of bandwidth and at least one. adaptive: the lowest
// at first, then the best that needs at most 0.8 of what the line gave.
std::size_t choose_track(
    const std::vector<Track>& tracks, VariantRule rule, std::optional<double> bits_per_s
);

}  // namespace cxedge::plugins::video
