// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/twin/audit.hpp"

#include <fmt/core.h>

#include "agent/ctl/terminal.hpp"
#include "agent/ctl/twin/reported_text.hpp"
#include "agent/remote/audit_log.hpp"

namespace cxedge::ctl {
namespace {

std::string plain_line(const remote::AuditEntry& entry) {
    return fmt::format(
        "{} {:<16} {} {}: {}{}\n",
        iso8601(entry.at),
        entry.actor,
        entry.action,
        entry.subject,
        entry.result,
        entry.detail.empty() ? "" : ": " + entry.detail
    );
}

std::string json_of(const remote::AuditEntry& entry) {
    return json_line_of(
        {{"at", iso8601(entry.at)},
         {"actor", entry.actor},
         {"action", entry.action},
         {"subject", entry.subject},
         {"result", entry.result},
         {"detail", entry.detail}}
    );
}

}  // namespace

ExitCode run_audit(const AuditOptions& options) {
    const auto report = remote::read_audit(options.file);
    if (!report) {
        return fail(report.error());
    }
    std::string text;
    for (const remote::AuditEntry& entry : report->entries) {
        if (!options.verify) {
            text += options.json ? json_of(entry) : plain_line(entry);
        }
    }
    if (options.verify && options.json) {
        text = json_line_of(
            {{"file", options.file},
             {"first", report->first},
             {"last", report->last},
             {"whole", report->problems.empty()},
             {"problems", report->problems}}
        );
    } else if (options.verify && report->problems.empty()) {
        text = fmt::format(
            "{}: entries {} to {}, the chain is whole\n", options.file, report->first, report->last
        );
    }
    for (const std::string& problem : report->problems) {
        note(options.file + ": " + problem);
    }
    const bool written = write_out(text);
    return written && report->problems.empty() ? ExitCode::ok : ExitCode::failed;
}

}  // namespace cxedge::ctl
