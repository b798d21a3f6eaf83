// SPDX-License-Identifier: Apache-2.0
// What devices send that cannot be used: counted always (device.bad_elements), said as an event
// once an hour for each kind of it, so that one broken sensor is one line and not a flood. Thread:
// the loop's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "agent/plugin_api/host.hpp"

namespace cxedge::devices {

class Complaints {
public:
    explicit Complaints(Host& host) : host_(host) {}

    // Event `device.bad_element`. `where` and `what` as in BadElement; numbers in `where` (an
    // index, a line) do not make another kind.
    void bad_element(std::string_view device, std::string_view where, std::string_view what);
    // Event `device.bad_message`.
    void bad_message(std::string_view where, std::string_view what);

private:
    void count();
    void say(const char* name, std::string_view subject, std::string_view where, std::string what);

    Host& host_;
    std::optional<SeriesId> bad_;
    std::map<std::string, SteadyTime> said_;
};

}  // namespace cxedge::devices
