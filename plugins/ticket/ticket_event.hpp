// SPDX-License-Identifier: Apache-2.0
// What a queue system says of one ticket, and how to find it in its messages. Pure. Thread: any.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/result.hpp"

#include "plugins/_devices/report.hpp"

namespace cxedge::devices {
class Fields;
}

namespace cxedge::plugins {

enum class TicketStep : std::uint8_t {
    issued,       // the ticket was drawn
    called,       // its number is on the display; also when it is called again
    served,       // service begins (where that is told apart from the call)
    finished,     // service has ended
    abandoned,    // no show, cancelled
    transferred,  // sent to another queue, or back to the same
    changed,      // something else of it changed: counts only if it is in another queue now
    opened,       // a counter opens
    closed,       // a counter closes
    ignored,
};

// "issued", "called", "recalled", "served", "finished", "completed", "abandoned", "no_show",
// "transferred", "changed", "counter_opened", "counter_closed", "ignore".
std::optional<TicketStep> parse_ticket_step(std::string_view word);

struct TicketEvent {
    TicketStep step = TicketStep::ignored;
    std::uint64_t ticket = 0;  // a sum of its number; the number itself goes no further
    std::string queue;         // empty: not told
    std::string counter;       // empty: not told
    std::optional<devices::DeviceTime> time;    // of the step
    std::optional<devices::DeviceTime> issued;  // as later messages repeat it
    std::optional<devices::DeviceTime> called;
    std::string id;  // the same when the message comes again; empty: none
};

// Where to look. Places as in fields.hpp.
struct TicketPlaces {
    std::string each;
    std::string ticket = "/ticket";
    std::string queue = "/queue";
    std::string counter = "/counter";
    std::string step = "/step";
    std::string time = "/time";
    std::string issued;
    std::string called;
    std::string id;
    // Where this system says it more exactly: of a step, its own time; of a state, a step.
    std::map<TicketStep, std::string> times;
    std::string state;
    std::map<std::string, TicketStep> states;
};

struct TicketLanguage {
    TicketPlaces places;
    std::map<std::string, TicketStep> steps;  // the system's words, in lower case
};

// "generic": JSON with our own words. "csv": columns of those names. "qminder": its webhooks.
TicketLanguage ticket_language(std::string_view format);

struct TicketMessage {
    std::vector<TicketEvent> events;
    std::vector<devices::BadElement> bad_elements;
};

// One item of a message; what it lacks is a bad element.
void read_ticket_event(
    const TicketLanguage& language,
    const devices::Fields& item,
    std::string_view where,
    TicketMessage& message
);

}  // namespace cxedge::plugins
