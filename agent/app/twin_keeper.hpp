// SPDX-License-Identifier: Apache-2.0
// The twin's memory: state on disk before each step, and what is said about it in audit log and
// report. Thread: main's.
#pragma once

#include <string>
#include <vector>

#include "agent/app/options.hpp"
#include "agent/base/clock.hpp"
#include "agent/remote/audit_log.hpp"
#include "agent/remote/twin.hpp"

namespace cxedge::app {

class TwinKeeper {
public:
    // Reads what the process before left. A file that is damaged (".damaged") or cannot be read
    // (".unread") is set aside: the box then runs its site's file alone, and says so.
    TwinKeeper(const Places& places, const Clock& clock);

    [[nodiscard]] const remote::TwinState& state() const { return state_; }
    // The moment but for what only a running agent knows.
    [[nodiscard]] remote::TwinMoment moment() const;
    // Keeps the new state, then it holds. Where it cannot be kept nothing changes, and the error
    // says why.
    Status keep(remote::TwinState state);
    // The state cannot be kept, and a trial nobody counts would never end: back in memory.
    void give_up_unkept(const std::string& why);
    // "generation 7", the key that signed, ...: the newest entry of the history into the log. What
    // a kill -9 kept from it after keep(), the next process puts there at its start.
    void audit_newest();

    void pin(std::vector<remote::PublicKey> keys) { pinned_ = std::move(keys); }
    [[nodiscard]] const std::vector<remote::PublicKey>& pinned() const { return pinned_; }
    // The site's file is what this process read at its start.
    [[nodiscard]] bool site_is_as_started() const;
    // How the box differs from what was confirmed.
    [[nodiscard]] std::vector<std::string> drift() const;
    void note_drift(std::string what) { drift_.push_back(std::move(what)); }

private:
    [[nodiscard]] std::string site_hash() const;
    void set_aside(const std::string& suffix);
    [[nodiscard]] bool newest_is_audited() const;

    std::string file_;
    bool in_the_way_ = false;  // a file that could not be read is still there
    std::string site_file_;
    std::string state_dir_;
    const Clock& clock_;
    remote::AuditLog audit_;
    remote::TwinState state_;
    std::string boot_id_;
    std::string site_text_;  // at start: what this process runs
    std::vector<remote::PublicKey> pinned_;
    std::vector<std::string> drift_;
};

}  // namespace cxedge::app
