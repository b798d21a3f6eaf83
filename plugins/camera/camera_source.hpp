// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/camera/camera_settings.hpp"
#include "plugins/camera/camera_worker.hpp"
#include "plugins/camera/stream_series.hpp"
#include "plugins/camera/twin_series.hpp"
#include "plugins/camera/zone_series.hpp"

namespace cxedge::camera {

// Counts people who cross lines in the picture of one camera. Runs in a process of its own;
// pictures never leave it.
class CameraSource final : public Source {
public:
    CameraSource() = default;
    CameraSource(const CameraSource&) = delete;
    CameraSource& operator=(const CameraSource&) = delete;
    CameraSource(CameraSource&&) = delete;
    CameraSource& operator=(CameraSource&&) = delete;
    ~CameraSource() override { stop(); }

    static std::vector<SettingHelp> settings_help() { return camera_settings_help(); }

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    void stop() override;

private:
    struct LineSeries {
        SeriesId in{};
        SeriesId out{};
        SeriesId past{};
        SeriesId ambiguous{};
        std::uint64_t total_in = 0;
        std::uint64_t total_out = 0;

        [[nodiscard]] SeriesId of(Direction direction) const {
            const SeriesId outwards = direction == Direction::out ? out : past;
            return direction == Direction::in ? in : outwards;
        }
    };

    CameraSettings settings_;
    Host* host_ = nullptr;
    std::vector<LineSeries> lines_;
    StreamSeries stream_;
    ZoneSeries zones_;
    TwinSeries twin_;
    std::string problem_;
    LoopHandle timer_;
    // What the worker posts after stop() finds this gone and does nothing.
    std::shared_ptr<CameraSource*> alive_;
    std::unique_ptr<CameraWorker> worker_;

    Status declare_series();
    Status declare_line(const LineSettings& line);
    Result<SeriesId> declare(std::string_view metric, Dimension of);
    void start_worker(std::string address);
    static void hand_over(const std::weak_ptr<CameraSource*>& to, const WorkerReport& news);
    void take(const FrameDone& done);
    void take(const StreamDown& down);
    void take(const StreamEnded& ended);
    void count(const SceneReport& scene);
    void report();
    void report_zeros();
    void report_losses();
    void emit(SeriesId series, double value);
    void take_refusal(const Status& emitted);
    void tell_problem(std::string problem);
};

}  // namespace cxedge::camera
