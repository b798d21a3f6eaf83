// SPDX-License-Identifier: Apache-2.0
// What a camera says about itself: up or down, how fast, how old, whether it still sees its place.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "agent/plugin_api/host.hpp"

#include "plugins/camera/camera_worker.hpp"

namespace cxedge::camera {

// Tells once, over the first minute of pictures, when decoding is what a camera costs.
class DecodeAdvice {
public:
    // A sentence that names the setting to change, or nothing.
    std::optional<std::string> update(const StreamFacts& facts, double cost_s);

private:
    std::optional<std::chrono::microseconds> began_;
    double decode_s_ = 0;
    double cost_s_ = 0;
    bool done_ = false;
};

// Thread: the loop's.
class StreamSeries {
public:
    using Emit = std::function<void(SeriesId, double)>;

    // Declares the series of `host`'s source. `emit` says what becomes of a refusal.
    Status start(Host& host, Emit emit);

    // A picture was processed. True: the stream is up since just now.
    bool take(const FrameDone& done);
    // No pictures from here on; an interval begins that is told as a gap.
    void take_down(const std::string& problem);
    // A film has ended: neither up nor missing.
    void take_end();
    void report();

    [[nodiscard]] bool up() const { return state_ == State::up; }
    // Pictures should come and do not: what is counted from them is lost, not zero.
    [[nodiscard]] bool missing() const { return state_ == State::down; }

private:
    enum class State { waiting, up, down, ended };
    struct Gap {
        EventId id{};
        WallTime from;
        SteadyTime since;
    };

    Host* host_ = nullptr;
    Emit emit_;
    SeriesId up_series_{};
    SeriesId fps_series_{};
    SeriesId cost_series_{};
    SeriesId age_series_{};
    SeriesId view_series_{};
    State state_ = State::waiting;
    SteadyTime reported_{};
    std::uint64_t pictures_ = 0;  // since the last report
    double oldest_s_ = 0;         // since the last report
    bool shedding_ = false;
    WallTime last_picture_;
    std::optional<Gap> gap_;
    ViewProblem view_ = ViewProblem::none;
    std::optional<double> view_change_;
    EventId view_id_{};
    DecodeAdvice advice_;

    Status declare(std::string_view metric, Kind kind, SeriesId& id);
    void set_state(State state);
    void close_gap();
    void follow_view(const ViewState& view);
    void tell_view(EventState state, ViewProblem problem);
    void follow_shedding(const StreamFacts& facts);
    void advise(const FrameDone& done);
    void send(Event event);
};

}  // namespace cxedge::camera
