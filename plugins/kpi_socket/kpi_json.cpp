// SPDX-License-Identifier: Apache-2.0
#include "plugins/kpi_socket/kpi_json.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "plugins/_devices/kpi_line.hpp"

namespace cxedge::plugins {
namespace {

using Json = nlohmann::json;

// The deepest good line has a table in a table.
constexpr int kMaxDepth = 2;
constexpr std::size_t kMaxStates = 64;

// Before the parser sees it, so that no nesting reaches it at all.
bool is_too_deep(std::string_view text) {
    int depth = 0;
    int deepest = 0;
    bool in_text = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        i += in_text && c == '\\' ? 1U : 0U;
        in_text = in_text != (c == '"');
        if (!in_text) {
            depth += c == '{' || c == '[' ? 1 : 0;
            depth -= c == '}' || c == ']' ? 1 : 0;
            deepest = std::max(deepest, depth);
        }
    }
    return deepest > kMaxDepth;
}

Status read_text(const Json& json, const char* key, std::string& text) {
    if (!json.is_string()) {
        return invalid_argument(std::string(key) + " is not a text");
    }
    text = json.get<std::string>();
    return {};
}

Status read_dims(const Json& json, KpiJson& sample) {
    if (!json.is_object()) {
        return invalid_argument("dims is not an object");
    }
    for (const auto& [key, value] : json.items()) {
        Dimension dim{key, {}};
        if (value.is_string()) {
            dim.value = value.get<std::string>();
        } else if (value.is_number_integer() || value.is_boolean()) {
            dim.value = value.dump();  // till 3 is till "3"
        } else {
            return invalid_argument("a value in dims is not a text");
        }
        sample.info.key.dims.push_back(std::move(dim));
    }
    return {};
}

Status read_time(const Json& json, KpiJson& sample) {
    const bool in_range =
        json.is_number_unsigned() && json.get<std::uint64_t>() > 0 &&
        json.get<std::uint64_t>() <= static_cast<std::uint64_t>(devices::kMaxUnixMs);
    if (!in_range) {
        return invalid_argument("time_ms is not Unix milliseconds");
    }
    sample.time_ms = json.get<std::int64_t>();
    return {};
}

Status read_kind(const Json& json, KpiJson& sample) {
    Kind kind{};
    if (!json.is_string() || !parse_kind(json.get<std::string>(), kind)) {
        return invalid_argument("kind is not gauge, counter, delta, histogram or state");
    }
    sample.kind = kind;
    sample.info.kind = kind;
    return {};
}

Status read_states(const Json& json, KpiJson& sample) {
    if (!json.is_array() || json.size() > kMaxStates) {
        return invalid_argument("states is not a short list");
    }
    for (const Json& state : json) {
        if (!state.is_string()) {
            return invalid_argument("states holds something that is not a text");
        }
        sample.info.states.push_back(state.get<std::string>());
    }
    return {};
}

Status read_key(const std::string& key, const Json& json, KpiJson& sample) {
    if (key == "name") {
        return read_text(json, "name", sample.info.key.metric);
    }
    if (key == "unit") {
        return read_text(json, "unit", sample.info.unit);
    }
    if (key == "dims") {
        return read_dims(json, sample);
    }
    if (key == "time_ms") {
        return read_time(json, sample);
    }
    if (key == "kind") {
        return read_kind(json, sample);
    }
    if (key == "states") {
        return read_states(json, sample);
    }
    // The value is read last: it may be one of the states.
    return key == "value" ? Status() : invalid_argument("unknown key");
}

Status read_value(const Json& json, KpiJson& sample) {
    if (json.is_number()) {
        sample.value = json.get<double>();
        return std::isfinite(sample.value) ? Status() : invalid_argument("value is not finite");
    }
    if (!json.is_string() || sample.kind != Kind::state) {
        return invalid_argument("value is not a number");
    }
    const std::vector<std::string>& states = sample.info.states;
    const auto found = std::find(states.begin(), states.end(), json.get<std::string>());
    if (found == states.end()) {
        return invalid_argument("value is not one of states");
    }
    sample.value = static_cast<double>(found - states.begin());
    return {};
}

Result<KpiJson> read_sample(std::string_view line) {
    const Json json = Json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) {
        return invalid_argument("not a JSON object");
    }
    KpiJson sample;
    for (const auto& [key, value] : json.items()) {
        if (const Status status = read_key(key, value, sample); !status) {
            return status.error();
        }
    }
    if (sample.info.key.metric.empty() || !json.contains("value")) {
        return invalid_argument("name or value is missing");
    }
    if (const Status status = read_value(json["value"], sample); !status) {
        return status.error();
    }
    return sample;
}

}  // namespace

Result<KpiJson> parse_kpi_json(std::string_view line) {
    if (is_too_deep(line)) {
        return invalid_argument("JSON is nested too deep");
    }
    try {
        return read_sample(line);
    } catch (const Json::exception&) {
        return invalid_argument("not a JSON object");
    }
}

}  // namespace cxedge::plugins
