// SPDX-License-Identifier: Apache-2.0
// Lines of `cxctl query`: a table for people, CSV (RFC 4180) for spreadsheets, JSON objects as the
// agent sends them for programs.
#pragma once

#include <string>
#include <utility>

#include <nlohmann/json_fwd.hpp>

namespace cxedge::ctl {

class HistoryRows {
public:
    // `format`: table, csv or jsonl.
    HistoryRows(std::string format, bool events) : format_(std::move(format)), events_(events) {}

    // Empty for jsonl.
    [[nodiscard]] std::string heading() const;
    // One value or event of control/history_messages.hpp.
    [[nodiscard]] std::string line(const nlohmann::json& item) const;

private:
    std::string format_;
    bool events_;
};

}  // namespace cxedge::ctl
