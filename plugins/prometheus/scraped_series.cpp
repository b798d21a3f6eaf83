// SPDX-License-Identifier: Apache-2.0
#include "plugins/prometheus/scraped_series.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/glob.hpp"
#include "agent/base/printable.hpp"

#include "plugins/_devices/privacy.hpp"

namespace cxedge::plugins {
namespace {

constexpr std::size_t kMostRefusedNames = 5'000;
constexpr std::size_t kNamesInTally = 5;
constexpr std::size_t kMostKnown = 200'000;

bool is_metric_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '/' || c == '-';
}

std::string as_metric(std::string name) {
    std::replace_if(
        name.begin(), name.end(), [](char c) { return !is_metric_char(c); }, '_'
    );
    return name.substr(0, kMaxNameLength);
}

// Not longer than a dimension may be, without control characters; addresses of hardware masked.
std::string as_value(const std::string& label) {
    if (devices::is_hardware_address(label)) {
        return devices::masked_address(label);
    }
    return printable(devices::without_addresses(label), kMaxDimensionLength);
}

bool has_key(const SeriesKey& key, std::string_view name) {
    return std::any_of(key.dims.begin(), key.dims.end(), [&](const Dimension& dim) {
        return dim.key == name;
    });
}

}  // namespace

ScrapedSeries::ScrapedSeries(
    Host& host, const ScrapeRules& rules, std::string device, SeriesBudget& budget
)
    : host_(host), rules_(rules), device_(std::move(device)), budget_(budget) {}

void ScrapedSeries::begin_scrape() {
    ++scrape_;
    tally_ = {};
}

bool ScrapedSeries::wanted(std::string_view name) const {
    const auto fits = [&](const std::string& glob) {
        return glob_matches(glob, name);
    };
    return std::any_of(rules_.match.begin(), rules_.match.end(), fits) &&
           std::none_of(rules_.drop.begin(), rules_.drop.end(), fits);
}

std::string ScrapedSeries::metric_of(std::string_view name) const {
    for (const auto& [there, here] : rules_.rename) {
        if (there == name) {
            return here;
        }
    }
    return as_metric(rules_.prefix + std::string(name));
}

ScrapedSeries::Series* ScrapedSeries::find(const ExposedSample& sample) {
    if (const auto known = known_.find(sample.series_text); known != known_.end()) {
        return use(known->second);
    }
    if (!wanted(sample.name)) {
        return nullptr;
    }
    Known known;
    known.series = declare(sample, known);
    if (known.series == nullptr) {
        return nullptr;
    }
    if (known_.size() >= kMostKnown) {  // ever new values of a personal label
        known_.clear();
    }
    return use(known_.emplace(sample.series_text, std::move(known)).first->second);
}

ScrapedSeries::Series* ScrapedSeries::use(Known& known) {
    for (const auto& [kind, count] : known.private_labels) {
        tally_.private_labels[kind] += count;
    }
    Series& series = *known.series;
    series.ambiguous = series.ambiguous || std::exchange(series.scrape, scrape_) == scrape_;
    tally_.ambiguous += series.ambiguous ? 1U : 0U;
    return series.ambiguous ? nullptr : &series;
}

SeriesKey ScrapedSeries::key_of_sample(const ExposedSample& sample, Known& known) const {
    SeriesKey key{metric_of(sample.name), {{"device", device_}}};
    for (const auto& [name, value] : rules_.dims) {
        key.dims.push_back({name, value});
    }
    for (const auto& [label, value] : sample.labels) {
        if (devices::count_personal(label, value.empty() ? 0 : 1, known.private_labels)) {
            continue;
        }
        // As Prometheus does with labels that it has itself.
        const std::string name = has_key(key, label) ? "exported_" + label : label;
        if (!value.empty() && !has_key(key, name) && name.size() <= kMaxNameLength) {
            key.dims.push_back({name, as_value(value)});
        }
    }
    return key;
}

ScrapedSeries::Series* ScrapedSeries::declare(const ExposedSample& sample, Known& known) {
    SeriesInfo info;
    info.key = key_of_sample(sample, known);
    info.kind = sample.cumulative ? Kind::counter : Kind::gauge;
    if (refused_.count(info.key.metric) != 0) {
        ++tally_.refused;
        return nullptr;
    }
    if (!normalise(info)) {  // too many labels: another sample of the metric may have fewer
        ++tally_.refused;
        tally_.refused_names.insert(info.key.metric);
        return nullptr;
    }
    if (const auto there = series_.find(info.key); there != series_.end()) {
        return &there->second;
    }
    if (budget_.left <= 0) {
        ++tally_.over;
        return nullptr;
    }
    const Result<SeriesId> id = host_.declare(info);
    if (!id && id.error().code == ErrorCode::exhausted) {
        ++tally_.over;
        return nullptr;
    }
    if (!id) {
        note_refused(info.key.metric);
        return nullptr;
    }
    --budget_.left;
    Series& series = series_[info.key];
    series.id = *id;
    series.kind = info.kind;
    return &series;
}

void ScrapedSeries::note_refused(const std::string& metric) {
    ++tally_.refused;
    const bool is_new = refused_.size() < kMostRefusedNames && refused_.insert(metric).second;
    if (is_new && tally_.refused_names.size() < kNamesInTally) {
        tally_.refused_names.insert(metric);
    }
}

void ScrapedSeries::for_each_due(const std::function<void(SeriesId)>& each) const {
    for (const auto& [key, series] : series_) {
        if (series.kind == Kind::gauge && series.scrape == scrape_ && !series.ambiguous) {
            each(series.id);
        }
    }
}

}  // namespace cxedge::plugins
