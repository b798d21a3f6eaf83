// SPDX-License-Identifier: Apache-2.0
#include "agent/app/twin_keeper.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>

#include <fmt/core.h>

#include "agent/base/durable_file.hpp"
#include "agent/base/ids.hpp"
#include "agent/base/log.hpp"
#include "agent/remote/twin_file.hpp"

namespace cxedge::app {
namespace {

constexpr std::size_t kMaxSiteBytes = std::size_t{256} * 1024;
constexpr std::size_t kMaxBootId = 64;

std::string text_of(const std::string& path, std::size_t most) {
    auto text = load_file(path, most);
    return text ? std::move(*text) : std::string();
}

bool same_attempt(const remote::AuditEntry& one, const remote::AuditEntry& other) {
    return unix_ms(one.at) == unix_ms(other.at) && one.action == other.action &&
           one.subject == other.subject && one.result == other.result;
}

std::string first_text(const std::vector<std::string>& texts) {
    return texts.empty() ? std::string() : texts.front();
}

remote::AuditEntry entry_of(const wire::TwinAttempt& attempt) {
    return {
        attempt.at,
        to_hex(attempt.key_id),
        "config",
        fmt::format("generation {}", attempt.version.generation),
        std::string(wire::to_string(attempt.outcome)),
        first_text(attempt.reasons)};
}

}  // namespace

TwinKeeper::TwinKeeper(const Places& places, const Clock& clock)
    : file_(places.state_dir + "/twin"),
      site_file_(places.config_file),
      state_dir_(places.state_dir),
      clock_(clock),
      audit_(places.state_dir + "/audit.log"),
      boot_id_(text_of("/proc/sys/kernel/random/boot_id", kMaxBootId)),
      site_text_(text_of(site_file_, kMaxSiteBytes)) {
    Result<remote::TwinState> read = remote::read_twin(file_);
    if (read) {
        state_ = std::move(*read);
        if (!newest_is_audited()) {
            audit_newest();
        }
        return;
    }
    log::error("twin", read.error().message + "; the site's file alone applies");
    drift_.push_back("what operations configured is lost: " + read.error().message);
    set_aside(read.error().code == ErrorCode::corrupt ? ".damaged" : ".unread");
}

// What could not be read today may be read by a person tomorrow: nothing is written over it.
void TwinKeeper::set_aside(const std::string& suffix) {
    if (std::rename(file_.c_str(), (file_ + suffix).c_str()) != 0) {
        in_the_way_ = true;
    }
}

remote::TwinMoment TwinKeeper::moment() const {
    remote::TwinMoment now;
    now.wall = clock_.wall_now();
    now.boot = clock_.boot_now();
    now.boot_id = boot_id_;
    now.site_hash = site_hash();
    now.pinned_hash = remote::hash_of(pinned_);
    return now;
}

Status TwinKeeper::keep(remote::TwinState state) {
    if (state == state_) {
        return {};
    }
    if (in_the_way_) {
        return unavailable(file_ + " cannot be read nor moved aside: move it away and restart");
    }
    std::error_code ignored;  // the write says it better
    std::filesystem::create_directories(state_dir_, ignored);
    if (Status written = remote::write_twin(file_, state); !written) {
        return written;
    }
    state_ = std::move(state);
    return {};
}

void TwinKeeper::give_up_unkept(const std::string& why) {
    remote::TwinMoment now = moment();
    now.reasons = {"its state cannot be kept: " + why};
    state_ = remote::advance(std::move(state_), remote::TwinInput::spent, now).state;
}

void TwinKeeper::audit_newest() {
    const Status written = audit_.append(entry_of(state_.history.front()));
    if (!written) {
        log::error("twin", "audit log: " + written.error().message);
    }
}

bool TwinKeeper::newest_is_audited() const {
    if (state_.history.empty()) {
        return true;
    }
    const auto report = remote::read_audit(audit_.path());
    if (!report) {
        return report.error().code != ErrorCode::not_found;
    }
    if (report->entries.empty()) {
        return false;
    }
    const remote::AuditEntry newest = entry_of(state_.history.front());
    const bool let_go = report->first > 1 && newest.at < report->entries.front().at;
    return let_go ||
           std::any_of(
               report->entries.begin(),
               report->entries.end(),
               [&newest](const remote::AuditEntry& entry) { return same_attempt(entry, newest); }
           );
}

bool TwinKeeper::site_is_as_started() const {
    return text_of(site_file_, kMaxSiteBytes) == site_text_;
}

// A box that nobody configures from afar asks for no hash: OpenSSL's take 2 MiB of memory.
std::string TwinKeeper::site_hash() const {
    const bool nobody = pinned_.empty() && state_ == remote::TwinState();
    return nobody ? std::string() : remote::sha256(site_text_);
}

std::vector<std::string> TwinKeeper::drift() const {
    std::vector<std::string> all = drift_;
    const std::uint64_t generation = state_.good.version.generation;
    if (generation != 0 && state_.site_hash != site_hash()) {
        all.push_back(
            fmt::format("the site's file was changed since generation {} was confirmed", generation)
        );
    }
    if (!site_is_as_started()) {
        all.emplace_back("the site's file was changed since this start, and is not in force");
    }
    return all;
}

}  // namespace cxedge::app
