// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_icmp/echo_tally.hpp"

#include <cmath>

namespace cxedge::plugins {
namespace {

std::optional<RoundTrip> reply_in_time(const EchoSlot& slot, std::int64_t wait_ns) {
    if (!slot.answered) {
        return std::nullopt;
    }
    const RoundTrip trip = round_trip(slot.times);
    return trip.ns <= wait_ns ? std::optional(trip) : std::nullopt;
}

}  // namespace

EchoTally tally(std::span<const EchoSlot> slots, std::uint16_t size, std::int64_t wait_ns) {
    EchoTally out;
    double differences = 0;
    int pairs = 0;
    std::optional<double> before;
    for (const EchoSlot& slot : slots) {
        if (slot.size != size || !slot.sent) {
            continue;
        }
        ++out.sent;
        out.duplicates += slot.duplicates;
        const auto trip = reply_in_time(slot, wait_ns);
        if (!trip) {
            ++out.lost;
            before.reset();
            continue;
        }
        const double seconds = static_cast<double>(trip->ns) / 1e9;
        if (before) {
            differences += std::abs(seconds - *before);
            ++pairs;
        }
        before = seconds;
        out.rtt.push_back(seconds);
        out.by_kernel += trip->by_kernel ? 1U : 0U;
        out.reordered += slot.reordered ? 1U : 0U;
    }
    out.jitter = pairs > 0 ? std::optional(differences / pairs) : std::nullopt;
    return out;
}

}  // namespace cxedge::plugins
