// SPDX-License-Identifier: Apache-2.0
// Windows that are closed before their end; the rest of DataPath is in data_path.cpp.
#include "agent/app/data_path.hpp"

namespace cxedge::app {

// A window that is open would lose what its source was told is safe.
Status DataPath::close_guarded() {
    return close_windows({guarded_.begin(), guarded_.end()});
}

Status DataPath::close_windows(const std::vector<SeriesId>& series) {
    if (series.empty()) {
        return {};
    }
    if (Status room = ensure_room(); !room) {
        return room;
    }
    const pipeline::Now now = this->now();
    Closed closed{pipeline_.close(series, now)};
    if (!closed.series.empty()) {
        record(writer_.write(closed, now));
    }
    return {};
}

std::size_t DataPath::close_windows_of(std::string_view metric) {
    const std::vector<SeriesId> series = pipeline_.series_like(metric);
    if (const Status closed = close_windows(series); closed) {
        wake_when_due();
    }
    return series.size();
}

}  // namespace cxedge::app
