// SPDX-License-Identifier: Apache-2.0
// A place where customers rate: counts, tells each rating at once, and says when somebody plays.
// Thread: the loop's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/plugin_api/host.hpp"

#include "plugins/_devices/device_clock.hpp"
#include "plugins/feedback/press_watch.hpp"
#include "plugins/feedback/rating.hpp"

namespace cxedge::plugins {

class Touchpoint {
public:
    struct Naming {
        std::string name;
        const RatingScale* scale = nullptr;
        std::vector<std::pair<std::string, std::string>> dims;
    };
    Touchpoint(
        Host& host,
        Naming naming,
        PressRules rules,
        std::chrono::milliseconds window,
        devices::DeviceClock& clock
    );

    // Declares every value of the scale and counts 0 of it, so that zeros exist.
    Status open();

    struct Press {
        std::optional<SteadyTime> at;  // none: as the rating says, or now
        bool is_debounced = false;
        bool may_bounce = false;  // although it has a name
    };
    // exhausted: storage is full and nothing was counted; any other refusal was told.
    Status take(const Rating& rating, const Press& press);
    // A button is held down far too long, or free again.
    void stick(bool stuck);
    // Every second.
    void tick();
    // Once a minute: score of the ratings in the window, if there are enough.
    void tell_score();

    [[nodiscard]] const std::string& name() const { return naming_.name; }
    [[nodiscard]] const RatingScale& scale() const { return *naming_.scale; }

private:
    struct Given {
        SteadyTime at;
        int value = 0;
        std::size_t number = 0;  // as the watch counts
        bool flagged = false;
    };
    struct Tally {
        std::size_t all = 0;
        int good = 0;
        int low = 0;
    };
    // Of the window, without the doubtful.
    [[nodiscard]] Tally tally(SteadyTime now) const;
    Result<SeriesId> declare(const char* metric, Kind kind, std::optional<int> value);
    [[nodiscard]] SteadyTime moment(const Rating& rating, const Press& press) const;
    [[nodiscard]] bool was_told(const std::string& id) const;
    void remember(const std::string& id);
    void watch(int value, SteadyTime at);
    void flag(const PressWatch::Press& press);
    void tell_rating(const Rating& rating, const Occasion& occasion);
    void tell_abuse();

    Host& host_;
    Naming naming_;
    std::chrono::milliseconds window_;
    devices::DeviceClock& clock_;
    PressWatch watch_;
    std::map<int, SeriesId> counts_;
    std::map<int, SeriesId> flagged_;
    std::optional<SeriesId> score_;
    std::deque<Given> given_;
    std::size_t watched_ = 0;
    std::deque<std::uint64_t> ids_;  // of the last ratings, oldest first
    bool is_stuck_ = false;
    std::optional<EventId> abuse_;
};

}  // namespace cxedge::plugins
