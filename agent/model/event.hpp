// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/ids.hpp"
#include "agent/model/sample.hpp"
#include "agent/model/series.hpp"

namespace cxedge {

enum class Severity : std::uint8_t { info, warning, minor, major, critical };
enum class EventState : std::uint8_t { raise, update, clear, ack };  // a plain fact is a `raise`

std::string_view to_string(Severity severity);
std::string_view to_string(EventState state);

// Something that happened, worth telling on its own. Carries no identity of a person and no
// picture: there is no field for one.
struct Event {
    std::string name;  // dotted: "plugin.crashed", "series.stale", "fb.rating"
    Severity severity = Severity::info;
    EventState state = EventState::raise;
    EventId id{};         // the same from raise to clear; all zero = the agent assigns one
    SampleTime time;      // zero = the agent stamps it
    std::string subject;  // what it is about: a series, a source, a device
    std::string text;     // one sentence for a person, at most 1,000 bytes
    std::vector<Dimension> attrs;
};

}  // namespace cxedge
