// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/command_journal.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/byte_codec.hpp"
#include "agent/base/durable_file.hpp"
#include "agent/base/ids.hpp"
#include "agent/base/log.hpp"

namespace cxedge::remote {
namespace {

constexpr std::size_t kMaxJournalBytes = 64U << 20U;
// Rewritten without what is over beyond that; a result is at most 64 KiB.
constexpr std::size_t kRewriteBytes = 4U << 20U;
constexpr std::size_t kFrameBytes = 8;  // length and CRC-32C, little-endian

void append_u32(std::string& out, std::uint32_t value) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
        out.push_back(static_cast<char>((value >> shift) & 0xffU));
    }
}

std::uint32_t u32_at(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i) {
        value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    }
    return value;
}

std::string framed(const CommandRecord& record) {
    std::string content;
    ByteWriter writer(content);
    writer.text(record.id);
    writer.text(record.body);
    writer.number(static_cast<std::uint64_t>(record.state));
    writer.signed_number(unix_ms(record.at));
    writer.text(record.op);
    writer.text(record.detail);
    writer.number(record.told ? 1 : 0);
    writer.text(record.key_id);
    writer.signed_number(unix_ms(record.expires));
    std::string out;
    append_u32(out, static_cast<std::uint32_t>(content.size()));
    append_u32(out, crc32c(content));
    return out + content;
}

bool read_record(std::string_view content, CommandRecord& record) {
    ByteReader reader(content);
    record.id = reader.text();
    record.body = reader.text();
    const std::uint64_t state = reader.number();
    record.at = from_unix_ms(reader.signed_number());
    record.op = reader.text();
    record.detail = reader.text();
    record.told = reader.number() != 0;
    const bool older = reader.at_end();  // of a version that did not keep what follows
    record.key_id = older ? std::string() : std::string(reader.text());
    record.expires =
        older ? record.at + CommandJournal::kRemembered : from_unix_ms(reader.signed_number());
    record.state = static_cast<CommandState>(state);
    return reader.good() && state <= static_cast<std::uint64_t>(CommandState::interrupted);
}

}  // namespace

std::string_view to_string(CommandState state) {
    switch (state) {
        case CommandState::accepted:
            return "accepted";
        case CommandState::running:
            return "running";
        case CommandState::succeeded:
            return "succeeded";
        case CommandState::failed:
            return "failed";
        case CommandState::expired:
            return "expired";
        case CommandState::rejected:
            return "rejected";
        case CommandState::interrupted:
            return "interrupted";
    }
    return "";
}

Result<CommandJournal> CommandJournal::open(
    const std::string& path, WallTime now, std::size_t most
) {
    CommandJournal journal(path, most);
    const auto bytes = load_file(path, kMaxJournalBytes);
    if (!bytes && bytes.error().code != ErrorCode::not_found) {
        return bytes.error();
    }
    if (bytes) {
        journal.read(*bytes, now);
    }
    if (const Status begun = journal.rewrite(); !begun) {
        return begun.error();
    }
    return journal;
}

void CommandJournal::read(std::string_view bytes, WallTime now) {
    while (bytes.size() >= kFrameBytes) {
        const std::size_t size = u32_at(bytes, 0);
        if (size > bytes.size() - kFrameBytes) {
            break;
        }
        const std::string_view content = bytes.substr(kFrameBytes, size);
        CommandRecord record;
        if (crc32c(content) != u32_at(bytes, 4) || !read_record(content, record)) {
            break;
        }
        bytes.remove_prefix(kFrameBytes + size);
        records_[record.id] = std::move(record);
    }
    if (!bytes.empty()) {
        log::warn("commands", fmt::format("{}: the last {} bytes are torn", path_, bytes.size()));
    }
    forget_old(now);
}

void CommandJournal::forget_old(WallTime now) {
    std::erase_if(records_, [&](const auto& entry) {
        return is_final(entry.second.state) && now - entry.second.at > kRemembered;
    });
}

// For one more. What is forgotten here goes from the file when that is next rewritten.
void CommandJournal::make_room(WallTime now) {
    forget_old(now);
    if (records_.size() < most_) {
        return;
    }
    std::vector<std::pair<WallTime, std::string>> over;
    for (const auto& [id, record] : records_) {
        if (is_final(record.state) && record.told && now > record.expires) {
            over.emplace_back(record.at, id);
        }
    }
    std::sort(over.begin(), over.end());
    over.resize(std::min(over.size(), records_.size() - most_ + 1));
    for (const auto& [at, id] : over) {
        records_.erase(id);
    }
}

// Results that are told are not needed again, their ids are.
Status CommandJournal::rewrite() {
    std::string bytes;
    for (auto& [id, record] : records_) {
        if (record.told) {
            record.detail.clear();
        }
        bytes += framed(record);
    }
    Status written = replace_file(path_, bytes, kPrivateFile);
    // Whichever of the two is there now: both say the same.
    Status opened = reopen();
    rewrite_at_ = bytes_ + kRewriteBytes;
    return written ? opened : written;
}

Status CommandJournal::reopen() {
    file_.reset(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    struct stat found {};
    if (!file_ || ::fstat(file_.get(), &found) != 0) {
        return system_error(path_, errno);
    }
    bytes_ = static_cast<std::size_t>(found.st_size);
    return {};
}

const CommandRecord* CommandJournal::find(const std::string& id) const {
    const auto found = records_.find(id);
    return found == records_.end() ? nullptr : &found->second;
}

Status CommandJournal::append(const CommandRecord& record, bool sync) {
    if (Status opened = file_ ? Status() : reopen(); !opened) {
        return opened;
    }
    const std::string bytes = framed(record);
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written != static_cast<ssize_t>(bytes.size())) {
        return cut_back(system_error(path_, written < 0 ? errno : ENOSPC));
    }
    if (sync && ::fdatasync(file_.get()) != 0) {
        return cut_back(system_error(path_, errno));
    }
    bytes_ += bytes.size();
    return {};
}

// Half a record would hide those after it; a whole one that is refused would be run by the next
// process.
Status CommandJournal::cut_back(const Error& why) {
    if (::ftruncate(file_.get(), static_cast<off_t>(bytes_)) != 0) {
        log::error("commands", path_ + ": cannot be cut back");
    }
    return why;
}

// A file that cannot be rewritten is only longer than need be: what was appended is on disk.
Status CommandJournal::write(const CommandRecord& record) {
    if (find(record.id) == nullptr) {
        make_room(record.at);
        if (records_.size() >= most_) {
            return exhausted("too many commands that are not over yet; send fewer, or later");
        }
    }
    if (Status appended = append(record, true); !appended) {
        return appended;
    }
    records_[record.id] = record;
    if (const Status rewritten = bytes_ > rewrite_at_ ? rewrite() : Status(); !rewritten) {
        log::warn("commands", "the journal stays long: " + rewritten.error().message);
    }
    return {};
}

Status CommandJournal::mark_told(const std::string& id) {
    const auto found = records_.find(id);
    if (found == records_.end()) {
        return not_found(id);
    }
    found->second.told = true;
    found->second.detail.clear();
    found->second.body.clear();
    return append(found->second, false);
}

}  // namespace cxedge::remote
