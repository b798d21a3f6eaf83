// SPDX-License-Identifier: Apache-2.0
// One JSON object a line, for programs:
//   a sample   {"topic","tenant","site","node","epoch","lane","seq","backfill","time_ms","metric",
//               "unit","dims":{..},"kind","value"}; kind state adds "state" (its text or null), a
//               lost sample has "value":null,"lost":true, a histogram has
//               "count","sum","min","max","p50", "p95","p99","buckets":[[above, up to, count],..]
//               instead of a value
//   an event   the same down to "time_ms", then "event","severity","state","id","subject","text",
//              "attrs":{..}
//   a gap, a dead letter, a clock step   the same down to "time_ms", then one of
//              "gap":{"epoch","lane","first_seq","last_seq","samples","events","cause"},
//              "dead_letter":{"epoch","lane","seq","samples","events","reason","attempts"},
//              "clock_step":{"before_ms","after_ms"}
//   a state    {"topic","tenant","site","node","online","boot","session","version","time_ms"}
// epoch, session and id are hexadecimal texts. "estimated":true (the times are; "t0_ms" lies
// between "t0_earliest_ms" and "t0_latest_ms", 0: not known),
// "simulated":true, "replay":"ID" and "duplicate":true follow "backfill" where they apply.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "agent/ctl/line_writer.hpp"

namespace cxedge::ctl {

class JsonLines final : public LineWriter {
public:
    // `out` outlives the writer.
    explicit JsonLines(std::string& out) : out_(out) {}

    void batch(const ShownBatch& batch) override;
    void node_state(const Origin& origin, const wire::NodeState& state) override;
    // One line a definition: {"topic","tenant","site","node","series","metric","unit",...}.
    void definition(const Origin& origin, std::uint32_t id, const SeriesInfo& info);

private:
    void sample(const std::string& prefix, const Sample& sample, const SeriesInfo& info);

    std::string& out_;
};

}  // namespace cxedge::ctl
