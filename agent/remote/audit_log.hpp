// SPDX-License-Identifier: Apache-2.0
// Who changed what on this box: lines that each carry the hash of the line before, so that none can
// be changed, or removed or put in between two others, without those after it showing it. What is
// missing at either end does not show, and who owns the box can write the whole file anew: against
// both stands the copy of the events upstream. Thread: one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"

namespace cxedge::remote {

struct AuditEntry {
    WallTime at{};
    std::string actor;    // id of the key, hexadecimal; "local": somebody on the box; "agent"
    std::string action;   // "config", "command", "enrol", "key" ...
    std::string subject;  // "generation 7", a command's id
    std::string result;   // "confirmed", "rejected", "rolled back", "succeeded" ...
    std::string detail;   // for people; may be empty
    bool operator==(const AuditEntry&) const = default;
};

// A line of the file: number, UTC ms, actor, action, subject, result, detail and hash, with tabs
// between. The hash is the SHA-256 of the hash before (64 hexadecimal digits, zeros for the first)
// and of the line up to it.
class AuditLog {
public:
    // {state dir}/audit.log; made when there is none. Beyond `most` bytes the older half goes; the
    // numbers tell that there was one.
    explicit AuditLog(std::string path, std::size_t most = std::size_t{1} << 20U);
    // On disk when it returns ok. Half a line that a power cut left is cut off. Of each text 2 KiB
    // are kept.
    Status append(const AuditEntry& entry);
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    Status begin_anew(const std::string& line);

    std::string path_;
    std::size_t most_;
};

struct AuditReport {
    std::vector<AuditEntry> entries;  // oldest first
    // Where the chain is broken: "line 7: ..." Empty: it is whole.
    std::vector<std::string> problems;
    std::uint64_t first = 0;  // number of the first entry: > 1 when older ones were let go
    std::uint64_t last = 0;
    std::string last_hash;  // what the next line continues
};
AuditReport verify_audit(std::string_view text);
// not_found, unavailable, exhausted: as load_file().
Result<AuditReport> read_audit(const std::string& path);

}  // namespace cxedge::remote
