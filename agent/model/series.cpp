// SPDX-License-Identifier: Apache-2.0
#include "agent/model/series.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "agent/base/printable.hpp"

namespace cxedge {
namespace {

constexpr std::array<std::string_view, 5> kKindNames{
    "gauge", "counter", "delta", "histogram", "state"};

bool is_word(char c, std::string_view extra) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           extra.find(c) != std::string_view::npos;
}

bool is_name(std::string_view text, std::string_view extra) {
    return !text.empty() && text.size() <= kMaxNameLength &&
           std::all_of(text.begin(), text.end(), [&](char c) { return is_word(c, extra); });
}

bool is_printable(std::string_view text) {
    return std::none_of(text.begin(), text.end(), is_control);
}

Status check_dimension(const Dimension& dim) {
    if (!is_name(dim.key, "._-")) {
        return invalid_argument(fmt::format(
            "dimension key \"{}\": use 1 to {} letters, digits and ._-", dim.key, kMaxNameLength
        ));
    }
    if (dim.value.empty() || dim.value.size() > kMaxDimensionLength || !is_printable(dim.value)) {
        return invalid_argument(fmt::format(
            "dimension \"{}\": value must be 1 to {} bytes without control characters",
            dim.key,
            kMaxDimensionLength
        ));
    }
    return {};
}

Status check_dimensions(const SeriesInfo& info) {
    const auto& dims = info.key.dims;
    if (dims.size() > kMaxDimensions) {
        return invalid_argument(
            fmt::format("{} dimensions, at most {} are allowed", dims.size(), kMaxDimensions)
        );
    }
    for (const Dimension& dim : dims) {
        if (Status checked = check_dimension(dim); !checked) {
            return checked;
        }
    }
    const auto twin = std::adjacent_find(
        dims.begin(), dims.end(), [](const auto& a, const auto& b) { return a.key == b.key; }
    );
    if (twin != dims.end()) {
        return invalid_argument(fmt::format("dimension \"{}\" is given twice", twin->key));
    }
    return {};
}

}  // namespace

std::string_view to_string(Kind kind) {
    return kKindNames.at(static_cast<std::size_t>(kind));
}

bool parse_kind(std::string_view text, Kind& kind) {
    const auto index = static_cast<std::size_t>(
        std::distance(kKindNames.begin(), std::find(kKindNames.begin(), kKindNames.end(), text))
    );
    if (index == kKindNames.size()) {
        return false;
    }
    kind = static_cast<Kind>(index);
    return true;
}

std::string to_string(const SeriesKey& key) {
    std::string dims;
    for (const Dimension& dim : key.dims) {
        dims += (dims.empty() ? "" : ",") + dim.key + "=" + dim.value;
    }
    return dims.empty() ? key.metric : key.metric + "{" + dims + "}";
}

Status normalise(SeriesInfo& info) {
    if (!is_name(info.key.metric, "._/-")) {
        return invalid_argument(fmt::format(
            "metric name \"{}\": use 1 to {} letters, digits and ._/-",
            info.key.metric.substr(0, 64),
            kMaxNameLength
        ));
    }
    std::sort(info.key.dims.begin(), info.key.dims.end());
    if (const Status checked = check_dimensions(info); !checked) {
        return checked.error().during(info.key.metric);
    }
    if ((info.kind == Kind::state) != (info.states.size() >= 2)) {
        return invalid_argument(
            info.key.metric + ": a state series, and no other, lists at least 2 states"
        );
    }
    return {};
}

}  // namespace cxedge
