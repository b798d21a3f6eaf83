// SPDX-License-Identifier: Apache-2.0
#include "agent/app/history_desk.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/core.h>

#include "agent/app/history_codec.hpp"
#include "agent/base/glob.hpp"
#include "agent/pipeline/rules.hpp"
#include "agent/wire/dictionary.hpp"
#include "agent/wire/event_codec.hpp"

namespace cxedge::app {
namespace {

using std::chrono::hours;

// So much is gathered at once at first; while little is found, more.
constexpr std::int64_t kFirstSpanMs = 3600LL * 1000;
constexpr std::int64_t kLongestSpanMs = 30LL * 24 * kFirstSpanMs;

// Each series reads rows of its own; the thread is others' too.
constexpr std::size_t kSeriesAPage = 64;

std::string text_of(std::uint32_t series, std::int64_t at_ms) {
    return fmt::format("{}:{}", series, at_ms);
}

// A span of time that moves towards `to`, longer where little is found.
class Spans {
public:
    Spans(std::int64_t from_ms, std::int64_t to_ms) : from_ms_(from_ms), to_ms_(to_ms) {}
    [[nodiscard]] bool more() const { return from_ms_ < to_ms_; }
    [[nodiscard]] std::int64_t from_ms() const { return from_ms_; }
    [[nodiscard]] std::int64_t end_ms() const {
        return to_ms_ - from_ms_ <= span_ms_ ? to_ms_ : from_ms_ + span_ms_;
    }
    void found(std::size_t items) {
        from_ms_ = end_ms();
        constexpr std::size_t kFew = 250;
        if (items < kFew) {
            span_ms_ = std::min(span_ms_ * 2, kLongestSpanMs);
        }
    }

private:
    std::int64_t from_ms_;
    std::int64_t to_ms_;
    std::int64_t span_ms_ = kFirstSpanMs;
};

Status check_question(const HistoryQuery& query) {
    if (query.to <= query.from) {
        return invalid_argument("the range is empty: `to` must be later than `from`");
    }
    if (query.limit == 0 || query.limit > HistoryQuery::kMostRows) {
        return invalid_argument(fmt::format("limit: 1 to {}", HistoryQuery::kMostRows));
    }
    if (query.step.count() < 0 || query.step > hours(24)) {
        return invalid_argument("step: 0 s to 1 day");
    }
    return {};
}

// Puts the values of one series, read from one span, on a page.
class PageFiller {
public:
    PageFiller(HistoryPage& page, const HistoryQuery& query, std::uint32_t id, std::int64_t from_ms)
        : page_(page), limit_(query.limit), id_(id), from_ms_(from_ms) {}

    void take(const store::HistoryCell& cell) {
        ++found_;
        // A page ends between two times, never between two values of one.
        const bool full = page_.values.size() >= limit_ && cell.at_ms != last_ms_;
        if (full && page_.next.empty()) {
            page_.next = text_of(id_, found_ == 1 ? from_ms_ : last_ms_);
        }
        if (page_.next.empty()) {
            last_ms_ = cell.at_ms;
            page_.values.push_back(value_of(cell, page_.series.size()));
        }
    }
    [[nodiscard]] std::size_t found() const { return found_; }

private:
    HistoryPage& page_;
    std::size_t limit_;
    std::uint32_t id_;
    std::int64_t from_ms_;
    std::size_t found_ = 0;
    std::int64_t last_ms_ = 0;
};

// Of one span; a page ends between two times, never between two events of one.
void add_events(
    const HistoryQuery& query,
    const std::vector<store::History::StoredEvent>& found,
    std::int64_t from_ms,
    HistoryPage& page
) {
    std::int64_t last_ms = from_ms;
    for (const auto& [at_ms, bytes] : found) {
        if (page.events.size() >= query.limit && at_ms != last_ms) {
            page.next = text_of(0, last_ms);
            return;
        }
        last_ms = at_ms;
        auto event = wire::decode_event(bytes, at_wall(from_unix_ms(at_ms)));
        if (event && glob_matches(query.series, event->name)) {
            page.events.push_back(std::move(*event));
        }
    }
}

}  // namespace

bool names_series(const std::string& pattern, const SeriesKey& key) {
    const bool with_dims = pattern.find('{') != std::string::npos;
    return glob_matches(pattern, with_dims ? to_string(key) : key.metric);
}

Result<HistoryPage> HistoryDesk::answer(const HistoryQuery& asked) {
    if (Status fine = check_question(asked); !fine) {
        return fine.error();
    }
    HistoryQuery query = asked;
    if (query.step.count() > 0) {  // the step that `to` is in has its end later
        query.to = from_unix_ms(store::step_end(unix_ms(query.to), query.step.count()));
    }
    // Before what is kept there is nothing to look through.
    const std::int64_t oldest = history_.status().oldest_ms;
    Place place{0, std::max(unix_ms(query.from), oldest - 1)};
    if (!query.after.empty()) {
        const char* end = query.after.data() + query.after.size();
        const auto id = std::from_chars(query.after.data(), end, place.series);
        const bool parted = id.ec == std::errc() && id.ptr != end && *id.ptr == ':';
        const auto at = parted ? std::from_chars(id.ptr + 1, end, place.at_ms) : id;
        if (!parted || at.ec != std::errc() || at.ptr != end) {
            return invalid_argument("after: give what the page before said as `next`");
        }
    }
    return query.events ? events(query, place) : values(query, place);
}

Result<std::vector<HistoryDesk::Known>> HistoryDesk::matching(
    const HistoryQuery& query, std::uint32_t from
) {
    std::vector<Known> found;
    const Status read = history_.each_series([&](std::uint32_t id, std::string_view definition) {
        auto info = wire::decode_definition(definition);
        if (info && names_series(query.series, info->key)) {
            found.push_back({id, std::move(*info)});
        }
    });
    if (!read) {
        return read.error();
    }
    if (found.empty()) {
        return not_found(fmt::format("no series \"{}\" in the history of this box", query.series));
    }
    std::erase_if(found, [from](const Known& known) { return known.id < from; });
    std::sort(found.begin(), found.end(), [](const Known& a, const Known& b) {
        return a.id < b.id;
    });
    return found;
}

Result<HistoryPage> HistoryDesk::values(const HistoryQuery& query, const Place& place) {
    const auto known = matching(query, place.series);
    if (!known) {
        return known.error();
    }
    HistoryPage page;
    for (std::size_t i = 0; i < known->size(); ++i) {
        const Known& one = (*known)[i];
        HistoryQuery rest = query;
        rest.from = query.from;
        const bool goes_on = one.id == place.series || query.after.empty();
        rest.from = goes_on ? std::max(query.from, from_unix_ms(place.at_ms)) : query.from;
        if (Status added = add_series(rest, one, page); !added) {
            return added.error();
        }
        if (!page.next.empty()) {
            break;
        }
        const bool enough = page.values.size() >= query.limit || i + 1 >= kSeriesAPage;
        if (enough && i + 1 < known->size()) {
            page.next = text_of((*known)[i + 1].id, unix_ms(query.from));
            break;
        }
    }
    return page;
}

// Until the series or the page is at its end; page.next says which.
Status HistoryDesk::add_series(const HistoryQuery& query, const Known& known, HistoryPage& page) {
    store::HistoryRead read;
    read.series = {known.id};
    read.step_ms = query.step.count();
    const std::size_t before = page.values.size();
    Spans spans(std::max(unix_ms(query.from), history_.status().oldest_ms - 1), unix_ms(query.to));
    while (spans.more() && page.next.empty()) {
        read.from_ms = spans.from_ms();
        read.to_ms = spans.end_ms();
        PageFiller filler(page, query, known.id, read.from_ms);
        Status done = history_.read(read, [&filler](std::uint32_t, const store::HistoryCell& cell) {
            filler.take(cell);
        });
        if (!done) {
            return done;
        }
        spans.found(filler.found());
    }
    if (page.values.size() > before) {
        page.series.push_back(known.info);
    }
    return {};
}

Result<HistoryPage> HistoryDesk::events(const HistoryQuery& query, const Place& place) {
    HistoryPage page;
    Spans spans(place.at_ms, unix_ms(query.to));
    while (spans.more() && page.next.empty()) {
        const auto found = history_.events(spans.from_ms(), spans.end_ms());
        if (!found) {
            return found.error();
        }
        add_events(query, *found, spans.from_ms(), page);
        spans.found(found->size());
    }
    return page;
}

}  // namespace cxedge::app
