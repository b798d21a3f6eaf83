// SPDX-License-Identifier: Apache-2.0
// Answers questions about the history of this box, page by page: the one place where a HistoryQuery
// becomes a HistoryPage. Thread: control.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/model/history.hpp"
#include "agent/store/history.hpp"

namespace cxedge::app {

class HistoryDesk {
public:
    // `history` outlives it.
    explicit HistoryDesk(store::History& history) : history_(history) {}

    // invalid_argument: what is wrong with the question; not_found: no such series; else what the
    // store says.
    Result<HistoryPage> answer(const HistoryQuery& asked);

private:
    struct Known {
        std::uint32_t id = 0;  // in the history
        SeriesInfo info;
    };
    // Where a page goes on: series from `series` on, of the first one what is later than `at_ms`.
    struct Place {
        std::uint32_t series = 0;
        std::int64_t at_ms = 0;
    };
    Result<std::vector<Known>> matching(const HistoryQuery& query, std::uint32_t from);
    Result<HistoryPage> values(const HistoryQuery& query, const Place& place);
    Status add_series(const HistoryQuery& query, const Known& known, HistoryPage& page);
    Result<HistoryPage> events(const HistoryQuery& query, const Place& place);

    store::History& history_;
};

// For both: does "metric" or "metric{key=value,...}", with *, mean this series?
bool names_series(const std::string& pattern, const SeriesKey& key);

}  // namespace cxedge::app
