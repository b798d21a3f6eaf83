// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/stamp_record.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace cxedge::probes {
namespace {

constexpr double kNsInSecond = 1e9;

double seconds_of(std::int64_t ns) {
    return static_cast<double>(ns) / kNsInSecond;
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
    return seconds_of((answer.t4 - slot.t1) - (answer.t3 - answer.t2));
}

// What the reflector's numbers say.
struct ReflectorCount {
    std::uint64_t sent = 0;      // by the reflector: its highest number and all below
    std::uint64_t came = 0;      // of these, here
    std::uint64_t repeated = 0;  // requests that it got more than once, as far as seen
};

ReflectorCount reflector_count(const StampRecord& record) {
    ReflectorCount count;
    std::set<std::uint32_t> all;
    for (const StampSlot& slot : record.slots) {
        if (slot.answer) {
            std::set<std::uint32_t> own(slot.further.begin(), slot.further.end());
            own.insert(slot.answer->reflector_sequence);
            count.repeated += own.size() - 1;
            all.insert(own.begin(), own.end());
        }
    }
    count.came = all.size();
    count.sent = all.empty() ? 0 : std::uint64_t{*all.rbegin()} + 1;
    return count;
}

void split_loss(const StampRecord& record, StampLoss& loss) {
    if (record.slots.empty() || !record.slots.back().answer) {
        return;  // how many of the last ones got there is not known
    }
    if (!stamp_counts(record)) {
        if (loss.lost == 0) {
            loss.forward = loss.backward = 0;
        }
        return;
    }
    const ReflectorCount count = reflector_count(record);
    const std::uint64_t arrived = count.sent - std::min(count.sent, count.repeated);
    if (arrived > loss.sent) {
        return;  // its numbers do not begin with zero, or are not only ours
    }
    loss.forward = std::min(loss.sent - arrived, loss.lost);
    loss.backward = count.sent - count.came;
}

// Of the packets between two answered ones, how many the reflector got.
std::size_t got_between(const StampSlot* before, const StampSlot& after, std::size_t missing) {
    const std::int64_t first =
        before == nullptr ? 0 : std::int64_t{before->answer->reflector_sequence} + 1;
    const std::int64_t got = std::int64_t{after.answer->reflector_sequence} - first;
    return static_cast<std::size_t>(
        std::clamp<std::int64_t>(got, 0, static_cast<std::int64_t>(missing))
    );
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
        if (slot.answer) {
            delays.push_back(slot_delay(slot, way));
        }
    }
    return delays;
}

std::vector<double> stamp_dwells(const StampRecord& record) {
    std::vector<double> dwells;
    for (const StampSlot& slot : record.slots) {
        if (slot.answer) {
            dwells.push_back(seconds_of(slot.answer->t3 - slot.answer->t2));
        }
    }
    return dwells;
}

std::vector<double> stamp_ipdv(const StampRecord& record, StampWay way) {
    std::vector<double> differences;
    for (std::size_t i = 1; i < record.slots.size(); ++i) {
        const StampSlot& before = record.slots[i - 1];
        const StampSlot& slot = record.slots[i];
        if (before.answer && slot.answer) {
            differences.push_back(std::abs(slot_delay(slot, way) - slot_delay(before, way)));
        }
    }
    return differences;
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

std::vector<StampPassage> round_trips(const StampRecord& record) {
    std::vector<StampPassage> out;
    for (const StampSlot& slot : record.slots) {
        std::optional<double> delay;
        if (slot.answer) {
            delay = slot_delay(slot, StampWay::round_trip);
        }
        out.push_back({!slot.answer, delay});
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
        out.push_back({false, slot_delay(slot, way)});
        before = &slot;
        missing = 0;
    }
    return out;
}

}  // namespace cxedge::probes
