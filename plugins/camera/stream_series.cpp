// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/stream_series.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "agent/base/ids.hpp"

namespace cxedge::camera {
namespace {

// Long enough for the ups and downs of a start, short enough to be read by who installs.
constexpr std::chrono::seconds kAdviceTime{60};
constexpr double kMostlyDecoding = 0.5;  // of the camera's processor time
constexpr double kDecodeMatters = 0.05;  // of one core

std::string_view unit_of(Kind kind, std::string_view metric) {
    if (kind == Kind::histogram || metric == "cam.frame_age") {
        return "s";
    }
    return metric == "cam.fps" ? "Hz" : "1";
}

std::string_view explain(ViewProblem problem) {
    switch (problem) {
        case ViewProblem::none:
            return "the view is as usual again";
        case ViewProblem::frozen:
            return "the same picture arrives again and again: restart the camera";
        case ViewProblem::dark:
            return "too dark to see anybody";
        case ViewProblem::covered:
            return "most of the view is covered";
        case ViewProblem::blurred:
            return "the picture is blurred: clean the lens or set the focus";
        case ViewProblem::moved:
            return "the camera looks elsewhere than when its lines were drawn: turn it back, or "
                   "draw "
                   "them again and restart";
    }
    return "";
}

}  // namespace

std::optional<std::string> DecodeAdvice::update(const StreamFacts& facts, double cost_s) {
    if (done_) {
        return std::nullopt;
    }
    if (!began_) {  // the first picture also pays for the opening
        began_ = facts.time;
        return std::nullopt;
    }
    decode_s_ += facts.decode_s;
    cost_s_ += cost_s;
    const double seconds = std::chrono::duration<double>(facts.time - *began_).count();
    if (facts.time - *began_ < kAdviceTime) {
        return std::nullopt;
    }
    done_ = true;
    if (decode_s_ < kMostlyDecoding * cost_s_ || decode_s_ < kDecodeMatters * seconds) {
        return std::nullopt;
    }
    return fmt::format(
        "decoding {}x{} takes {:.0f} % of this camera's processor time ({:.0f} % of a core): let "
        "`source` name the camera's low-resolution stream (about 640x480)",
        facts.source_width,
        facts.source_height,
        100 * decode_s_ / cost_s_,
        100 * decode_s_ / seconds
    );
}

Status StreamSeries::declare(std::string_view metric, Kind kind, SeriesId& id) {
    SeriesInfo info;
    info.key.metric = metric;
    info.key.dims.push_back({"camera", std::string(host_->source_name())});
    info.kind = kind;
    info.unit = unit_of(kind, metric);
    if (kind == Kind::state) {
        info.states = {"down", "up"};
    }
    const Result<SeriesId> declared = host_->declare(info);
    if (!declared) {
        return declared.error();
    }
    id = *declared;
    return {};
}

Status StreamSeries::start(Host& host, Emit emit) {
    *this = StreamSeries();
    host_ = &host;
    emit_ = std::move(emit);
    reported_ = host.clock().steady_now();
    last_picture_ = host.clock().wall_now();
    struct Own {
        std::string_view metric;
        Kind kind;
        SeriesId* id;
    };
    for (const Own& own : {
             Own{"cam.up", Kind::state, &up_series_},
             Own{"cam.fps", Kind::gauge, &fps_series_},
             Own{"cam.frame_cost", Kind::histogram, &cost_series_},
             Own{"cam.frame_age", Kind::gauge, &age_series_},
             Own{"cam.view_change", Kind::gauge, &view_series_},
         }) {
        if (Status declared = declare(own.metric, own.kind, *own.id); !declared) {
            return declared;
        }
    }
    return {};
}

void StreamSeries::set_state(State state) {
    state_ = state;
    emit_(up_series_, state == State::up ? 1 : 0);
}

bool StreamSeries::take(const FrameDone& done) {
    const bool returned = !up();
    if (returned) {
        set_state(State::up);
        close_gap();
    }
    last_picture_ = host_->clock().wall_now();
    ++pictures_;
    oldest_s_ = std::max(oldest_s_, std::chrono::duration<double>(done.facts.age).count());
    emit_(cost_series_, done.cost_s);
    if (done.facts.view) {
        follow_view(*done.facts.view);
    }
    follow_shedding(done.facts);
    advise(done);
    return returned;
}

void StreamSeries::take_down(const std::string& problem) {
    if (!gap_) {
        gap_ = Gap{random_event_id(), last_picture_, host_->clock().steady_now()};
        Event event;
        event.name = "cam.down";
        event.severity = Severity::major;
        event.id = gap_->id;
        event.text = "no pictures: " + problem;
        event.attrs.push_back({"from", iso8601(gap_->from)});
        send(std::move(event));
    }
    set_state(State::down);
}

void StreamSeries::take_end() {
    set_state(State::ended);
}

void StreamSeries::close_gap() {
    if (!gap_) {
        return;
    }
    const WallTime now = host_->clock().wall_now();
    const double seconds =
        std::chrono::duration<double>(host_->clock().steady_now() - gap_->since).count();
    Event event;
    event.name = "cam.down";
    event.severity = Severity::major;
    event.state = EventState::clear;
    event.id = gap_->id;
    event.text = fmt::format("pictures again after {:.0f} s without", seconds);
    event.attrs.push_back({"from", iso8601(gap_->from)});
    event.attrs.push_back({"to", iso8601(now)});
    send(std::move(event));
    gap_.reset();
}

void StreamSeries::follow_view(const ViewState& view) {
    view_change_ = view.change;
    const ViewProblem before = std::exchange(view_, view.problem);
    if (view_ == before) {
        return;
    }
    if (before == ViewProblem::none) {
        view_id_ = random_event_id();
        tell_view(EventState::raise, view_);
    } else if (view_ == ViewProblem::none) {
        tell_view(EventState::clear, before);
    } else {
        tell_view(EventState::update, view_);
    }
    emit_(view_series_, view.change);
}

void StreamSeries::tell_view(EventState state, ViewProblem problem) {
    Event event;
    event.name = "cam.view_change";
    // A shop is dark every night.
    event.severity = problem == ViewProblem::dark ? Severity::warning : Severity::major;
    event.state = state;
    event.id = view_id_;
    event.text = explain(view_);
    event.attrs.push_back({"problem", std::string(to_string(problem))});
    send(std::move(event));
}

void StreamSeries::follow_shedding(const StreamFacts& facts) {
    if (facts.shedding == shedding_) {
        return;
    }
    shedding_ = facts.shedding;
    host_->log(
        shedding_ ? log::Level::warn : log::Level::info,
        shedding_
            ? fmt::format(
                  "the analysis cannot keep up: {:.1f} pictures a second, spread evenly", facts.fps
              )
            : fmt::format("all {:.1f} pictures a second are processed again", facts.fps)
    );
}

void StreamSeries::advise(const FrameDone& done) {
    const std::optional<std::string> advice = advice_.update(done.facts, done.cost_s);
    if (!advice) {
        return;
    }
    host_->log(log::Level::warn, *advice);
    Event event;
    event.name = "cam.advice";
    event.text = *advice;
    send(std::move(event));
}

void StreamSeries::send(Event event) {
    event.subject = host_->source_name();
    event.attrs.push_back({"camera", std::string(host_->source_name())});
    host_->emit_event(std::move(event));
}

void StreamSeries::report() {
    const SteadyTime now = host_->clock().steady_now();
    const double seconds =
        std::chrono::duration<double>(now - std::exchange(reported_, now)).count();
    const std::uint64_t pictures = std::exchange(pictures_, 0);
    const double oldest = std::exchange(oldest_s_, 0);
    if (seconds > 0) {
        emit_(fps_series_, static_cast<double>(pictures) / seconds);
    }
    emit_(up_series_, up() ? 1 : 0);
    if (pictures > 0) {
        emit_(age_series_, oldest);
    }
    if (up() && view_change_) {
        emit_(view_series_, *view_change_);
    }
}

}  // namespace cxedge::camera
