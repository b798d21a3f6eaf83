// SPDX-License-Identifier: Apache-2.0
// Samples, events and declarations as a table for a person: time, place, metric, dimensions, value,
// and for series of increments the total since the table began.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "agent/ctl/line_writer.hpp"

namespace cxedge::ctl {

class Table final : public LineWriter {
public:
    enum class Zone : std::uint8_t { local, utc };

    // `out` outlives the table; the heading is appended at once.
    Table(std::string& out, Zone zone);

    void batch(const ShownBatch& batch) override;
    void node_state(const Origin& origin, const wire::NodeState& state) override;

private:
    void sample(const ShownBatch& batch, const Sample& sample, const SeriesInfo& info);
    void event(const ShownBatch& batch, const Event& event);
    void declarations(const ShownBatch& batch);
    // One line that is not a sample.
    void remark(const Origin& origin, std::int64_t ms, std::string_view text);
    void append_line(std::string_view line);
    [[nodiscard]] std::string total(
        const Origin& origin, const Sample& sample, const SeriesInfo& info
    );
    [[nodiscard]] std::string time_of(std::int64_t ms) const;

    std::string& out_;
    Zone zone_;
    std::map<std::string, double> totals_;  // by place and series
};

}  // namespace cxedge::ctl
