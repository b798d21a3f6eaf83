// SPDX-License-Identifier: Apache-2.0
// What was handed to the agent, what it answered, and what may be missing at the end. Every reading
// and every event is one of a kind, so that what arrives can be told apart. Thread: one.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "agent/base/gap.hpp"
#include "agent/base/ids.hpp"
#include "agent/base/lane.hpp"

namespace cxedge::sim {

using std::chrono::milliseconds;

class Books {
public:
    enum class Fate : std::uint8_t {
        doubtful,     // the process ended before it answered
        accepted,     // must arrive or be declared
        refused,      // whoever sent it knows; must not arrive
        turned_away,  // refused, and declared on behalf of a source that cannot repeat it
    };
    struct Item {
        Lane lane = Lane::live;
        Fate fate = Fate::doubtful;
        milliseconds at{0};    // offered, world's time
        double amount = 0;     // increments: added to a window; else 0
        bool safe = false;     // committed against power cuts
        bool excused = false;  // a power cut may have taken it
        std::uint32_t arrived = 0;
    };

    // Returns its number, from 1: the value of the reading, the identity of the event.
    std::uint64_t offer(Lane lane, milliseconds at);
    void offer_increment(double amount, milliseconds at);
    // Of the reading, event or increment that was offered last.
    void decide(Fate fate);
    // Everything accepted so far is committed against power cuts; increments of open windows not.
    void commit_all();
    // Power went away: accepted since `items`, or in a window since `windows`, may be gone.
    void power_cut(milliseconds items, milliseconds windows);

    // False: nobody ever offered it.
    bool arrive(std::uint64_t number, Lane lane);
    void arrive_increments(double sum) { increments_arrived_ += sum; }

    // Per lane, of what was accepted: missing at the end, and how much of it is excused.
    struct Missing {
        std::uint64_t count = 0;
        std::uint64_t excused = 0;
        std::uint64_t turned_away = 0;
        std::uint64_t first = 0;  // a number that is missing without an excuse
        std::uint64_t last = 0;
        milliseconds first_at{0};  // when they were offered
        milliseconds last_at{0};
    };
    [[nodiscard]] Missing missing(Lane lane) const;
    [[nodiscard]] std::uint64_t accepted() const;
    // What arrived twice, or although it was refused; empty: nothing.
    [[nodiscard]] std::vector<std::string> impossible() const;
    struct Increments {
        double accepted = 0;
        double doubtful = 0;
        double excused = 0;
        double arrived = 0;
    };
    [[nodiscard]] Increments increments() const;

    static EventId event_id(std::uint64_t number);
    static std::uint64_t number_of(const EventId& id);

private:
    std::vector<Item> items_;
    std::vector<Item> increments_;
    Item* last_ = nullptr;
    std::size_t safe_ = 0;  // of items_, from the beginning
    double increments_arrived_ = 0;
};

}  // namespace cxedge::sim
