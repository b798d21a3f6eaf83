// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/audit_log.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/core.h>

#include "agent/base/durable_file.hpp"
#include "agent/base/ids.hpp"
#include "agent/base/unique_fd.hpp"
#include "agent/remote/signing.hpp"

namespace cxedge::remote {
namespace {

constexpr std::size_t kMostAuditBytes = std::size_t{4} << 20U;
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

// Whole lines only, the newest `most` bytes of them: a power cut may have left part of one.
std::string_view kept_part(std::string_view text, std::size_t most) {
    text = text.substr(0, text.rfind('\n') + 1);
    if (text.size() <= most) {
        return text;
    }
    const std::size_t cut = text.find('\n', text.size() - most / 2);
    return text.substr(cut + 1);
}

}  // namespace

AuditLog::AuditLog(std::string path, std::size_t most) : path_(std::move(path)), most_(most) {}

// Seldom enough that the file is read and written whole: so it is never half a line.
Status AuditLog::append(const AuditEntry& entry) {
    const Result<std::string> text = load_file(path_, kMostAuditBytes);
    if (!text && text.error().code != ErrorCode::not_found) {
        return text.error();
    }
    std::string all(text ? kept_part(*text, most_) : "");
    const AuditReport report = verify_audit(all);
    const std::string previous = report.last == 0 ? first_hash() : report.last_hash;
    all += line_of(entry, report.last + 1, previous);
    return replace_file(path_, all, kPrivateFile);
}

AuditReport verify_audit(std::string_view text) {
    AuditReport report;
    for (std::size_t at = 1; !text.empty(); ++at) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) {
            report.problems.push_back(fmt::format("line {}: is cut off", at));
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
