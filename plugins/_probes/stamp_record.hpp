// SPDX-License-Identifier: Apache-2.0
// What was seen of a stream of STAMP packets, and what follows from it. Pure. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "plugins/_probes/stamp_packet.hpp"

namespace cxedge::probes {

enum class StampWay : std::uint8_t { forward, backward, round_trip };
const char* to_string(StampWay way);

// Times are nanoseconds since 1970: t1 and t4 by this clock, t2 and t3 by the reflector's.
struct StampAnswer {
    std::uint32_t reflector_sequence = 0;
    std::int64_t t2 = 0;
    std::int64_t t3 = 0;
    std::int64_t t4 = 0;
    StampErrorEstimate error;  // the reflector's
};

struct StampSlot {
    std::uint32_t sequence = 0;  // as sent
    std::int64_t t1 = 0;
    bool kernel_time = false;            // t1 is the kernel's
    bool refused = false;                // this box would not send it: lost, whoever waits
    std::optional<StampAnswer> answer;   // the first
    std::vector<std::uint32_t> further;  // reflector_sequence of those that came after it
};

struct StampRecord {
    std::vector<StampSlot> slots;  // in the order sent
    std::uint64_t reordered = 0;   // answers that came after one of a later packet (RFC 4737)
};

// Of all packets. Directions are known if all came back, or if the reflector counts by itself and
// the last packet was answered: what it has not counted was lost on the way to it. Where its
// numbers do not begin with 0 (one count for all its sessions), the first packet must have been
// answered, too, and its numbers nowhere rise faster than ours.
struct StampLoss {
    std::uint64_t sent = 0;
    std::uint64_t lost = 0;  // without an answer
    std::uint64_t duplicates = 0;
    std::optional<std::uint64_t> forward;
    std::optional<std::uint64_t> backward;
};
StampLoss stamp_loss(const StampRecord& record);
// The reflector has its own numbers, as far as can be told: not if none differs from ours.
bool stamp_counts(const StampRecord& record);

// An answer whose times cannot be true. Such a packet is not lost, and has no delay.
struct StampNonsense {
    double dwell_s = 0;  // that the reflector says it kept it
    double away_s = 0;   // that it was away altogether
};
// The worst of them. Nothing: all times make sense; a dwell that is longer than the packet was away
// by less than 100 us is noise.
std::optional<StampNonsense> stamp_nonsense(const StampRecord& record);

// Seconds, of the packets that came back, in the order sent. May be negative: two clocks; a round
// trip by noise only.
// forward: t2 - t1, backward: t4 - t3, round_trip: (t4 - t1) - (t3 - t2).
std::vector<double> stamp_delays(const StampRecord& record, StampWay way);
// t3 - t2, of the same packets.
std::vector<double> stamp_dwells(const StampRecord& record);
// |difference| of the delays of each two packets that were sent one after the other and both came
// back (RFC 3393; "IPDV" of RFC 5481, 4.1). The offset of the clocks is not in it.
std::vector<double> stamp_ipdv(const StampRecord& record, StampWay way);
// How wrong a one-way delay may be, seconds: this clock's error and the largest the reflector told.
// Nothing: no answers, or one that says its clock is not set (S), or tells times of another scale
// (Z).
std::optional<double> stamp_clock_error(const StampRecord& record, double own_error_s);

// What a listener at the end of that way gets of each packet sent to him.
struct StampPassage {
    bool lost = false;
    std::optional<double> delay_s;  // as stamp_delays(); nothing: lost, or not known
};
// Where neighbours were lost in both directions, those before count as lost forward: which is which
// cannot be known, only how many. `round_trip` always works; the others need known directions.
std::vector<StampPassage> stamp_passages(const StampRecord& record, StampWay way);

}  // namespace cxedge::probes
