// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/camera_source.hpp"

#include <tuple>
#include <utility>

#include <fmt/core.h>

#include "plugins/camera/kept_view.hpp"

namespace cxedge::camera {

void CameraSource::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = read_camera_settings(settings, problems);
}

Result<SeriesId> CameraSource::declare(std::string_view metric, Dimension of) {
    SeriesInfo info;
    info.key.metric = metric;
    info.key.dims.push_back({"camera", std::string(host_->source_name())});
    info.key.dims.push_back(std::move(of));
    info.kind = Kind::delta;
    info.unit = "{person}";
    return host_->declare(info);
}

Status CameraSource::declare_line(const LineSettings& line) {
    LineSeries series;
    const std::string& door = line.counted_door();
    for (const auto& [metric, key, id] : {
             std::tuple{"store.footfall.in", "door", &series.in},
             std::tuple{"store.footfall.out", "door", &series.out},
             std::tuple{"store.passby", "front", &series.past},
             std::tuple{"cam.ambiguous", "door", &series.ambiguous},
         }) {
        const Result<SeriesId> declared = declare(metric, {key, door});
        if (!declared) {
            return declared.error();
        }
        *id = *declared;
    }
    lines_.push_back(series);
    return {};
}

Status CameraSource::declare_series() {
    lines_.clear();
    for (const LineSettings& line : settings_.lines) {
        if (Status declared = declare_line(line); !declared) {
            return declared;
        }
    }
    return {};
}

Status CameraSource::start(Host& host) {
    host_ = &host;
    Result<std::string> address = full_address(settings_);
    if (!address) {
        return address.error();
    }
    if (Status declared = declare_series(); !declared) {
        return declared;
    }
    auto emit_one = [this](SeriesId series, double value) {
        emit(series, value);
    };
    if (Status zones = zones_.start(host, settings_.zones, emit_one); !zones) {
        return zones;
    }
    twin_.start(host, settings_, emit_one);
    problem_.clear();
    if (Status streams = stream_.start(host, std::move(emit_one)); !streams) {
        return streams;
    }
    timer_ = host.loop().every(settings_.report, [this] { report(); });
    start_worker(std::move(*address));
    return {};
}

void CameraSource::start_worker(std::string address) {
    CameraWorker::Job job{std::move(address), settings_.frame_options(), settings_.layout()};
    if (const Result<EngineChoice> engine = choose_engine(settings_)) {
        job.engine = *engine;  // otherwise init() has refused the settings
    }
    job.known_view = kept_view(settings_, host_->kept());
    alive_ = std::make_shared<CameraSource*>(this);
    const std::weak_ptr<CameraSource*> alive = alive_;
    EventLoop& loop = host_->loop();
    worker_ = std::make_unique<CameraWorker>(
        std::move(job),
        host_->clock(),
        [alive, &loop](WorkerReport news) {
            loop.post([alive, news = std::move(news)] { hand_over(alive, news); });
        }
    );
}

// The worker's news may arrive when the source is gone.
void CameraSource::hand_over(const std::weak_ptr<CameraSource*>& to, const WorkerReport& news) {
    if (const auto self = to.lock()) {
        std::visit([&](const auto& piece) { (*self)->take(piece); }, news);
    }
}

void CameraSource::stop() {
    timer_.cancel();
    worker_.reset();
    alive_.reset();
    twin_.report();
}

void CameraSource::take(const FrameDone& done) {
    if (stream_.take(done)) {
        tell_problem({});
        host_->log(log::Level::info, "pictures arrive from " + public_address(settings_.source));
        report_zeros();
    }
    if (done.facts.view && done.facts.view->usual) {
        host_->keep(keep_view(settings_, *done.facts.view->usual));
    }
    count(done.scene);
}

void CameraSource::take(const StreamDown& down) {
    count(down.scene);
    stream_.take_down(down.problem);
    tell_problem(down.problem);
    const auto seconds = std::chrono::duration<double>(down.retry).count();
    host_->log(
        log::Level::warn,
        down.problem + (seconds > 0 ? fmt::format("; next try in {:.1f} s", seconds)
                                    : std::string("; not tried again"))
    );
}

void CameraSource::take(const StreamEnded& ended) {
    count(ended.scene);
    stream_.take_end();
    std::string line = fmt::format(
        "{} has ended after {} pictures", public_address(settings_.source), ended.frames
    );
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        line += fmt::format(
            ", line {}: {} in, {} out",
            settings_.lines[i].name,
            lines_[i].total_in,
            lines_[i].total_out
        );
    }
    host_->log(log::Level::info, line + zones_.summary());
}

void CameraSource::count(const SceneReport& scene) {
    for (const LineCrossing& each : scene.crossings) {
        LineSeries& line = lines_[each.line];
        const Direction direction = each.crossing.direction;
        line.total_in += direction == Direction::in ? 1 : 0;
        line.total_out += direction == Direction::out ? 1 : 0;
        emit(line.of(direction), 1);
    }
    for (std::size_t i = 0; i < scene.ambiguous.size(); ++i) {
        if (scene.ambiguous[i] > 0) {
            emit(lines_[i].ambiguous, static_cast<double>(scene.ambiguous[i]));
        }
    }
    zones_.take(scene);
    twin_.take(scene);
}

// Nobody came is a fact.
void CameraSource::report_zeros() {
    for (const LineSeries& line : lines_) {
        for (const SeriesId series : {line.in, line.out, line.past, line.ambiguous}) {
            emit(series, 0);
        }
    }
    zones_.report_zeros();
}

// Nothing was seen is not: these counts are missing, and say so.
void CameraSource::report_losses() {
    std::vector<SeriesId> counts = zones_.counts();
    for (const LineSeries& line : lines_) {
        counts.insert(counts.end(), {line.in, line.out, line.past, line.ambiguous});
    }
    for (const SeriesId series : counts) {
        take_refusal(host_->emit_lost(series));
    }
}

void CameraSource::report() {
    stream_.report();
    twin_.report();
    if (stream_.up()) {
        report_zeros();
    } else if (stream_.missing()) {
        report_losses();
    }
}

void CameraSource::emit(SeriesId series, double value) {
    take_refusal(host_->emit(series, value));
}

void CameraSource::take_refusal(const Status& emitted) {
    if (!emitted) {
        tell_problem("readings are refused: " + emitted.error().message);
    }
}

// Only what is new: a problem is one line in the log, not one a picture.
void CameraSource::tell_problem(std::string problem) {
    if (problem != problem_) {
        problem_ = std::move(problem);
        host_->set_problem(problem_);
    }
}

}  // namespace cxedge::camera
