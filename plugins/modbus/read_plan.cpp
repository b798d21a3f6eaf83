// SPDX-License-Identifier: Apache-2.0
#include "plugins/modbus/read_plan.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace cxedge::plugins {
namespace {

constexpr std::size_t kMostBits = 2'000;  // of the protocol; a register holds 16 of them

std::size_t most_of(RegisterTable table, const ReadLimits& limits) {
    return is_bits(table) ? std::min(limits.registers * 16, kMostBits) : limits.registers;
}

ReadRequest request_for(const RegisterPlace& place, std::size_t item, const ReadLimits& limits) {
    const bool too_long = place.words > most_of(place.table, limits);
    return {place.table, place.start, place.words, place.by_word || too_long, place.clears, {item}};
}

// Takes the place into the request, unless they do not go together.
bool joined(
    ReadRequest& request, const RegisterPlace& place, std::size_t item, const ReadLimits& limits
) {
    const std::size_t end = std::size_t{request.start} + request.count;
    const std::size_t new_end = std::max(end, std::size_t{place.start} + place.words);
    if (place.table != request.table || place.alone || place.by_word || request.by_word ||
        place.start > end + limits.gap || new_end - request.start > most_of(place.table, limits)) {
        return false;
    }
    request.count = static_cast<std::uint16_t>(new_end - request.start);
    request.clears = request.clears || place.clears;
    request.items.push_back(item);
    return true;
}

}  // namespace

std::string_view to_string(RegisterTable table) {
    switch (table) {
        case RegisterTable::holding:
            return "holding";
        case RegisterTable::input:
            return "input";
        case RegisterTable::coil:
            return "coil";
        case RegisterTable::discrete:
            break;
    }
    return "discrete";
}

bool is_bits(RegisterTable table) {
    return table == RegisterTable::coil || table == RegisterTable::discrete;
}

std::vector<ReadRequest> plan_reads(
    const std::vector<RegisterPlace>& places, const ReadLimits& limits
) {
    std::vector<std::size_t> order(places.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return std::tie(places[a].table, places[a].start) <
               std::tie(places[b].table, places[b].start);
    });
    std::vector<ReadRequest> requests;
    bool open = false;  // whether the last request may take in neighbours
    for (const std::size_t item : order) {
        const RegisterPlace& place = places[item];
        if (!open || !joined(requests.back(), place, item, limits)) {
            requests.push_back(request_for(place, item, limits));
            open = !place.alone && !place.by_word;
        }
    }
    return requests;
}

}  // namespace cxedge::plugins
