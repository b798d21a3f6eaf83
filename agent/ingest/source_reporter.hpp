// SPDX-License-Identifier: Apache-2.0
// A source's troubles, told three times: in the log, in `cxctl status`, and as an event upstream
// that is raised, updated and cleared under one id. Thread: ingest.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/base/log.hpp"
#include "agent/ingest/source_instance.hpp"

namespace cxedge::ingest {

class SourceReporter {
public:
    SourceReporter(const SourceSpec& spec, const IngestContext& context);

    // Empty = well again.
    void set_problem(std::string_view problem);
    // What is wrong does not matter any more.
    void withdraw();
    void log(log::Level level, std::string_view message) const;
    // Once for each text; a chatty fault stays one line (bounded memory).
    void log_once(log::Level level, std::string_view message);
    void event(
        std::string_view name, Severity severity, std::string text, std::vector<Dimension> attrs
    );

    [[nodiscard]] const std::string& problem() const { return problem_; }

private:
    void problem_event(EventState state, std::string_view text);

    std::string name_;
    std::string plugin_;
    IngestContext context_;
    std::string problem_;
    std::optional<EventId> raised_;
    std::vector<std::string> said_;
};

}  // namespace cxedge::ingest
