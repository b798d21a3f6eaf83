// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/history_rows.hpp"

#include <array>
#include <cstdint>
#include <ctime>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "agent/base/printable.hpp"
#include "agent/ctl/csv_lines.hpp"
#include "agent/ctl/human_text.hpp"

namespace cxedge::ctl {
namespace {

using nlohmann::json;

const std::vector<const char*>& csv_columns(bool events) {
    static const std::vector<const char*> kValues{
        "time_ms",
        "step_ms",
        "metric",
        "dims",
        "unit",
        "kind",
        "samples",
        "lost",
        "n",
        "sum",
        "min",
        "max",
        "last",
        "p50",
        "p95",
        "p99"};
    static const std::vector<const char*> kEvents{
        "time_ms", "event", "severity", "state", "id", "subject", "text", "attrs"};
    return events ? kEvents : kValues;
}

// A text as it is, everything else as JSON.
std::string plain(const json& item, const char* key) {
    const auto found = item.find(key);
    if (found == item.end() || (found->is_object() && found->empty())) {
        return {};
    }
    return found->is_string() ? found->get<std::string>() : found->dump();
}

// In local time, as a person in the store reads it.
std::string local_time(std::int64_t ms) {
    const auto seconds = static_cast<std::time_t>(ms / 1000);
    std::tm broken{};
    std::array<char, 32> text{};
    ::localtime_r(&seconds, &broken);
    const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &broken);
    return {text.data(), size};
}

std::string step_text(std::int64_t ms) {
    return ms == 0 ? "raw" : human_duration(static_cast<double>(ms) / 1000);
}

std::string series_text(const json& item) {
    std::string dims;
    const json of = item.value("dims", json::object());
    for (const auto& [key, value] : of.items()) {
        dims += (dims.empty() ? "" : ",") + key + "=" + value.get<std::string>();
    }
    const std::string metric = item.value("metric", "");
    return dims.empty() ? metric : metric + "{" + dims + "}";
}

std::string number_text(const json& item, const char* key) {
    const auto found = item.find(key);
    if (found == item.end()) {
        return "-";
    }
    return found->is_number() ? fmt::format("{:.10g}", found->get<double>()) : plain(item, key);
}

std::string last_text(const json& item) {
    const char* shown = item.contains("state") ? "state" : item.contains("p95") ? "p95" : "last";
    return number_text(item, shown);
}

std::string table_line(const json& item) {
    return fmt::format(
        "{:<19}  {:>8}  {:<44}  {:>8}  {:>5}  {:>14}  {:>12}  {:>12}  {:>12}\n",
        local_time(item.value("time_ms", std::int64_t{0})),
        step_text(item.value("step_ms", std::int64_t{0})),
        printable(series_text(item)),
        item.value("n", std::uint64_t{0}),
        item.value("lost", std::uint64_t{0}),
        number_text(item, "sum"),
        number_text(item, "min"),
        number_text(item, "max"),
        printable(last_text(item))
    );
}

std::string event_line(const json& item) {
    return fmt::format(
        "{:<19}  {:<8}  {:<6}  {:<28}  {}\n",
        local_time(item.value("time_ms", std::int64_t{0})),
        item.value("severity", ""),
        item.value("state", ""),
        printable(item.value("event", "")),
        printable(item.value("subject", "") + ": " + item.value("text", ""))
    );
}

std::string csv_line(const json& item, bool events) {
    std::string line;
    for (const char* column : csv_columns(events)) {
        line += line.empty() ? "" : ",";
        append_csv_cell(line, plain(item, column));
    }
    return line + "\n";
}

}  // namespace

std::string HistoryRows::heading() const {
    if (format_ == "jsonl") {
        return {};
    }
    if (format_ == "csv") {
        std::string line;
        for (const char* column : csv_columns(events_)) {
            line += (line.empty() ? "" : ",") + std::string(column);
        }
        return line + "\n";
    }
    if (events_) {
        return fmt::format(
            "{:<19}  {:<8}  {:<6}  {:<28}  {}\n", "TIME", "SEVERITY", "STATE", "EVENT", "WHAT"
        );
    }
    return fmt::format(
        "{:<19}  {:>8}  {:<44}  {:>8}  {:>5}  {:>14}  {:>12}  {:>12}  {:>12}\n",
        "TIME",
        "STEP",
        "SERIES",
        "VALUES",
        "LOST",
        "SUM",
        "MIN",
        "MAX",
        "LAST/P95"
    );
}

std::string HistoryRows::line(const json& item) const {
    if (format_ == "jsonl") {
        return item.dump() + "\n";
    }
    if (format_ == "csv") {
        return csv_line(item, events_);
    }
    return events_ ? event_line(item) : table_line(item);
}

}  // namespace cxedge::ctl
