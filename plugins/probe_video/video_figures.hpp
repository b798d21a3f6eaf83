// SPDX-License-Identifier: Apache-2.0
// What a watched video is told as. Pure. Thread: any.
#pragma once

#include <cstdint>
#include <vector>

#include "plugins/_probes/probe.hpp"
#include "plugins/probe_video/playout.hpp"

namespace cxedge::plugins::video {

struct Watched {
    const Playout& playout;
    std::uint64_t bytes = 0;  // of media
    double media_s = 0;       // that they play
    std::uint64_t switches = 0;
    probes::ProbeResult result = probes::ProbeResult::ok;
};

// The same series whatever happened. Of a video that never began only attempt and success are told;
// one that our own budget ended is neither success nor failure.
std::vector<probes::Figure> video_figures(const Watched& watched);

}  // namespace cxedge::plugins::video
