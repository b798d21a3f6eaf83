// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_throughput/rate_meter.hpp"

#include <algorithm>

namespace cxedge::plugins::throughput {
namespace {

// Marks are no closer to each other: finer ones would only tell how the kernel hands over.
constexpr double kMarkS = 0.005;
// What is handed over in less is what had waited, not what the line brought.
constexpr double kLeastSpanS = 0.04;
constexpr double kStallS = 2;
// At such steps the rate of the latest window is compared.
constexpr double kCompareS = 0.1;

}  // namespace

double RateMeter::Counted::bits_per_s() const {
    return static_cast<double>(bytes) * 8 / (to_s - from_s);
}

void RateMeter::add(double at_s, std::uint64_t bytes) {
    if (bytes == 0) {
        return;
    }
    const std::size_t count = marks_.size();
    const bool close = count >= 2 && at_s - marks_[count - 2].at_s < kMarkS;
    if (close) {
        marks_.back() = {at_s, bytes};
    } else {
        marks_.push_back({at_s, bytes});
    }
}

void RateMeter::came_in(double at_s, std::uint64_t bytes) {
    if (!arrivals_.empty() && bytes < arrivals_.back().bytes) {
        arrivals_.clear();  // of other connections
    }
    arrivals_.push_back({at_s, bytes});
}

double RateMeter::elapsed_s() const {
    return marks_.empty() ? 0 : marks_.back().at_s - marks_.front().at_s;
}

bool RateMeter::warm() const {
    return !marks_.empty() && elapsed_s() >= rules_.warmup_s;
}

// The last one that is not later; the first, if all are.
const RateMeter::Mark& RateMeter::mark_before(double at_s) const {
    const auto after =
        std::upper_bound(marks_.begin(), marks_.end(), at_s, [](double time, const Mark& mark) {
            return time < mark.at_s;
        });
    return after == marks_.begin() ? marks_.front() : *(after - 1);
}

bool RateMeter::stalled() const {
    return elapsed_s() > kStallS && mark_before(marks_.back().at_s - kStallS).bytes == bytes();
}

bool RateMeter::stable() const {
    const double needed_s = rules_.warmup_s + rules_.window_s + rules_.stable_s;
    if (marks_.empty() || elapsed_s() < needed_s) {
        return false;
    }
    const double now_s = marks_.back().at_s;
    double lowest = -1;
    double highest = 0;
    for (double back_s = 0; back_s <= rules_.stable_s; back_s += kCompareS) {
        const Mark& end = mark_before(now_s - back_s);
        const Mark& begin = mark_before(end.at_s - rules_.window_s);
        const double rate = static_cast<double>(end.bytes - begin.bytes) / (end.at_s - begin.at_s);
        lowest = lowest < 0 ? rate : std::min(lowest, rate);
        highest = std::max(highest, rate);
    }
    return lowest > 0 && highest - lowest <= rules_.spread * (highest + lowest) / 2;
}

double RateMeter::latest() const {
    if (marks_.empty()) {
        return 0;
    }
    const Mark& end = marks_.back();
    const Mark& begin = mark_before(end.at_s - kCompareS);
    const double span_s = end.at_s - begin.at_s;
    return span_s > 0 ? static_cast<double>(end.bytes - begin.bytes) / span_s : 0;
}

std::optional<RateMeter::Counted> RateMeter::counted() const {
    if (marks_.size() < 2) {
        return std::nullopt;
    }
    const Mark& last = marks_.back();
    const double warm_s = marks_.front().at_s + rules_.warmup_s;
    const auto from = std::find_if(marks_.begin(), marks_.end() - 2, [&](const Mark& mark) {
        return mark.at_s >= warm_s || mark.bytes * 2 >= last.bytes;
    });
    Counted counted{from->at_s, last.at_s, last.bytes - from->bytes};
    if (counted.to_s - counted.from_s < kLeastSpanS) {
        return std::nullopt;
    }
    counted.bytes = std::min(counted.bytes, most_between(counted));
    return counted;
}

// By the rate at which segments came in, as far as that is known of this time.
std::uint64_t RateMeter::most_between(const Counted& counted) const {
    const auto earlier = [](const Mark& mark, double time) {
        return mark.at_s < time;
    };
    const auto first =
        std::lower_bound(arrivals_.begin(), arrivals_.end(), counted.from_s, earlier);
    const double span_s = counted.to_s - counted.from_s;
    if (first == arrivals_.end() || arrivals_.back().at_s - first->at_s < span_s / 2) {
        return counted.bytes;
    }
    const auto came = static_cast<double>(arrivals_.back().bytes - first->bytes);
    return static_cast<std::uint64_t>(came / (arrivals_.back().at_s - first->at_s) * span_s);
}

std::optional<double> median(std::vector<double> values) {
    if (values.empty()) {
        return std::nullopt;
    }
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace cxedge::plugins::throughput
