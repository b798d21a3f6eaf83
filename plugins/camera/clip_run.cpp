// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/clip_run.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "agent/base/clock.hpp"

#include "plugins/camera/cpu_time.hpp"

namespace cxedge::camera {
namespace {

class Run {
public:
    Run(const ClipJob& job, Scene& scene) : length_(job.length), scene_(scene) {
        run_.crossings.resize(job.layout.lines.size());
        run_.ambiguous.resize(job.layout.lines.size());
        run_.zones.resize(job.layout.zones.size());
    }

    Status through(FrameSource& source, const ClipObserver& observer) {
        Frame frame;
        while (true) {
            const double start = thread_cpu_s();
            const Result<bool> got = source.next(frame);
            run_.costs.decode_s += thread_cpu_s() - start;
            if (!got) {
                return got.error();
            }
            if (!*got || over(frame)) {
                return {};
            }
            const SceneReport report = process(frame);
            if (Status seen = observer ? observer(frame, scene_, report) : Status(); !seen) {
                return seen;
            }
        }
    }

    ClipRun finish() {
        for (std::size_t i = 0; i < run_.ambiguous.size(); ++i) {
            run_.ambiguous[i] = scene_.ambiguous(i);
        }
        keep(scene_.finish());
        const DetectorCost cost = scene_.detector().cost();
        run_.costs.gate_s = cost.gate_s;
        run_.costs.detect_s = cost.detect_s;
        run_.costs.track_s -= cost.gate_s + cost.detect_s;
        return std::move(run_);
    }

private:
    std::chrono::seconds length_;
    Scene& scene_;
    ClipRun run_;

    [[nodiscard]] bool over(const Frame& frame) const {
        return length_.count() > 0 && frame.time >= length_;
    }

    SceneReport process(const Frame& frame) {
        const double start = thread_cpu_s();
        SceneReport report = scene_.process(frame);
        run_.costs.track_s += thread_cpu_s() - start;
        ++run_.frames;
        if (frame.time > FrameTime(0)) {
            run_.native_fps = static_cast<double>(frame.number) / seconds(frame.time);
        }
        keep(report);
        for (std::size_t i = 0; i < report.zones.size(); ++i) {
            run_.zones[i].present.push_back({frame.number, report.zones[i].zone.present});
        }
        return report;
    }

    void keep(const SceneReport& report) {
        for (const LineCrossing& each : report.crossings) {
            run_.crossings[each.line].push_back(each.crossing);
        }
        for (std::size_t i = 0; i < report.zones.size(); ++i) {
            keep_stays(report.zones[i].zone.ended, i);
        }
    }
    void keep_stays(const std::vector<ZoneView::Ended>& ended, std::size_t zone) {
        for (const ZoneView::Ended& each : ended) {
            if (each.stayed) {
                run_.zones[zone].stays.push_back(each.visit);
            }
        }
    }
};

}  // namespace

Result<ClipRun> run_clip(const ClipJob& job, const ClipObserver& observer) {
    Result<std::unique_ptr<Detector>> detector = make_detector(job.engine, corners_of(job.layout));
    if (!detector) {
        return detector.error();
    }
    const SystemClock clock;
    const std::atomic<bool> stop{false};
    FrameOptions options;
    options.pace = Pace::fast;
    options.fps = job.fps;
    options.width = std::max((*detector)->picture_width(), job.least_width);
    options.masks = job.masks;
    const Result<std::unique_ptr<FrameSource>> source =
        make_frame_source(job.address, options, clock, stop);
    if (!source) {
        return source.error();
    }
    if (Status opened = (*source)->open(); !opened) {
        return opened.error();
    }
    Scene scene(std::move(*detector), job.layout);
    Run run(job, scene);
    if (Status ran = run.through(**source, observer); !ran) {
        return ran.error();
    }
    return run.finish();
}

}  // namespace cxedge::camera
