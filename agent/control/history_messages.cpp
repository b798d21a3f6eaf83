// SPDX-License-Identifier: Apache-2.0
#include "agent/control/history_messages.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "agent/base/ids.hpp"

namespace cxedge::control {
namespace {

using nlohmann::json;

constexpr std::int64_t kMostMs = std::int64_t{1} << 52U;  // JSON numbers are doubles to many

// The field, or `fallback` where there is none; `wrong` names one of another type.
template <class T>
T field(const json& from, const char* key, T fallback, std::string& wrong) {
    const auto found = from.find(key);
    if (found == from.end()) {
        return fallback;
    }
    bool fits = false;
    if constexpr (std::is_same_v<T, std::string>) {
        fits = found->is_string();
    } else if constexpr (std::is_same_v<T, bool>) {
        fits = found->is_boolean();
    } else {
        // Compared as doubles: the library compares a huge unsigned number as a negative one.
        fits = found->is_number_integer() && std::abs(found->get<double>()) <= double{kMostMs};
    }
    if (!fits) {
        wrong = key;
        return fallback;
    }
    return found->get<T>();
}

json dims_of(const std::vector<Dimension>& dims) {
    json object = json::object();
    for (const Dimension& dim : dims) {
        object[dim.key] = dim.value;
    }
    return object;
}

// JSON has no NaN and no infinities: as texts, like protobuf's JSON.
json number(double value) {
    if (std::isfinite(value)) {
        return value;
    }
    return std::isnan(value) ? "NaN" : (value > 0 ? "Infinity" : "-Infinity");
}

void add_numbers(const HistoryValue& value, const SeriesInfo& info, json& object) {
    object["sum"] = number(value.sum);
    object["min"] = number(value.min);
    object["max"] = number(value.max);
    if (value.histogram) {
        object["p50"] = number(value.histogram->quantile(0.5));
        object["p95"] = number(value.histogram->quantile(0.95));
        object["p99"] = number(value.histogram->quantile(0.99));
        return;
    }
    object["last"] = number(value.last);
    const bool known = info.kind == Kind::state && value.last >= 0 &&
                       value.last < static_cast<double>(info.states.size());
    if (known) {
        object["state"] = info.states[static_cast<std::size_t>(value.last)];
    }
}

json value_object(const HistoryValue& value, const SeriesInfo& info) {
    json object = {
        {"metric", info.key.metric},
        {"dims", dims_of(info.key.dims)},
        {"unit", info.unit},
        {"kind", to_string(info.kind)},
        {"time_ms", unix_ms(value.at)},
        {"step_ms", value.step.count()},
        {"samples", value.samples},
        {"lost", value.lost},
        {"n", value.n}};
    if (value.n > 0) {
        add_numbers(value, info, object);
    }
    return object;
}

json event_object(const Event& event) {
    return {
        {"time_ms", event.time.ms},
        {"event", event.name},
        {"severity", to_string(event.severity)},
        {"state", to_string(event.state)},
        {"id", to_hex(event.id)},
        {"subject", event.subject},
        {"text", event.text},
        {"attrs", dims_of(event.attrs)}};
}

std::string as_line(const json& object) {
    return object.dump(-1, ' ', true, json::error_handler_t::replace);
}

// An argument as the JSON that the socket would have had; what is no such thing stays a text.
json argument(const std::string& key, const std::string& text) {
    if (key == "events" && (text == "true" || text == "false")) {
        return text == "true";
    }
    const bool number = key == "limit" || (key.size() > 3 && key.substr(key.size() - 3) == "_ms");
    std::int64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    return number && parsed.ec == std::errc() && parsed.ptr == end ? json(value) : json(text);
}

}  // namespace

std::string history_request(
    std::string_view operation, const HistoryQuery& query, std::uint64_t id
) {
    json request = {
        {"op", operation},
        {"series", query.series},
        {"events", query.events},
        {"from_ms", unix_ms(query.from)},
        {"to_ms", unix_ms(query.to)},
        {"step_ms", query.step.count()},
        {"limit", query.limit},
        {"after", query.after}};
    if (id != 0) {
        request["id"] = fmt::format("{:016x}", id);
    }
    return as_line(request);
}

Result<HistoryQuery> parse_history_query(std::string_view request) {
    const json asked = json::parse(request, nullptr, false);
    if (!asked.is_object()) {
        return invalid_argument("not a JSON object");
    }
    for (const char* needed : {"from_ms", "to_ms"}) {
        if (!asked.contains(needed)) {
            return invalid_argument(std::string(needed) + " is missing");
        }
    }
    HistoryQuery query;
    std::string wrong;
    query.series = field<std::string>(asked, "series", "*", wrong);
    query.events = field(asked, "events", false, wrong);
    query.from = from_unix_ms(field<std::int64_t>(asked, "from_ms", 0, wrong));
    query.to = from_unix_ms(field<std::int64_t>(asked, "to_ms", 0, wrong));
    query.step = std::chrono::milliseconds(field<std::int64_t>(asked, "step_ms", 0, wrong));
    const auto limit =
        field<std::int64_t>(asked, "limit", std::int64_t{HistoryQuery::kMostRows}, wrong);
    query.limit = limit < 0 ? 0 : static_cast<std::size_t>(limit);
    query.after = field<std::string>(asked, "after", "", wrong);
    if (!wrong.empty()) {
        return invalid_argument(wrong + " has the wrong type or is out of range");
    }
    return query;
}

HistoryArgs history_args(const HistoryQuery& query) {
    HistoryArgs args{
        {"series", query.series},
        {"from_ms", std::to_string(unix_ms(query.from))},
        {"to_ms", std::to_string(unix_ms(query.to))}};
    if (query.events) {
        args["events"] = "true";
    }
    if (query.step.count() != 0) {
        args["step_ms"] = std::to_string(query.step.count());
    }
    if (query.limit != HistoryQuery::kMostRows) {
        args["limit"] = std::to_string(query.limit);
    }
    if (!query.after.empty()) {
        args["after"] = query.after;
    }
    return args;
}

Result<HistoryQuery> parse_history_args(const HistoryArgs& args) {
    static const std::array<std::string_view, 7> kKnown{
        "series", "from_ms", "to_ms", "step_ms", "limit", "after", "events"};
    json asked = json::object();
    for (const auto& [key, text] : args) {
        if (std::find(kKnown.begin(), kKnown.end(), key) == kKnown.end()) {
            return invalid_argument(
                key + " is unknown; there are series, from_ms, to_ms, step_ms, limit, after, events"
            );
        }
        asked[key] = argument(key, text);
    }
    return parse_history_query(as_line(asked));
}

Result<std::uint64_t> parse_replay_id(std::string_view request) {
    const json asked = json::parse(request, nullptr, false);
    std::string wrong;
    return replay_id_of(asked.is_object() ? field<std::string>(asked, "id", "", wrong) : "");
}

Result<std::uint64_t> replay_id_of(const std::string& text) {
    const bool hex =
        text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
    const std::uint64_t id = hex ? std::stoull(text, nullptr, 16) : 0;
    return id != 0 ? Result(id) : invalid_argument("id must be 16 hexadecimal digits, not all 0");
}

std::string history_answer(const HistoryPage& page) {
    json answer = {{"ok", true}, {"next", page.next}};
    json& values = answer["values"] = json::array();
    for (const HistoryValue& value : page.values) {
        values.push_back(value_object(value, page.series.at(value.series)));
    }
    json& events = answer["events"] = json::array();
    for (const Event& event : page.events) {
        events.push_back(event_object(event));
    }
    return as_line(answer);
}

std::string replay_answer(const ReplayProgress& progress) {
    return as_line(
        {{"ok", true},
         {"samples", progress.samples},
         {"next", progress.next},
         {"wait", progress.wait}}
    );
}

Result<ReplayProgress> parse_replay_answer(std::string_view line) {
    const json answer = json::parse(line, nullptr, false);
    if (!answer.is_object()) {
        return corrupt("the agent's answer is not a JSON object");
    }
    std::string wrong;
    if (!field(answer, "ok", false, wrong)) {
        return exhausted(field<std::string>(answer, "error", "the agent refused", wrong));
    }
    ReplayProgress progress;
    progress.samples = field<std::uint64_t>(answer, "samples", 0, wrong);
    progress.next = field<std::string>(answer, "next", "", wrong);
    progress.wait = field(answer, "wait", false, wrong);
    return wrong.empty() ? Result(progress) : corrupt("the agent's answer: " + wrong);
}

}  // namespace cxedge::control
