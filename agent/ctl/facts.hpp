// SPDX-License-Identifier: Apache-2.0
// What is in a batch besides samples, as rows for a table or a spreadsheet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/model/sample.hpp"
#include "agent/wire/batch_codec.hpp"

namespace cxedge::ctl {

struct Fact {
    std::string_view type;  // event, gap, dead_letter, clock_step
    std::int64_t time_ms = 0;
    std::string name;    // of the event; cause of the gap
    std::string detail;  // JSON object: the fields of json_lines.hpp
};
// In the order of the body.
std::vector<Fact> facts_of(const wire::DecodedBody& body);

// Fields of the form `,"a":1` as an object.
std::string as_object(std::string fields);

// A sample's value as a number and what a number cannot say: the JSON of a histogram, a state's
// text, a loss, a NaN.
struct FlatValue {
    bool finite = false;
    double number = 0;
    std::string detail;  // empty: the number says it all
};
FlatValue flat_value(const Sample& sample, const SeriesInfo& info);

}  // namespace cxedge::ctl
