// SPDX-License-Identifier: Apache-2.0
#include "plugins/store_state/store_judge.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::minutes;

// Before this a box has no time yet, and its schedule means nothing: 2021.
constexpr WallTime kTimeIsKnown = WallTime(std::chrono::hours(24 * 365 * 51));

const char* word_of(Evidence::Says says) {
    switch (says) {
        case Evidence::Says::open:
            return "open";
        case Evidence::Says::closed:
            return "closed";
        case Evidence::Says::nothing:
            break;
    }
    return "nothing";
}

std::string minutes_text(milliseconds duration) {
    return std::to_string(duration_cast<minutes>(duration).count());
}

constexpr std::int64_t number(bool flag) {
    return flag ? 1 : 0;
}

// Numbers between blanks; empty: something else, or not `count` of them.
std::vector<std::int64_t> numbers_of(std::string_view text, std::size_t count) {
    std::vector<std::int64_t> numbers;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end && numbers.size() < count) {
        std::int64_t next = 0;
        const auto read = std::from_chars(at, end, next);
        if (read.ec != std::errc{} || (read.ptr != end && *read.ptr != ' ')) {
            return {};
        }
        numbers.push_back(next);
        at = read.ptr == end ? end : read.ptr + 1;
    }
    return numbers.size() == count && at == end ? numbers : std::vector<std::int64_t>();
}

constexpr minutes kDrift{2};
constexpr std::size_t kSavedNumbers = 9;
constexpr std::int64_t kSavedVersion = 1;
constexpr std::int64_t kNotKnown = -1;

}  // namespace

std::vector<std::string> store_open_states() {
    return {"closed", "opening", "open", "closing", "unknown"};
}

StoreJudge::StoreJudge(JudgeRules rules, OpeningHours hours)
    : rules_(std::move(rules)), hours_(std::move(hours)) {
    for (const EvidenceRule& rule : rules_.evidence) {
        evidence_.emplace_back(rule);
    }
    said_.resize(evidence_.size(), Evidence::Says::nothing);
}

void StoreJudge::take(std::size_t rule, const SeriesInfo& info, double value, SteadyTime at) {
    evidence_.at(rule).take(info, value, at);
}

StoreOpen StoreJudge::state() const {
    if (!candidate_ || settled_ == StoreOpen::unknown) {
        return settled_;
    }
    return candidate_->open ? StoreOpen::opening : StoreOpen::closing;
}

std::vector<StoreNews> StoreJudge::look(const Now& now) {
    news_.clear();
    const Balance balance = weigh(now);
    if (balance.fresh) {
        remembered_until_.reset();
        settle(looks(balance, now), now);
    } else if (!remembered_until_ || now.steady >= *remembered_until_) {
        candidate_.reset();
        since_ = settled_ == StoreOpen::unknown ? since_ : now.steady;
        settled_ = StoreOpen::unknown;
    }
    check_late(now);
    check_after_hours(now);
    return std::exchange(news_, {});
}

StoreJudge::Balance StoreJudge::weigh(const Now& now) {
    Balance balance;
    for (std::size_t i = 0; i < evidence_.size(); ++i) {
        said_[i] = evidence_[i].says(now.steady);
        const bool usable = evidence_[i].value(now.steady) && !evidence_[i].is_stuck(now.steady);
        const double weight = evidence_[i].rule().weight;
        balance.fresh = balance.fresh || usable;
        balance.open += said_[i] == Evidence::Says::open ? weight : 0;
        balance.closed += said_[i] == Evidence::Says::closed ? weight : 0;
    }
    return balance;
}

// The schedule tips the scales; alone it decides nothing but that a shop in which nothing stirs
// after hours is closed.
std::optional<bool> StoreJudge::looks(const Balance& balance, const Now& now) const {
    const bool scheduled = has_schedule(now.wall);
    const bool hours = scheduled && hours_.now(now.wall).has_value();
    const double weight = scheduled ? rules_.schedule_weight : 0;
    const double open = balance.open + (hours ? weight : 0);
    const double closed = balance.closed + (hours ? 0 : weight);
    const double all = open + closed;
    const double tilt = all > 0 ? (open - closed) / all : 0;
    const bool cleaners = !hours && is_cleaning(now.wall);
    if (tilt >= rules_.threshold && balance.open > 0 && !cleaners) {
        return true;
    }
    const bool may_close = balance.closed > 0 || (scheduled && !hours);
    return tilt <= -rules_.threshold && may_close ? std::optional(false) : std::nullopt;
}

void StoreJudge::settle(std::optional<bool> open, const Now& now) {
    const bool same = open && settled_ == (*open ? StoreOpen::open : StoreOpen::closed);
    if (!open || same) {
        candidate_.reset();
        return;
    }
    if (!candidate_ || candidate_->open != *open) {
        candidate_ = Candidate{*open, now.steady};
    }
    if (now.steady - candidate_->since >= rules_.settle) {
        const Candidate settled = *std::exchange(candidate_, std::nullopt);
        change(settled.open, settled.since, now);
    }
}

void StoreJudge::change(bool open, SteadyTime since, const Now& now) {
    const std::optional<bool> before = std::exchange(last_known_, open);
    const WallTime when = wall_of(since, now);
    settled_ = open ? StoreOpen::open : StoreOpen::closed;
    since_ = since;
    if (before && *before != open) {
        StoreNews news;
        news.name = open ? "store.opened" : "store.closed";
        news.text = open ? "The shop has opened." : "The shop has closed.";
        news.attrs = {{"since", iso8601(when)}};
        tell(std::move(news), now);
    }
    if (open) {
        clear_late(when, now);
    } else if (before && *before) {
        check_early(when, now);
    }
}

void StoreJudge::check_late(const Now& now) {
    const auto span = has_schedule(now.wall) ? hours_.now(now.wall) : std::nullopt;
    if (late_.raised && (!span || span->day != late_.day)) {
        clear_late(now.wall, now);
        return;
    }
    if (!span || late_.day == span->day || settled_ != StoreOpen::closed) {
        return;
    }
    const WallTime deadline = span->from + rules_.late;
    const bool in_time =
        candidate_ && candidate_->open && wall_of(candidate_->since, now) < deadline;
    // What was closed later than that has been open, or nobody knows.
    const bool was_closed = wall_of(since_, now) < deadline;
    if (now.wall < deadline || in_time || !was_closed) {
        return;
    }
    late_ = {span->day, true};
    StoreNews news;
    news.name = "store.opened_late";
    news.severity = Severity::minor;
    news.day = span->day;
    news.attrs = {
        {"minutes", minutes_text(now.wall - span->from)}, {"expected", iso8601(span->from)}};
    news.text = "The shop should be open and is not.";
    tell(std::move(news), now);
}

void StoreJudge::clear_late(WallTime opened, const Now& now) {
    if (!std::exchange(late_.raised, false)) {
        return;
    }
    const auto span = hours_.now(opened);
    const bool opened_then = settled_ == StoreOpen::open && span && span->day == late_.day;
    StoreNews news;
    news.name = "store.opened_late";
    news.severity = Severity::minor;
    news.state = EventState::clear;
    news.day = late_.day;
    news.text = "The shop did not open, as far as is known.";
    if (opened_then) {
        const std::string late = minutes_text(opened - span->from);
        news.text = fmt::format("The shop opened {} minutes late.", late);
        news.attrs = {{"minutes", late}, {"expected", iso8601(span->from)}};
    }
    tell(std::move(news), now);
}

void StoreJudge::check_early(WallTime closed, const Now& now) {
    const auto span = has_schedule(closed) ? hours_.now(closed) : std::nullopt;
    if (!span || span->to - closed < rules_.early || early_.day == span->day) {
        return;
    }
    early_ = {span->day, true};
    const std::string early = minutes_text(span->to - closed);
    StoreNews news;
    news.name = "store.closed_early";
    news.severity = Severity::minor;
    news.day = span->day;
    news.text = fmt::format("The shop closed {} minutes early.", early);
    news.attrs = {{"minutes", early}, {"expected", iso8601(span->to)}};
    tell(std::move(news), now);
}

bool StoreJudge::after_hours_now(const Now& now) const {
    if (!has_schedule(now.wall) || hours_.now(now.wall) || is_cleaning(now.wall)) {
        return false;
    }
    const auto before = hours_.before(now.wall);
    const auto after = hours_.after(now.wall);
    return (!before || now.wall - before->to >= rules_.after_hours) &&
           (!after || after->from - now.wall > rules_.prepare);
}

// Not a door that is opened once: for as long as a state takes to settle.
bool StoreJudge::somebody_there(const Now& now) {
    bool present = settled_ == StoreOpen::open;
    for (std::size_t i = 0; i < evidence_.size(); ++i) {
        const bool says = said_[i] == Evidence::Says::open;
        present = present || (says && evidence_[i].rule().presence);
    }
    present_since_ = present ? present_since_.value_or(now.steady) : std::optional<SteadyTime>();
    return present_since_ && now.steady - *present_since_ >= rules_.settle;
}

void StoreJudge::check_after_hours(const Now& now) {
    const bool there = somebody_there(now);
    const bool wrong = there && after_hours_now(now);
    const std::int64_t today = local_day(now.wall);
    const bool over = after_.raised && !present_since_;
    const bool is_open_time = after_.raised && hours_.now(now.wall);
    if (!(wrong && !after_.raised && after_.day != today) && !over && !is_open_time) {
        return;
    }
    const bool raise = !after_.raised;
    after_ = {raise ? today : after_.day, raise};
    StoreNews news;
    news.name = "store.open_after_hours";
    news.severity = Severity::warning;
    news.state = raise ? EventState::raise : EventState::clear;
    news.day = after_.day;
    news.text = raise ? "Somebody is in the shop, or it is open, outside its hours."
                      : "Nobody is in the shop outside its hours any more.";
    tell(std::move(news), now);
}

bool StoreJudge::is_cleaning(WallTime time) const {
    const minutes at = local_time_of_day(time);
    constexpr minutes kWholeDay{24 * 60};
    return std::any_of(
        rules_.cleaning.begin(),
        rules_.cleaning.end(),
        [&](const OpeningSpan& span) {
            return (at >= span.from && at < span.to) || at + kWholeDay < span.to;
        }
    );
}

bool StoreJudge::has_schedule(WallTime time) const {
    return hours_.is_given() && time > kTimeIsKnown;
}

WallTime StoreJudge::wall_of(SteadyTime time, const Now& now) const {
    return now.wall - duration_cast<milliseconds>(now.steady - time);
}

void StoreJudge::tell(StoreNews news, const Now& now) {
    for (std::size_t i = 0; i < evidence_.size(); ++i) {
        const std::optional<double> value = evidence_[i].value(now.steady);
        if (!value) {
            continue;
        }
        const bool stuck = evidence_[i].is_stuck(now.steady);
        news.attrs.push_back(
            {evidence_[i].rule().name,
             fmt::format("{} ({:.6g})", stuck ? "stuck" : word_of(said_[i]), *value)}
        );
    }
    if (has_schedule(now.wall)) {
        news.attrs.push_back({"schedule", hours_.now(now.wall) ? "open" : "closed"});
    }
    news_.push_back(std::move(news));
}

std::string StoreJudge::save(const Now& now) {
    const std::int64_t known = last_known_ ? number(*last_known_) : kNotKnown;
    const WallTime since = wall_of(since_, now);
    if (since - saved_since_ > kDrift || saved_since_ - since > kDrift) {
        saved_since_ = since;
    }
    const bool has_since = settled_ != StoreOpen::unknown;
    return fmt::format(
        "{} {} {} {} {} {} {} {} {}",
        kSavedVersion,
        static_cast<int>(settled_),
        known,
        has_since ? unix_ms(saved_since_) / 1000 : 0,
        late_.day,
        number(late_.raised),
        early_.day,
        after_.day,
        number(after_.raised)
    );
}

bool StoreJudge::restore(std::string_view text, const Now& now) {
    const std::vector<std::int64_t> saved = numbers_of(text, kSavedNumbers);
    if (saved.empty() || saved[0] != kSavedVersion || saved[1] < 0 || saved[1] > 4) {
        return false;
    }
    settled_ = static_cast<StoreOpen>(saved[1]);
    last_known_ = saved[2] == kNotKnown ? std::nullopt : std::optional(saved[2] == 1);
    // A state of the future: the clock is not right yet.
    const auto age = std::max(now.wall - from_unix_ms(saved[3] * 1000), milliseconds(0));
    since_ = now.steady - age;
    late_ = {saved[4], saved[5] == 1};
    early_ = {saved[6], false};
    after_ = {saved[7], saved[8] == 1};
    remembered_until_ = now.steady + rules_.remember;
    return true;
}

}  // namespace cxedge::plugins
