// SPDX-License-Identifier: Apache-2.0
// The privacy filter: which fields of a device's message are about single persons. Formats read
// only the fields they know, and call note_private() for the rest of the message, so that what was
// there and is not passed on is counted (privacy.dropped_fields{kind}). Pure. Thread: any.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace cxedge::devices {

// "name", "mac", "plate", "face", "gender", "age", "identity" (badge, customer, phone, e-mail) or
// "picture"; empty: nothing personal. Finds the word also inside a longer name: "customerName",
// "plate_no", "FaceList", "ageGroup"; not where it only looks like it: "average", "package",
// "imagePixelFormat" of no picture, "surface". A device's own name, serial and address are not
// personal: "deviceName", "sensor-name", "ipAddress" of the sender.
std::string_view personal_kind(std::string_view field_name);

// Kind of personal field -> how many held something, and were dropped.
using PrivateFields = std::map<std::string, std::uint64_t>;
// Whether such a field is personal; if so, `held` of them are counted.
bool count_personal(std::string_view field_name, std::uint64_t held, PrivateFields& counts);

// A hardware address of six bytes, "00:6e:02:aa:bb:cc", "00-6E-...", "006E02AABBCC" (12 hex digits
// with at least one letter). A device may call itself by one; it is never passed on.
bool is_hardware_address(std::string_view text);
// A short name that stays the same for the same address: "dev-3f2a9c01".
std::string masked_address(std::string_view address);
// A name with the hardware addresses in it replaced by what stays the same for each:
// "shellyplusht-b8d61a8b17cc" -> "shellyplusht-3f2a9c01"; also those of eight bytes, as Zigbee has
// them ("0x00158d0001dc1234").
std::string without_addresses(std::string_view name);

}  // namespace cxedge::devices
