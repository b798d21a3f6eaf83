// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_video/video_figures.hpp"

#include <optional>

namespace cxedge::plugins::video {
namespace {

using probes::Figure;
using probes::ProbeResult;

Figure video_figure(const char* metric, Kind kind, const char* unit, std::optional<double> value) {
    Figure figure;
    figure.info.key.metric = metric;
    figure.info.kind = kind;
    figure.info.unit = unit;
    if (value) {
        figure.values.push_back(*value);
    }
    return figure;
}

}  // namespace

std::vector<Figure> video_figures(const Watched& watched) {
    const Playout& playout = watched.playout;
    const bool began = playout.initial_buffer_s().has_value();
    const bool judged = watched.result != ProbeResult::capped;
    const auto when = [](bool known, double value) {
        return known ? std::optional(value) : std::nullopt;
    };
    const double rate =
        watched.media_s > 0 ? static_cast<double>(watched.bytes) * 8 / watched.media_s : 0;
    const double success = watched.result == ProbeResult::ok ? 1 : 0;
    const auto stalls = static_cast<double>(playout.stalls());
    const auto switches = static_cast<double>(watched.switches);
    return {
        video_figure("kqi.video.attempt", Kind::delta, "{video}", when(judged, 1)),
        video_figure("kqi.video.success", Kind::delta, "{video}", when(judged, success)),
        video_figure("kqi.video.initial_buffer", Kind::histogram, "s", playout.initial_buffer_s()),
        video_figure("kqi.video.stall_time", Kind::delta, "s", when(began, playout.stalled_s())),
        video_figure("kqi.video.play_time", Kind::delta, "s", when(began, playout.played_s())),
        video_figure("kqi.video.stalls", Kind::delta, "{stall}", when(began, stalls)),
        video_figure("kqi.video.bitrate", Kind::gauge, "bit/s", when(watched.media_s > 0, rate)),
        video_figure("kqi.video.switches", Kind::delta, "{switch}", when(began, switches)),
    };
}

}  // namespace cxedge::plugins::video
