// SPDX-License-Identifier: Apache-2.0
#include "agent/app/history_codec.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/wire/event_codec.hpp"

namespace cxedge::app {
namespace {

// A bucket's index, which is within +-35,000 for any double, as a key: positive values above 0,
// negative ones below.
constexpr std::int32_t kBeyondIndices = 40000;

}  // namespace

store::HistoryStamp stamp_of(const SampleTime& time) {
    return {time.base == SampleTime::Base::wall, time.ms};
}

std::string stored_event(Event event) {
    if (event.name.rfind("command.", 0) == 0) {
        std::erase_if(event.attrs, [](const Dimension& attr) { return attr.key == "detail"; });
    }
    return wire::encode_event(event);
}

store::HistoryCell cell_of(const Histogram& histogram) {
    store::HistoryCell cell;
    cell.samples = 1;
    cell.n = histogram.count();
    cell.sum = store::ExactSum(histogram.sum());
    cell.min = histogram.min();
    cell.max = histogram.max();
    std::transform(
        histogram.negative().rbegin(),
        histogram.negative().rend(),
        std::back_inserter(cell.buckets),
        [](const auto& bucket) {
            return store::HistoryBucket{-(bucket.first + kBeyondIndices), bucket.second};
        }
    );
    if (histogram.zeros() > 0) {
        cell.buckets.push_back({0, histogram.zeros()});
    }
    for (const auto& [index, n] : histogram.positive()) {
        cell.buckets.push_back({index + kBeyondIndices, n});
    }
    return cell;
}

std::optional<Histogram> histogram_of(const store::HistoryCell& cell) {
    if (cell.buckets.empty()) {
        return std::nullopt;
    }
    Histogram::Parts parts;
    parts.count = cell.n;
    parts.sum = cell.sum.value();
    parts.min = cell.min;
    parts.max = cell.max;
    for (const store::HistoryBucket& bucket : cell.buckets) {
        if (bucket.key == 0) {
            parts.zeros += bucket.n;
        } else if (bucket.key > 0) {
            parts.positive[bucket.key - kBeyondIndices] += bucket.n;
        } else {
            parts.negative[-bucket.key - kBeyondIndices] += bucket.n;
        }
    }
    return Histogram::from_parts(std::move(parts));
}

HistoryValue value_of(const store::HistoryCell& cell, std::size_t series) {
    HistoryValue value;
    value.series = series;
    value.at = from_unix_ms(cell.at_ms);
    value.step = std::chrono::milliseconds(cell.step_ms);
    value.samples = cell.samples;
    value.lost = cell.lost;
    value.n = cell.n;
    value.sum = cell.sum.value();
    value.min = cell.min;
    value.max = cell.max;
    value.last = cell.last;
    value.histogram = histogram_of(cell);
    return value;
}

Sample sample_of(const HistoryValue& value, Kind kind) {
    Sample sample;
    sample.time = at_wall(value.at);
    if (value.samples == 0) {
        sample.value = Lost{};
        return sample;
    }
    switch (kind) {
        case Kind::gauge:
            sample.value = value.sum / static_cast<double>(value.n);
            break;
        case Kind::counter:
        case Kind::delta:
            sample.value = value.sum;
            break;
        case Kind::histogram:
            sample.value = value.histogram.value_or(Histogram());
            break;
        case Kind::state:
            sample.value = value.last;
            break;
    }
    return sample;
}

}  // namespace cxedge::app
