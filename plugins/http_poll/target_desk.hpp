// SPDX-License-Identifier: Apache-2.0
// What becomes of one target's answers: readings through the intake, its devices up or down, what
// was due and did not come as explicit losses. Thread: the loop's.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "plugins/_devices/intake.hpp"
#include "plugins/_devices/payload.hpp"

namespace cxedge::plugins {

// What of all requests became, for http_poll.polls.
enum class Outcome { ok, failed, skipped, dropped };

class TargetDesk {
public:
    struct Shared {
        Host& host;
        devices::Intake& intake;
        devices::PayloadReader& reader;
        std::function<void(Outcome)> count;
        // Something about a target is wrong, or (empty) well again.
        std::function<void(std::size_t target, const std::string& problem)> problem;
    };
    struct Naming {
        std::size_t number = 0;
        std::string target;  // "10.0.0.7": for people
        // All that comes is of this device; empty: as it calls itself.
        std::string device;
        std::string unnamed;  // the device of what comes without a name; empty: the source
        // What comes without a name is all there is: known before anything came.
        bool never_named = false;
        std::string path;  // of the URL, for formats that look at it
        // Asked for again with the next request: an interval that is not over is left for later.
        bool leaves_unfinished = false;
    };

    TargetDesk(const Shared& shared, Naming naming);

    // An answer came. Not of the format: said and counted; what was due is lost.
    void take(std::string_view content_type, std::string_view body);
    // It is there, although it said nothing that counts.
    void heard();
    // Nothing came; `why` is said as the source's problem.
    void failed(const std::string& why);
    // Something about what came, not about the target's reachability.
    void complain(std::string_view what);
    void passed_over(std::uint64_t pictures);
    void count(Outcome outcome) const { shared_.count(outcome); }
    [[nodiscard]] const Naming& naming() const { return naming_; }

private:
    void adopt(devices::Report& report);
    void leave_unfinished(devices::Report& report) const;
    void remember(devices::Report& report);
    void add_losses(devices::Report& report) const;
    [[nodiscard]] std::string device_of(const std::string& said) const;
    void unreadable(const Error& error);

    const Shared& shared_;
    const Naming naming_;
    std::set<std::string> devices_;
    // Levels and states of the last good answer: due with each, also one of which a part is bad.
    std::map<SeriesKey, devices::Reading> due_;
};

}  // namespace cxedge::plugins
