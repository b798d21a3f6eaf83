// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/annotate.hpp"

#include "plugins/camera/av_writer.hpp"
#include "plugins/camera/scene_drawing.hpp"

namespace cxedge::camera {
namespace {

constexpr int kWatchableWidth = 768;

}  // namespace

Result<ClipRun> annotate(ClipJob job, const std::string& film) {
    job.least_width = kWatchableWidth;
    FilmWriter writer(film, job.fps);
    SceneTotals totals(job.layout);
    Frame drawn;
    Result<ClipRun> run =
        run_clip(job, [&](const Frame& frame, const Scene& scene, const SceneReport& report) {
            totals.add(report);
            drawn = frame;
            draw_layout(drawn, job.layout, &totals);
            draw_people(drawn, scene.tracks());
            return writer.add(drawn);
        });
    if (!run) {
        return run;
    }
    if (Status finished = writer.finish(); !finished) {
        return finished.error();
    }
    return run;
}

}  // namespace cxedge::camera
