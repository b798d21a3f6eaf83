// SPDX-License-Identifier: Apache-2.0
// Which requests read the registers of a device: neighbours together, as far as the device lets.
// Pure. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace cxedge::plugins {

enum class RegisterTable : std::uint8_t { holding, input, coil, discrete };

std::string_view to_string(RegisterTable table);
// Coils and discrete inputs are single bits.
bool is_bits(RegisterTable table);

// Where one value is.
struct RegisterPlace {
    RegisterTable table = RegisterTable::holding;
    std::uint16_t start = 0;  // as on the wire, from 0
    std::uint16_t words = 1;  // registers or bits
    bool clears = false;      // reading it sets it to zero: never read it twice
    bool alone = false;       // the device refused it together with its neighbours
    bool by_word = false;     // the device refused all of its registers at once
};

struct ReadRequest {
    RegisterTable table = RegisterTable::holding;
    std::uint16_t start = 0;
    std::uint16_t count = 1;
    bool by_word = false;            // register by register
    bool clears = false;             // something in it is set to zero by reading
    std::vector<std::size_t> items;  // indices of the places that it reads
};

struct ReadLimits {
    std::size_t registers = 100;  // in one request
    std::size_t gap = 0;          // registers between two places that may be read along
};

// In the order of the addresses; each place is in exactly one request.
std::vector<ReadRequest> plan_reads(
    const std::vector<RegisterPlace>& places, const ReadLimits& limits
);

}  // namespace cxedge::plugins
