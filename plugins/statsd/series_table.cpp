// SPDX-License-Identifier: Apache-2.0
#include "plugins/statsd/series_table.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "agent/base/printable.hpp"

namespace cxedge::plugins {
namespace {

constexpr std::size_t kMaxSaid = 20;  // log lines about refused names

Kind kind_of(StatsdType type) {
    switch (type) {
        case StatsdType::counter:
            return Kind::delta;
        case StatsdType::milliseconds:
        case StatsdType::histogram:
            return Kind::histogram;
        case StatsdType::gauge:
        case StatsdType::set:
            break;
    }
    return Kind::gauge;
}

// Names come from outside.
constexpr std::size_t kLongestShown = 80;

}  // namespace

SeriesTable::Series* SeriesTable::find_or_declare(const StatsdLine& line, Host& host) {
    key_.assign(line.name).append(1, '|').append(line.type_text).append(1, '|').append(line.tags);
    const auto found = by_text_.find(std::string_view(key_));
    return found != by_text_.end() ? found->second : declare(line, host);
}

SeriesTable::Series* SeriesTable::declare(const StatsdLine& line, Host& host) {
    if (by_text_.size() >= capacity_) {
        say_refused(
            line, exhausted(fmt::format("more than {} series, see max_series", capacity_)), host
        );
        return nullptr;
    }
    Series* series = nullptr;
    const Result<SeriesId> id = host.declare(info_of(line));
    if (id) {
        series = &by_id_[index_of(*id)];
        series->id = *id;
    } else {
        say_refused(line, id.error(), host);
    }
    by_text_.emplace(key_, series);
    return series;
}

SeriesInfo SeriesTable::info_of(const StatsdLine& line) const {
    SeriesInfo info;
    info.key.metric = naming_.prefix;
    info.key.metric.append(line.name);
    info.kind = kind_of(line.type);
    // Only this type says what it measures; the others' units come from catalogue or rules.
    info.unit = line.type == StatsdType::milliseconds ? "s" : "";
    for (const auto& [key, value] : split_tags(line.tags)) {
        info.key.dims.push_back({std::string(key), std::string(value)});
    }
    const std::size_t tags = info.key.dims.size();
    for (const auto& [key, value] : naming_.dims) {
        const auto end = info.key.dims.begin() + static_cast<std::ptrdiff_t>(tags);
        const bool tagged =
            std::any_of(info.key.dims.begin(), end, [&name = key](const Dimension& dim) {
                return dim.key == name;
            });
        if (!tagged) {
            info.key.dims.push_back({key, value});
        }
    }
    return info;
}

// Once a name, and not for ever: a sender may make up any number of them.
void SeriesTable::say_refused(const StatsdLine& line, const Error& why, Host& host) {
    if (said_.size() >= kMaxSaid || !said_.emplace(line.name).second) {
        return;
    }
    host.log(
        log::Level::warn,
        fmt::format("\"{}\" is refused: {}", printable(line.name, kLongestShown), why.message)
    );
    if (said_.size() == kMaxSaid) {
        host.log(log::Level::warn, "further refused names are only counted (statsd.refused)");
    }
}

void SeriesTable::for_each_set(const std::function<void(Series&)>& visit) {
    for (auto& [id, series] : by_id_) {
        if (!series.members.empty()) {
            visit(series);
        }
    }
}

}  // namespace cxedge::plugins
