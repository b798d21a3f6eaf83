// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/audit_log.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/durable_file.hpp"
#include "agent/base/ids.hpp"
#include "agent/base/log.hpp"
#include "agent/base/unique_fd.hpp"
#include "agent/remote/signing.hpp"

namespace cxedge::remote {
namespace {

constexpr std::size_t kMostAuditBytes = std::size_t{4} << 20U;
// Longer than any line of ours.
constexpr std::size_t kTailBytes = std::size_t{32} << 10U;
constexpr std::size_t kMaxTextBytes = 2048;  // of a column
constexpr std::size_t kColumns = 8;
using Columns = std::array<std::string_view, kColumns>;

std::string first_hash() {
    constexpr std::size_t kHexOfSha256 = 64;
    std::string zeros;
    zeros.assign(kHexOfSha256, '0');
    return zeros;
}

// Tabs and newlines are the file's own.
std::string plain(std::string text) {
    text.resize(std::min(text.size(), kMaxTextBytes));
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20U; }, ' '
    );
    return text;
}

std::string chained(const std::string& previous, std::string_view line) {
    return to_hex(sha256(previous + std::string(line)));
}

std::string line_of(const AuditEntry& entry, std::uint64_t number, const std::string& previous) {
    std::string line = fmt::format("{}\t{}", number, unix_ms(entry.at));
    for (const std::string* text :
         {&entry.actor, &entry.action, &entry.subject, &entry.result, &entry.detail}) {
        line += "\t" + plain(*text);
    }
    line += "\t";
    return line + chained(previous, line) + "\n";
}

// False when there are not as many.
bool split(std::string_view line, Columns& columns) {
    for (std::size_t i = 0; i < kColumns; ++i) {
        const std::size_t tab = std::min(line.find('\t'), line.size());
        columns.at(i) = line.substr(0, tab);
        if ((tab == line.size()) != (i + 1 == kColumns)) {
            return false;
        }
        line.remove_prefix(std::min(tab + 1, line.size()));
    }
    return true;
}

template <class Number>
Number number_in(std::string_view text) {
    Number number{};
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

AuditEntry entry_of(const Columns& columns) {
    AuditEntry entry;
    entry.at = from_unix_ms(number_in<std::int64_t>(columns[1]));
    entry.actor = columns[2];
    entry.action = columns[3];
    entry.subject = columns[4];
    entry.result = columns[5];
    entry.detail = columns[6];
    return entry;
}

// What is wrong with a line that follows the report so far, or empty.
std::string check_line(std::string_view line, const Columns& columns, const AuditReport& report) {
    const auto number = number_in<std::uint64_t>(columns[0]);
    if (report.last != 0 && number != report.last + 1) {
        return fmt::format("number {} follows number {}", number, report.last);
    }
    // What the first line that is left continued is not known any more.
    const bool begins_late = report.last == 0 && number > 1;
    const std::string previous = report.last == 0 ? first_hash() : report.last_hash;
    const std::string_view hashed = line.substr(0, line.size() - columns.back().size());
    return begins_late || chained(previous, hashed) == columns.back()
               ? ""
               : "its hash does not fit: it, or the line before, was changed";
}

void take_line(std::string_view line, std::size_t at, AuditReport& report) {
    Columns columns;
    if (!split(line, columns)) {
        report.problems.push_back(fmt::format("line {}: is no entry", at));
        return;
    }
    if (const std::string wrong = check_line(line, columns, report); !wrong.empty()) {
        report.problems.push_back(fmt::format("line {}: {}", at, wrong));
    }
    report.last = number_in<std::uint64_t>(columns[0]);
    report.first = report.entries.empty() ? report.last : report.first;
    report.last_hash = columns.back();
    report.entries.push_back(entry_of(columns));
}

// Whole lines only, the newest `most` / 2 bytes of them.
std::string_view newer_half(std::string_view text, std::size_t most) {
    const std::size_t cut = text.find('\n', text.size() - std::min(most / 2, text.size()));
    return text.substr(std::min(cut, text.size() - 1) + 1);
}

// Where the log goes on.
struct LogEnd {
    std::size_t size = 0;  // of its whole lines
    std::uint64_t number = 0;
    std::string hash = first_hash();
};

// The last line of `tail` that is an entry; what is wrong with others is verify_audit()'s.
LogEnd end_of(std::string_view tail) {
    LogEnd end;
    while (!tail.empty()) {
        tail.remove_suffix(1);
        const std::size_t begin = tail.rfind('\n') + 1;
        Columns columns;
        if (split(tail.substr(begin), columns)) {
            end.number = number_in<std::uint64_t>(columns[0]);
            end.hash = columns.back();
            break;
        }
        tail = tail.substr(0, begin);
    }
    return end;
}

Result<std::string> bytes_at(int fd, std::size_t at, std::size_t size) {
    std::string bytes(size, '\0');
    const ssize_t got = ::pread(fd, bytes.data(), size, static_cast<off_t>(at));
    if (got != static_cast<ssize_t>(size)) {
        return system_error("read", got < 0 ? errno : EIO);
    }
    return bytes;
}

// Cuts off what a power cut left of a line.
Result<LogEnd> find_end(int fd) {
    struct stat found {};
    if (::fstat(fd, &found) != 0) {
        return system_error("size", errno);
    }
    const auto size = static_cast<std::size_t>(found.st_size);
    const std::size_t begin = size - std::min(size, kTailBytes);
    const auto tail = bytes_at(fd, begin, size - begin);
    if (!tail) {
        return tail.error();
    }
    const std::size_t whole = tail->rfind('\n') + 1;
    LogEnd end = end_of(std::string_view(*tail).substr(0, whole));
    end.size = begin + whole;
    if (end.size == size) {
        return end;
    }
    log::warn("audit", fmt::format("its last {} bytes were half a line; cut off", size - end.size));
    return ::ftruncate(fd, found.st_size - static_cast<off_t>(size - end.size)) == 0
               ? Result<LogEnd>(std::move(end))
               : Result<LogEnd>(system_error("cut", errno));
}

// Half a line, or one that is told as not written, must not stay.
Status add_line(int fd, const std::string& line, std::size_t at) {
    const ssize_t written = ::write(fd, line.data(), line.size());
    if (written == static_cast<ssize_t>(line.size()) && ::fdatasync(fd) == 0) {
        return {};
    }
    const int failed = written < 0 || written == static_cast<ssize_t>(line.size()) ? errno : ENOSPC;
    if (::ftruncate(fd, static_cast<off_t>(at)) != 0) {
        log::error("audit", "half a line cannot be cut off; the next entry does");
    }
    return system_error("write", failed);
}

}  // namespace

AuditLog::AuditLog(std::string path, std::size_t most) : path_(std::move(path)), most_(most) {}

// One line a time: a whole file for each command would wear the flash and hold up main's thread.
Status AuditLog::append(const AuditEntry& entry) {
    const UniqueFd file(::open(path_.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
    if (!file) {
        return errno == ENOENT ? replace_file(path_, line_of(entry, 1, first_hash()), kPrivateFile)
                               : Status(system_error(path_, errno));
    }
    const auto end = find_end(file.get());
    if (!end) {
        return end.error().during(path_);
    }
    const std::string line = line_of(entry, end->number + 1, end->hash);
    if (end->size + line.size() > most_) {
        return begin_anew(line);
    }
    const Status added = add_line(file.get(), line, end->size);
    return added ? added : Status(added.error().during(path_));
}

Status AuditLog::begin_anew(const std::string& line) {
    const Result<std::string> text = load_file(path_, kMostAuditBytes);
    if (!text) {
        return text.error();
    }
    std::string kept(newer_half(*text, most_));
    return replace_file(path_, kept + line, kPrivateFile);
}

AuditReport verify_audit(std::string_view text) {
    AuditReport report;
    for (std::size_t at = 1; !text.empty(); ++at) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) {
            report.problems.push_back(
                fmt::format("line {}: is cut off, as by a power cut; the next entry removes it", at)
            );
            break;
        }
        take_line(text.substr(0, end), at, report);
        text.remove_prefix(end + 1);
    }
    return report;
}

Result<AuditReport> read_audit(const std::string& path) {
    const Result<std::string> text = load_file(path, kMostAuditBytes);
    if (!text) {
        return text.error();
    }
    return verify_audit(*text);
}

}  // namespace cxedge::remote
