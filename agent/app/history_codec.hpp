// SPDX-License-Identifier: Apache-2.0
// Between what the agent speaks of and what the history keeps. Pure; thread: any.
#pragma once

#include <optional>
#include <string>

#include "agent/model/event.hpp"
#include "agent/model/histogram.hpp"
#include "agent/model/history.hpp"
#include "agent/model/sample.hpp"
#include "agent/store/history_cell.hpp"
#include "agent/store/history_slice.hpp"

namespace cxedge::app {

store::HistoryStamp stamp_of(const SampleTime& time);
store::HistoryCell cell_of(const Histogram& histogram);
// As the history keeps it: without the answers to commands, which may be pages of this very
// history.
std::string stored_event(Event event);
// Empty: it holds none.
std::optional<Histogram> histogram_of(const store::HistoryCell& cell);
// `series`: HistoryValue::series.
HistoryValue value_of(const store::HistoryCell& cell, std::size_t series);
// What a sample of this series was, or would have been over the step: the mean of a gauge, the
// total of increments, the last state, all observations of a histogram.
Sample sample_of(const HistoryValue& value, Kind kind);

}  // namespace cxedge::app
