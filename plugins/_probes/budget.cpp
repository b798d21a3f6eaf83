// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/budget.hpp"

#include <algorithm>
#include <exception>
#include <limits>
#include <utility>

namespace cxedge::probes {
namespace {

constexpr std::uint64_t kEndless = std::numeric_limits<std::uint64_t>::max();
// Of a TCP segment as Ethernet carries it: 1,500 bytes with IP and TCP headers and time stamps.
constexpr std::uint64_t kSegment = 1448;
constexpr std::uint64_t kHeaders = 52;
constexpr std::uint64_t kLeastBytes = 16U << 10U;
constexpr std::uint64_t kLeastPackets = 16;

std::uint64_t left_of(const std::optional<std::uint64_t>& limit, std::uint64_t spent) {
    if (!limit) {
        return kEndless;
    }
    return *limit > spent ? *limit - spent : 0;
}

// `least`: so that near a limit not every packet is a write to flash.
std::uint64_t granted(
    std::uint64_t need, std::uint64_t usual, std::uint64_t least, std::uint64_t room
) {
    if (need == 0) {
        return 0;
    }
    const std::uint64_t part = std::max(least, std::min(usual, room / Meter::kGrantPart));
    return std::max(need, std::min(part, room));
}

}  // namespace

Meter::Meter(
    std::string directory,
    std::string interface,
    std::string test,
    BudgetLimits limits,
    const Clock& clock
)
    : ledger_(std::move(directory), std::move(interface)),
      test_(std::move(test)),
      limits_(limits),
      clock_(clock) {}

Meter::~Meter() {
    try {
        give_back();
    } catch (const std::exception&) {  // out of memory: it stays spent
        return;
    }
}

bool Meter::limited() const {
    return limits_.test_bytes || limits_.test_packets || limits_.interface_bytes ||
           limits_.interface_packets;
}

void Meter::begin_month() {
    // Asked for every packet, and a month begins at a full hour.
    const auto hour = std::chrono::floor<std::chrono::hours>(clock_.wall_now());
    if (hour == hour_) {
        return;
    }
    hour_ = hour;
    const std::string now = iso8601(hour).substr(0, 7);
    if (now != month_) {
        give_back();
        month_ = now;
    }
}

BudgetUse Meter::room(const Spent& spent) const {
    const auto own = spent.find(test_);
    const BudgetUse mine = own != spent.end() ? own->second : BudgetUse{};
    const BudgetUse all = total_of(spent);
    return {
        std::min(
            left_of(limits_.test_bytes, mine.bytes), left_of(limits_.interface_bytes, all.bytes)
        ),
        std::min(
            left_of(limits_.test_packets, mine.packets),
            left_of(limits_.interface_packets, all.packets)
        )};
}

bool Meter::take_grant(BudgetUse need) {
    bool within = true;
    const Status changed = ledger_.change(month_, [&](Spent& spent) {
        const BudgetUse left = room(spent);
        within = need.bytes <= left.bytes && need.packets <= left.packets;
        const BudgetUse grant{
            granted(need.bytes, kGrantBytes, kLeastBytes, left.bytes),
            granted(need.packets, kGrantPackets, kLeastPackets, left.packets)};
        BudgetUse& mine = spent[test_];
        mine.bytes += grant.bytes;
        mine.packets += grant.packets;
        grant_.bytes += grant.bytes;
        grant_.packets += grant.packets;
    });
    problem_ = changed ? "" : changed.error().message;
    return changed ? within : !limited();
}

bool Meter::spend(std::uint64_t bytes, std::uint64_t packets) {
    begin_month();
    used_.bytes += bytes;
    used_.packets += packets;
    bool within = true;
    if (grant_.bytes < bytes || grant_.packets < packets) {
        within = take_grant(
            {bytes - std::min(bytes, grant_.bytes), packets - std::min(packets, grant_.packets)}
        );
    }
    grant_.bytes -= std::min(bytes, grant_.bytes);
    grant_.packets -= std::min(packets, grant_.packets);
    return within;
}

bool Meter::spend_stream(std::uint64_t bytes) {
    const std::uint64_t segments = (bytes + kSegment - 1) / kSegment;
    const std::uint64_t acknowledgements = (segments + 1) / 2;
    return spend(bytes + (segments + acknowledgements) * kHeaders, segments + acknowledgements);
}

std::optional<std::uint64_t> Meter::bytes_left() {
    if (!limits_.test_bytes && !limits_.interface_bytes) {
        return std::nullopt;
    }
    begin_month();
    const auto spent = ledger_.read(month_);
    problem_ = spent ? "" : spent.error().message;
    return spent ? room(*spent).bytes + grant_.bytes : 0;
}

bool Meter::exhausted() {
    if (!limited()) {
        return false;
    }
    begin_month();
    const auto spent = ledger_.read(month_);
    problem_ = spent ? "" : spent.error().message;
    if (!spent) {
        return true;
    }
    const BudgetUse left = room(*spent);
    return left.bytes == 0 && grant_.bytes == 0 ? true : left.packets == 0 && grant_.packets == 0;
}

void Meter::give_back() {
    if (grant_.bytes == 0 && grant_.packets == 0) {
        return;
    }
    const BudgetUse back = std::exchange(grant_, {});
    // Where that fails it stays spent.
    (void)ledger_.change(month_, [&](Spent& spent) {
        BudgetUse& mine = spent[test_];
        mine.bytes -= std::min(mine.bytes, back.bytes);
        mine.packets -= std::min(mine.packets, back.packets);
    });
}

}  // namespace cxedge::probes
