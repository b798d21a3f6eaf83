// SPDX-License-Identifier: Apache-2.0
// Questions to the history of a box and its answers, as the JSON of the control socket. One page is
// one line, so commands from afar can carry it as it is.
//   {"op":"query","series":"till.*","from_ms":0,"to_ms":1,"step_ms":0,"limit":100,"after":""}
//   -> {"ok":true,"values":[...],"events":[...],"next":"3:1700000000000"}
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "agent/base/result.hpp"
#include "agent/model/history.hpp"

namespace cxedge::control {

// `operation`: "query" or "replay"; of the latter `id`, random, marks what belongs together.
std::string history_request(
    std::string_view operation, const HistoryQuery& query, std::uint64_t id = 0
);
// invalid_argument: which field is missing or wrong.
Result<HistoryQuery> parse_history_query(std::string_view request);
Result<std::uint64_t> parse_replay_id(std::string_view request);
// 16 hexadecimal digits, not all 0.
Result<std::uint64_t> replay_id_of(const std::string& text);

// The same question as arguments of a command from afar, each field a text; those that say nothing
// are left out.
using HistoryArgs = std::map<std::string, std::string>;
HistoryArgs history_args(const HistoryQuery& query);
// invalid_argument: which argument is missing, wrong or unknown.
Result<HistoryQuery> parse_history_args(const HistoryArgs& args);

// ASCII whatever the series are called. A value has metric, dims, unit, kind, time_ms, step_ms,
// samples, lost, n, and if n > 0 sum, min, max, last (of a state also its text), of histograms p50,
// p95, p99 instead of last.
std::string history_answer(const HistoryPage& page);

// What one request of a replay came to.
struct ReplayProgress {
    std::uint64_t samples = 0;
    std::string next;   // HistoryQuery::after of the next request; empty: all is said
    bool wait = false;  // nothing was done: the link is behind, ask again
};
std::string replay_answer(const ReplayProgress& progress);
// corrupt: not such an answer; exhausted: what the agent says is wrong.
Result<ReplayProgress> parse_replay_answer(std::string_view line);

}  // namespace cxedge::control
