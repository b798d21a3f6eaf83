// SPDX-License-Identifier: Apache-2.0
// The formats of devices: bytes of one message -> Report. Pure and total: any bytes give a Report
// or an error, never an exception; every parser here is a fuzz target. Thread: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"

#include "plugins/_devices/report.hpp"

namespace cxedge::devices {

// One message as it came.
struct Message {
    std::string_view body;
    std::string_view content_type{};  // lower case, without parameters; empty: not told
    // URL path ("/door/1") or MQTT topic ("zigbee2mqtt/front_door").
    std::string_view address{};
};

struct Format {
    std::string_view name;  // as in settings: `format = "xovis"`
    std::string_view what;  // one line: which devices send it
    // invalid_argument: the message as a whole is not of this format; one short constant sentence.
    // What can be read is in the Report, what cannot in its bad_elements.
    Result<Report> (*parse)(const Message& message);
};

// All of them, sorted by name.
const std::vector<Format>& formats();
// Null: there is none of that name.
const Format* find_format(std::string_view name);

}  // namespace cxedge::devices
