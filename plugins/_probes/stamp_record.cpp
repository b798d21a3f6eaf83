// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/stamp_record.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace cxedge::probes {
namespace {

constexpr double kNsInSecond = 1e9;
// Stamps of the two ends are not taken at quite the same place of their kernels.
constexpr std::int64_t kNoiseNs = 100'000;

double seconds_of(std::int64_t ns) {
    return static_cast<double>(ns) / kNsInSecond;
}

std::int64_t dwell_ns(const StampAnswer& answer) {
    return answer.t3 - answer.t2;
}

// It was back before the reflector says that it had let it go, or went before it came.
bool makes_no_sense(const StampSlot& slot) {
    const std::int64_t dwell = dwell_ns(*slot.answer);
    return dwell < -kNoiseNs || slot.answer->t4 - slot.t1 < dwell - kNoiseNs;
}

// Times that can be true.
bool has_times(const StampSlot& slot) {
    return slot.answer && !makes_no_sense(slot);
}

double slot_delay(const StampSlot& slot, StampWay way) {
    const StampAnswer& answer = *slot.answer;
    switch (way) {
        case StampWay::forward:
            return seconds_of(answer.t2 - slot.t1);
        case StampWay::backward:
            return seconds_of(answer.t4 - answer.t3);
        case StampWay::round_trip:
            break;
    }
    return seconds_of((answer.t4 - slot.t1) - dwell_ns(answer));
}

// What the reflector's numbers say.
struct ReflectorCount {
    std::uint64_t sent = 0;      // by the reflector: its highest number and all below
    std::uint64_t came = 0;      // of these, here
    std::uint64_t repeated = 0;  // requests that it got more than once, as far as seen

    [[nodiscard]] std::uint64_t arrived() const { return sent - std::min(sent, repeated); }
};

// Its numbers from `base` on; they go round at 2^32.
std::set<std::uint32_t> numbers_of(const StampSlot& slot, std::uint32_t base) {
    std::set<std::uint32_t> numbers{slot.answer->reflector_sequence - base};
    for (const std::uint32_t further : slot.further) {
        numbers.insert(further - base);
    }
    return numbers;
}

ReflectorCount reflector_count(const StampRecord& record, std::uint32_t base) {
    ReflectorCount count;
    std::set<std::uint32_t> all;
    for (const StampSlot& slot : record.slots) {
        if (slot.answer) {
            const std::set<std::uint32_t> own = numbers_of(slot, base);
            count.repeated += own.size() - 1;
            all.insert(own.begin(), own.end());
        }
    }
    count.came = all.size();
    count.sent = all.empty() ? 0 : std::uint64_t{*all.rbegin()} + 1;
    return count;
}

// No number is higher than it can be if the first packet that got there was given 0.
bool begins_with_zero(const StampRecord& record) {
    std::optional<std::size_t> first;
    std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
    for (std::size_t i = 0; i < record.slots.size(); ++i) {
        if (record.slots[i].answer) {
            first = first.value_or(i);
            least = std::min(least, record.slots[i].answer->reflector_sequence);
        }
    }
    return first && least <= *first && reflector_count(record, 0).arrived() <= record.slots.size();
}

// From each answer to the next its numbers rise by no more than we have sent meanwhile.
bool counts_only_ours(const StampRecord& record) {
    const StampSlot* before = nullptr;
    std::uint32_t sent = 0;
    for (const StampSlot& slot : record.slots) {
        ++sent;
        if (!slot.answer) {
            continue;
        }
        const std::uint32_t rise = before == nullptr ? sent
                                                     : slot.answer->reflector_sequence -
                                                           before->answer->reflector_sequence;
        if (rise == 0 || rise > sent) {
            return false;
        }
        before = &slot;
        sent = 0;
    }
    return true;
}

// What it gave to the first packet that it got. Nothing: nobody can tell.
std::optional<std::uint32_t> first_number(const StampRecord& record) {
    if (begins_with_zero(record)) {
        return 0;
    }
    const StampSlot& first = record.slots.front();
    return first.answer && counts_only_ours(record)
               ? std::optional(first.answer->reflector_sequence)
               : std::nullopt;
}

void split_loss(const StampRecord& record, StampLoss& loss) {
    if (loss.sent != 0 && loss.lost == 0) {
        loss.forward = loss.backward = 0;
        return;
    }
    if (record.slots.empty() || !record.slots.back().answer || !stamp_counts(record)) {
        return;  // how many of the last ones got there is not known
    }
    const std::optional<std::uint32_t> base = first_number(record);
    if (!base) {
        return;
    }
    const ReflectorCount count = reflector_count(record, *base);
    loss.forward = std::min(loss.sent - std::min(loss.sent, count.arrived()), loss.lost);
    loss.backward = count.sent - count.came;
}

// Of the packets between two answered ones, how many the reflector got.
std::size_t got_between(const StampSlot* before, const StampSlot& after, std::size_t missing) {
    const std::uint32_t first = before == nullptr ? 0 : before->answer->reflector_sequence + 1;
    // Signed: one that was overtaken has a lower number.
    const auto got = static_cast<std::int32_t>(after.answer->reflector_sequence - first);
    return std::min(missing, static_cast<std::size_t>(std::max(got, 0)));
}

void pass_missing(
    std::vector<StampPassage>& out, StampWay way, std::size_t missing, std::size_t got
) {
    if (way == StampWay::forward) {
        out.insert(out.end(), missing - got, {true, std::nullopt});
        out.insert(out.end(), got, {false, std::nullopt});
    } else {
        out.insert(out.end(), got, {true, std::nullopt});
    }
}

}  // namespace

const char* to_string(StampWay way) {
    switch (way) {
        case StampWay::forward:
            return "forward";
        case StampWay::backward:
            return "backward";
        case StampWay::round_trip:
            break;
    }
    return "round_trip";
}

bool stamp_counts(const StampRecord& record) {
    return std::any_of(record.slots.begin(), record.slots.end(), [](const StampSlot& slot) {
        return slot.answer && slot.answer->reflector_sequence != slot.sequence;
    });
}

StampLoss stamp_loss(const StampRecord& record) {
    StampLoss loss;
    loss.sent = record.slots.size();
    for (const StampSlot& slot : record.slots) {
        loss.lost += slot.answer ? 0U : 1U;
        loss.duplicates += slot.further.size();
    }
    split_loss(record, loss);
    return loss;
}

std::vector<double> stamp_delays(const StampRecord& record, StampWay way) {
    std::vector<double> delays;
    for (const StampSlot& slot : record.slots) {
        if (has_times(slot)) {
            delays.push_back(slot_delay(slot, way));
        }
    }
    return delays;
}

std::vector<double> stamp_dwells(const StampRecord& record) {
    std::vector<double> dwells;
    for (const StampSlot& slot : record.slots) {
        if (has_times(slot)) {
            dwells.push_back(seconds_of(dwell_ns(*slot.answer)));
        }
    }
    return dwells;
}

std::vector<double> stamp_ipdv(const StampRecord& record, StampWay way) {
    std::vector<double> differences;
    for (std::size_t i = 1; i < record.slots.size(); ++i) {
        const StampSlot& before = record.slots[i - 1];
        const StampSlot& slot = record.slots[i];
        if (has_times(before) && has_times(slot)) {
            differences.push_back(std::abs(slot_delay(slot, way) - slot_delay(before, way)));
        }
    }
    return differences;
}

std::optional<StampNonsense> stamp_nonsense(const StampRecord& record) {
    std::optional<StampNonsense> worst;
    for (const StampSlot& slot : record.slots) {
        if (!slot.answer || has_times(slot)) {
            continue;
        }
        const StampNonsense here{
            seconds_of(dwell_ns(*slot.answer)), seconds_of(slot.answer->t4 - slot.t1)};
        if (!worst || std::abs(here.dwell_s) > std::abs(worst->dwell_s)) {
            worst = here;
        }
    }
    return worst;
}

std::optional<double> stamp_clock_error(const StampRecord& record, double own_error_s) {
    std::optional<double> worst;
    for (const StampSlot& slot : record.slots) {
        if (!slot.answer) {
            continue;
        }
        const StampErrorEstimate& error = slot.answer->error;
        if (!error.synchronised || error.ptp || error.seconds <= 0) {
            return std::nullopt;
        }
        worst = std::max(worst.value_or(0), error.seconds);
    }
    return worst ? std::optional(*worst + own_error_s) : std::nullopt;
}

namespace {

std::optional<double> known_delay(const StampSlot& slot, StampWay way) {
    return has_times(slot) ? std::optional(slot_delay(slot, way)) : std::nullopt;
}

std::vector<StampPassage> round_trips(const StampRecord& record) {
    std::vector<StampPassage> out;
    for (const StampSlot& slot : record.slots) {
        out.push_back({!slot.answer, known_delay(slot, StampWay::round_trip)});
    }
    return out;
}

}  // namespace

std::vector<StampPassage> stamp_passages(const StampRecord& record, StampWay way) {
    if (way == StampWay::round_trip) {
        return round_trips(record);
    }
    std::vector<StampPassage> out;
    const StampSlot* before = nullptr;
    std::size_t missing = 0;
    for (const StampSlot& slot : record.slots) {
        if (!slot.answer) {
            ++missing;
            continue;
        }
        pass_missing(out, way, missing, got_between(before, slot, missing));
        out.push_back({false, known_delay(slot, way)});
        before = &slot;
        missing = 0;
    }
    return out;
}

}  // namespace cxedge::probes
