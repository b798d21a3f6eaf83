// SPDX-License-Identifier: Apache-2.0
// Whether the shop is open, from what sensors say and what the schedule expects. Durations go by
// the steady clock, so that a wall clock that is set moves nothing but the schedule. Pure but for
// the time zone of the box. Thread: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/model/event.hpp"

#include "plugins/store_state/evidence.hpp"
#include "plugins/store_state/schedule.hpp"

namespace cxedge::plugins {

// As store.open counts them.
enum class StoreOpen : std::uint8_t { closed, opening, open, closing, unknown };
std::vector<std::string> store_open_states();

struct JudgeRules {
    std::vector<EvidenceRule> evidence = usual_evidence();
    double schedule_weight = 1;
    double threshold = 0.2;  // of the balance between -1 (all say closed) and 1 (all say open)
    std::chrono::milliseconds settle{300'000};         // it must look so for so long
    std::chrono::milliseconds late{900'000};           // opened so much later is an alarm
    std::chrono::milliseconds early{900'000};          // closed so much earlier, too
    std::chrono::milliseconds after_hours{1'800'000};  // somebody there so long after closing, too
    std::chrono::milliseconds prepare{7'200'000};      // before opening somebody may be there
    OpeningDay cleaning;                               // then, too
    std::chrono::milliseconds remember{1'800'000};     // after a start the last state holds so long
};

struct StoreNews {
    std::string name;  // "store.opened"
    Severity severity = Severity::info;
    EventState state = EventState::raise;
    std::int64_t day = 0;  // of the opening hours it is about: names an alarm from raise to clear
    std::string text;
    std::vector<Dimension> attrs;  // the evidence
};

class StoreJudge {
public:
    struct Now {
        WallTime wall;
        SteadyTime steady;
    };

    StoreJudge(JudgeRules rules, OpeningHours hours);

    // A reading that one of the rules (by index) waits for; `at` is when it was measured.
    void take(std::size_t rule, const SeriesInfo& info, double value, SteadyTime at);
    // Concludes; call it every few seconds.
    std::vector<StoreNews> look(const Now& now);
    [[nodiscard]] StoreOpen state() const;

    // For the next run: changes only when a state or an alarm does.
    [[nodiscard]] std::string save(const Now& now);
    // False: not what save() wrote; nothing is remembered then.
    bool restore(std::string_view text, const Now& now);

private:
    struct Balance {
        double open = 0;
        double closed = 0;
        bool fresh = false;  // any sensor says something, if only that nothing happens
    };
    struct Candidate {
        bool open = false;
        SteadyTime since;
    };
    struct Alarm {
        std::int64_t day = 0;  // of the last
        bool raised = false;
    };

    Balance weigh(const Now& now);
    [[nodiscard]] std::optional<bool> looks(const Balance& balance, const Now& now) const;
    void settle(std::optional<bool> open, const Now& now);
    void change(bool open, SteadyTime since, const Now& now);
    void check_late(const Now& now);
    void clear_late(WallTime opened, const Now& now);
    void check_early(WallTime closed, const Now& now);
    void check_after_hours(const Now& now);
    [[nodiscard]] bool after_hours_now(const Now& now) const;
    bool somebody_there(const Now& now);
    [[nodiscard]] bool is_cleaning(WallTime time) const;
    [[nodiscard]] bool has_schedule(WallTime time) const;
    [[nodiscard]] WallTime wall_of(SteadyTime time, const Now& now) const;
    void tell(StoreNews news, const Now& now);

    JudgeRules rules_;
    OpeningHours hours_;
    std::vector<Evidence> evidence_;
    std::vector<Evidence::Says> said_;  // at this look
    StoreOpen settled_ = StoreOpen::unknown;
    std::optional<bool> last_known_;  // open or closed, before it was unknown
    SteadyTime since_{};              // of settled_
    WallTime saved_since_{};          // as last saved: clocks drift, and flash wears
    std::optional<Candidate> candidate_;
    std::optional<SteadyTime> present_since_;
    std::optional<SteadyTime> remembered_until_;
    Alarm late_;
    Alarm early_;
    Alarm after_;
    std::vector<StoreNews> news_;
};

}  // namespace cxedge::plugins
