// SPDX-License-Identifier: Apache-2.0
// What became of each command, for seven days: an append-only file of records, each with its length
// and CRC-32C, on disk before the step that it tells of is taken. What is torn at its end never
// happened. Thread: one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge::remote {

enum class CommandState : std::uint8_t {
    accepted,   // will be run
    running,    // was begun
    succeeded,  // from here on: final
    failed,
    expired,      // too late to begin
    rejected,     // signed, but not to be run
    interrupted,  // the agent ended while it ran; it is not run again
};
std::string_view to_string(CommandState state);
constexpr bool is_final(CommandState state) {
    return state != CommandState::accepted && state != CommandState::running;
}

struct CommandRecord {
    std::string id;    // ULID
    std::string body;  // the signed Command; empty once it is final
    CommandState state = CommandState::accepted;
    WallTime at{};  // of the state
    std::string op;
    std::string detail;  // result or reason
    bool told = false;   // the outcome is with lane 0
    std::string key_id;  // who signed it, hexadecimal; empty: of a version that did not keep it
    WallTime expires{};  // from here on its own ttl refuses it
    bool operator==(const CommandRecord&) const = default;
};

class CommandJournal {
public:
    // Ids are known for so long; a command lives no longer (wire::kMaxCommandTtl).
    static constexpr std::chrono::hours kRemembered{7 * 24};
    // At 24 an hour it is seven days. Beyond that ids are forgotten as soon as their ttl refuses a
    // repetition anyway; further commands are refused only when there are none such.
    static constexpr std::size_t kMaxRecords = 4096;

    // Forgets what is older than kRemembered. A damaged file is read as far as it goes.
    static Result<CommandJournal> open(
        const std::string& path, WallTime now, std::size_t most = kMaxRecords
    );

    // Null: never seen.
    [[nodiscard]] const CommandRecord* find(const std::string& id) const;
    [[nodiscard]] const std::map<std::string, CommandRecord>& records() const { return records_; }
    // On disk when it returns ok, and otherwise not there. exhausted: `most` are remembered that
    // must be.
    Status write(const CommandRecord& record);
    // The outcome is told; a crash that forgets this tells it once more.
    Status mark_told(const std::string& id);

private:
    CommandJournal(std::string path, std::size_t most) : path_(std::move(path)), most_(most) {}
    void read(std::string_view bytes, WallTime now);
    void forget_old(WallTime now);
    void make_room(WallTime now);
    Status rewrite();
    Status reopen();
    Status cut_back(const Error& why);
    Status append(const CommandRecord& record, bool sync);

    std::string path_;
    std::size_t most_;
    UniqueFd file_;
    std::size_t bytes_ = 0;
    std::size_t rewrite_at_ = 0;  // bytes_
    std::map<std::string, CommandRecord> records_;
};

}  // namespace cxedge::remote
