// SPDX-License-Identifier: Apache-2.0
#include "plugins/feedback/touchpoint.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "agent/base/ids.hpp"

#include "plugins/_devices/text.hpp"

namespace cxedge::plugins {
namespace {

// Fewer ratings say more about chance than about the shop.
constexpr std::size_t kEnough = 30;
constexpr std::size_t kMostGiven = 20'000;
constexpr std::size_t kMostIds = 4'096;
constexpr double kPercent = 100;

}  // namespace

Touchpoint::Touchpoint(
    Host& host,
    Naming naming,
    PressRules rules,
    std::chrono::milliseconds window,
    devices::DeviceClock& clock
)
    : host_(host), naming_(std::move(naming)), window_(window), clock_(clock), watch_(rules) {}

Result<SeriesId> Touchpoint::declare(const char* metric, Kind kind, std::optional<int> value) {
    std::vector<Dimension> dims{
        {"touchpoint", naming_.name}, {"scale", std::string(naming_.scale->name)}};
    if (value) {
        dims.push_back({"value", std::to_string(*value)});
    }
    for (const auto& [key, text] : naming_.dims) {
        dims.push_back({key, text});
    }
    return host_.declare({{metric, dims}, kind, {}, {}, 0});
}

Status Touchpoint::open() {
    for (int value = scale().lowest; value <= scale().highest; ++value) {
        const Result<SeriesId> count = declare("fb.count", Kind::delta, value);
        const Result<SeriesId> flagged = declare("fb.flagged", Kind::delta, value);
        if (!count || !flagged) {
            return count ? flagged.error() : count.error();
        }
        counts_.emplace(value, *count);
        flagged_.emplace(value, *flagged);
        static_cast<void>(host_.emit(*count, 0));
        static_cast<void>(host_.emit(*flagged, 0));
    }
    return {};
}

SteadyTime Touchpoint::moment(const Rating& rating, const Press& press) const {
    const SteadyTime now = host_.clock().steady_now();
    if (press.at || !rating.time) {
        return press.at.value_or(now);
    }
    const WallTime wall = host_.clock().wall_now();
    return now - (wall - devices::to_utc(*rating.time, wall));
}

bool Touchpoint::was_told(const std::string& id) const {
    return !id.empty() && std::find(ids_.begin(), ids_.end(), devices::key_of(id)) != ids_.end();
}

void Touchpoint::remember(const std::string& id) {
    if (id.empty()) {
        return;
    }
    ids_.push_back(devices::key_of(id));
    if (ids_.size() > kMostIds) {
        ids_.pop_front();
    }
}

Status Touchpoint::take(const Rating& rating, const Press& press) {
    const SteadyTime at = moment(rating, press);
    const bool may_bounce = !press.is_debounced && (press.may_bounce || rating.id.empty());
    if (was_told(rating.id) || (may_bounce && watch_.is_bounce(rating.value, at))) {
        return {};
    }
    const Occasion occasion = clock_.occasion(naming_.name, {rating.time, {}, rating.id});
    clock_.end_of_message();
    Status counted = host_.emit_once(counts_.at(rating.value), 1, occasion);
    if (!counted) {
        host_.log(log::Level::warn, "a rating is refused: " + counted.error().message);
        return counted;
    }
    remember(rating.id);
    watch(rating.value, at);
    tell_rating(rating, occasion);
    tell_abuse();
    return {};
}

void Touchpoint::watch(int value, SteadyTime at) {
    std::deque<PressWatch::Press> doubtful;
    given_.push_back({at, value, watched_++, false});
    if (given_.size() > kMostGiven) {
        given_.pop_front();
    }
    watch_.take(value, at, doubtful);
    for (const PressWatch::Press& press : doubtful) {
        flag(press);
    }
}

void Touchpoint::flag(const PressWatch::Press& press) {
    static_cast<void>(host_.emit(flagged_.at(press.value), 1));
    const auto found = std::find_if(given_.rbegin(), given_.rend(), [&](const Given& given) {
        return given.number == press.number;
    });
    if (found != given_.rend()) {
        found->flagged = true;
    }
}

void Touchpoint::tell_rating(const Rating& rating, const Occasion& occasion) {
    Event event;
    event.name = "fb.rating";
    event.subject = naming_.name;
    event.text = fmt::format("A rating of {} at {}.", rating.value, naming_.name);
    event.attrs = {
        {"touchpoint", naming_.name},
        {"scale", std::string(scale().name)},
        {"value", std::to_string(rating.value)}};
    if (given_.back().flagged) {
        event.attrs.push_back({"flagged", "true"});
    }
    if (!rating.id.empty()) {
        event.id = derived_event_id(
            fmt::format("{} fb.rating {} {}", host_.source_name(), naming_.name, rating.id)
        );
    }
    if (occasion.time) {
        event.time = at_wall(*occasion.time);
    }
    host_.emit_event(std::move(event));
}

void Touchpoint::stick(bool stuck) {
    is_stuck_ = stuck;
    tell_abuse();
}

void Touchpoint::tick() {
    tell_abuse();
}

void Touchpoint::tell_abuse() {
    const bool burst = watch_.in_play(host_.clock().steady_now());
    if ((burst || is_stuck_) == abuse_.has_value()) {
        return;
    }
    const bool raise = !abuse_;
    Event event;
    event.name = "fb.abuse";
    event.severity = Severity::warning;
    event.state = raise ? EventState::raise : EventState::clear;
    event.id = raise ? random_event_id() : *abuse_;
    event.subject = naming_.name;
    event.attrs = {{"touchpoint", naming_.name}};
    if (raise) {
        event.attrs.push_back({"reason", is_stuck_ ? "stuck" : "burst"});
    }
    const char* const reason = is_stuck_ ? "a button is held down" : "far too many presses";
    event.text = fmt::format("{}: {}.", naming_.name, raise ? reason : "ratings are normal again");
    abuse_ = raise ? std::optional(event.id) : std::nullopt;
    host_.emit_event(std::move(event));
}

Touchpoint::Tally Touchpoint::tally(SteadyTime now) const {
    Tally tally;
    for (const Given& given : given_) {
        if (given.flagged || given.at > now || now - given.at >= window_) {
            continue;
        }
        ++tally.all;
        tally.good += given.value >= scale().good ? 1 : 0;
        tally.low += given.value <= scale().low ? 1 : 0;
    }
    return tally;
}

void Touchpoint::tell_score() {
    const SteadyTime now = host_.clock().steady_now();
    while (!given_.empty() && now - given_.front().at > window_ + window_) {
        given_.pop_front();
    }
    const Tally tally = this->tally(now);
    if (tally.all < kEnough) {
        return;
    }
    if (!score_) {
        const auto id = declare(scale().is_nps() ? "fb.nps" : "fb.csat", Kind::gauge, {});
        score_ = id ? std::optional(*id) : std::nullopt;
    }
    const int score = scale().is_nps() ? tally.good - tally.low : tally.good;
    if (score_) {
        static_cast<void>(host_.emit(*score_, kPercent * score / static_cast<double>(tally.all)));
    }
}

}  // namespace cxedge::plugins
