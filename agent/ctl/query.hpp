// SPDX-License-Identifier: Apache-2.0
// cxctl query and cxctl replay: the history of this box, or of one far away by signed commands,
// read and sent once more.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "agent/base/result.hpp"
#include "agent/ctl/command.hpp"
#include "agent/ctl/exit_code.hpp"
#include "agent/ctl/status.hpp"
#include "agent/model/history.hpp"

namespace cxedge::ctl {

struct HistoryRange {
    std::string socket = kDefaultSocket;
    CommandOptions command;  // of these node (empty: this box), connection, key and wait
    std::string series = "*";
    std::string from = "-1h";
    std::string to = "now";
    std::string step = "raw";
    bool json = false;  // replay: {"replay","samples"} instead of a line
};

struct QueryOptions {
    HistoryRange range;
    bool events = false;
    std::string format = "table";  // table, csv, jsonl
};

// The question as it is asked. invalid_argument: which option, and what may be written.
Result<HistoryQuery> question_of(const HistoryRange& range, WallTime now);

// Asks page by page and gives `print` what each becomes; it says false when nobody reads.
// corrupt: an answer is none; exhausted: what the agent says is wrong.
using AskPage = std::function<Result<std::string>(const HistoryQuery& query)>;
Status query(
    const QueryOptions& options,
    const AskPage& ask,
    const std::function<bool(std::string_view text)>& print
);

ExitCode run_query(const QueryOptions& options);
ExitCode run_replay(const HistoryRange& range);

}  // namespace cxedge::ctl
