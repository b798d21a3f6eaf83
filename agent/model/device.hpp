// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace cxedge {

// What a source knows about one device behind it, for the inventory of the box (`cxctl devices`).
// Never an address or a name of a person. A plain value.
struct DeviceNote {
    std::string device;             // its name: the dimension `device` of its series
    std::string model;              // empty: not told
    std::string firmware;           // empty: not told
    std::optional<double> battery;  // percent, 0 to 100
    bool up = true;                 // false: it said so itself, or was silent for too long
    bool operator==(const DeviceNote&) const = default;
};

}  // namespace cxedge
