// SPDX-License-Identifier: Apache-2.0
// Judges commands, runs them once, and tells what became of them (README.md, "Commands"). Journal
// first, then act: whatever kills the agent, a command is run at most once and its outcome is told.
// Thread: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/model/event.hpp"
#include "agent/remote/command_journal.hpp"
#include "agent/remote/envelope.hpp"
#include "agent/wire/command.hpp"
#include "agent/wire/enrolment.hpp"

namespace cxedge::remote {

// To be called once, from the desk's thread: the result, or why there is none. Texts beyond
// kMaxResultBytes are cut.
using CommandRespond = std::function<void(Result<std::string>)>;
inline constexpr std::size_t kMaxResultBytes = 64U << 10U;

struct CommandOperation {
    std::function<void(const wire::Command&, const CommandRespond&)> run;
    // It ends this process: that it runs again is its success.
    bool ends_process = false;
    // It only reads: who misses its result asks again, so that does not go to flash with the
    // outcome.
    bool repeatable = false;
};

// How a command came. Nobody has signed this: it may shorten a command's life, or say who wants its
// outcome as well.
struct CommandDelivery {
    SteadyTime until = SteadyTime::max();  // MQTT message expiry
    std::string response_topic;            // empty: only lane 0 tells the outcome
    std::string correlation;
};

struct CommandCounters {
    std::uint64_t accepted = 0;
    std::uint64_t rejected = 0;  // forged, not for us, expired, repeated ...
    std::string last_refusal;    // why the last of them
};

class CommandDesk {
public:
    // A clock that is behind must not keep a box from being asked.
    static constexpr std::chrono::minutes kClockTolerance{5};
    static constexpr std::size_t kMaxOpen = 16;

    struct Parts {
        const Clock& clock;
        wire::EnrolName self;         // this node
        std::vector<PublicKey> keys;  // [remote] keys
        std::map<std::string, CommandOperation> operations;
        // To lane 0; `kept` is called (from the desk's thread) once it survives the process.
        std::function<void(Event, std::function<void()> kept)> tell;
        // Who asked for what (`arguments`: "series=cpu.* ttl_s=60", not masked), and the outcome;
        // may be empty.
        std::function<void(const CommandRecord&, const std::string& arguments)> audit;
        // Whoever asked and waits, of the outcome, once; may be empty.
        std::function<void(const CommandDelivery&, const CommandRecord&)> reply{};
    };
    // Call resume() when operations may run.
    CommandDesk(CommandJournal journal, Parts parts);
    CommandDesk(const CommandDesk&) = delete;
    CommandDesk& operator=(const CommandDesk&) = delete;
    ~CommandDesk() = default;

    // The keys that hold from now on.
    void pin(std::vector<PublicKey> keys) { parts_.keys = std::move(keys); }
    // What the process before left: begun is interrupted, accepted is run, outcomes are told.
    void resume();
    // A payload of cmd/req.
    void receive(std::string_view payload, bool retained, CommandDelivery delivery = {});
    // So many more came than could be read.
    void unread(std::uint64_t commands);
    // About once a second: gives up what runs too long.
    void tick();
    [[nodiscard]] const CommandCounters& counters() const { return counters_; }

private:
    struct Running {
        SteadyTime until;
        std::uint64_t turn;
    };

    // A command and the id of the key that signed it.
    struct Signed {
        wire::Command command;
        std::string body;
        std::string key_id;
    };
    [[nodiscard]] Result<Signed> judge(std::string_view payload, bool retained) const;
    [[nodiscard]] Status check_address(const wire::Command& command) const;
    [[nodiscard]] Status check_turn(const wire::Command& command) const;
    [[nodiscard]] bool expired(const wire::Command& command) const;
    void consider(const Signed& asked, CommandDelivery delivery);
    void resume_one(const CommandRecord& record);
    void count_refused(const std::string& why, std::uint64_t commands = 1);
    void refuse(const std::string& why, std::uint64_t commands = 1);
    void begin(const wire::Command& command);
    void respond(const std::string& id, std::uint64_t turn, const Result<std::string>& result);
    void finish(const std::string& id, CommandState state, std::string detail);
    void conclude(CommandRecord record);
    [[nodiscard]] CommandRecord worth_keeping(const CommandRecord& record) const;
    void tell(const CommandRecord& record);
    void tell_part(const CommandRecord& record, std::size_t part, std::size_t parts);
    void mark_told(const std::string& id);

    CommandJournal journal_;
    Parts parts_;
    std::map<std::string, Running> running_;
    std::map<std::string, CommandDelivery> askers_;  // who waits for what is open
    std::uint64_t turns_ = 0;
    CommandCounters counters_;
    SteadyTime complain_at_{};
    std::uint64_t unsaid_ = 0;  // refusals since the last event
};

}  // namespace cxedge::remote
