// SPDX-License-Identifier: Apache-2.0
// The bytes that a LoRaWAN device sent, out of whatever they came in: bytes, hex, base64, or JSON
// of ChirpStack 3 and 4, The Things Stack, or a gateway's own server. Include in .cpp files only.
// Pure. Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "plugins/_devices/formats/node.hpp"
#include "plugins/_devices/report.hpp"

namespace cxedge::devices {

struct LoraUplink {
    std::string device;  // its name, else its number; empty: not told
    std::string bytes;
    std::optional<DeviceTime> time;  // of receipt by the network
    std::string id;                  // of the uplink; empty: not told
    std::int64_t port = 0;           // 0: not told
};

// All but the bytes: what the JSON of a network server says around a payload.
LoraUplink describe_uplink(const Node& root);

// `fits`: whether bytes look like the device's, since some texts are both hex and base64.
// invalid_argument: no bytes are found.
Result<LoraUplink> read_lora_uplink(std::string_view body, bool (*fits)(std::string_view bytes));

// Empty: not hexadecimal (blanks are skipped); not base64.
std::string from_hex_text(std::string_view text);
std::string from_base64_text(std::string_view text);

// Unsigned numbers in bytes; `at + size` must be inside.
std::uint32_t little_endian(std::string_view bytes, std::size_t at, std::size_t size);
std::uint32_t big_endian(std::string_view bytes, std::size_t at, std::size_t size);

}  // namespace cxedge::devices
