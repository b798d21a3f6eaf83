// SPDX-License-Identifier: Apache-2.0
// The fields of a sample, an event or a declaration as JSON, each with a comma before it: they
// follow what names the batch, or are an object of their own. json_lines.hpp lists them.
#pragma once

#include <string>
#include <vector>

#include "agent/base/gap.hpp"
#include "agent/model/clock_step.hpp"
#include "agent/model/event.hpp"
#include "agent/model/sample.hpp"
#include "agent/model/series.hpp"

namespace cxedge::ctl {

// An object of texts, without a comma: {"door":"main"}.
void append_dimensions(std::string& out, const std::vector<Dimension>& dims);
// The text of a state's value; null when it has none.
const std::string* state_text(double value, const std::vector<std::string>& states);

void append_value_fields(std::string& out, const Sample& sample, const SeriesInfo& info);
void append_event_fields(std::string& out, const Event& event);
void append_gap_fields(std::string& out, const Gap& gap);
void append_dead_letter_fields(std::string& out, const DeadLetter& dead);
void append_clock_step_fields(std::string& out, const ClockStep& step);

}  // namespace cxedge::ctl
