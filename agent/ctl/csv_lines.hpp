// SPDX-License-Identifier: Apache-2.0
// One line a sample or fact, for spreadsheets (RFC 4180): time_ms, tenant, site, node, epoch, lane,
// seq, type (sample, replay, event, gap, dead_letter, clock_step), name, dims, unit, kind, value,
// detail. dims and detail are JSON objects; detail is empty where the value says it all.
#pragma once

#include <string>
#include <string_view>

#include "agent/ctl/line_writer.hpp"

namespace cxedge::ctl {

// In quotes where it needs them.
void append_csv_cell(std::string& out, std::string_view text);

class CsvLines final : public LineWriter {
public:
    static constexpr std::string_view kHeading =
        "time_ms,tenant,site,node,epoch,lane,seq,type,name,dims,unit,kind,value,detail\n";

    // `out` outlives the writer. The heading is the owner's to write.
    explicit CsvLines(std::string& out) : out_(out) {}

    void batch(const ShownBatch& batch) override;
    void node_state(const Origin& /*origin*/, const wire::NodeState& /*state*/) override {}

private:
    std::string& out_;
};

}  // namespace cxedge::ctl
