// SPDX-License-Identifier: Apache-2.0
#include "plugins/ticket/queue_series.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

using What = QueueFact::What;

// Facts that storage refused; with so many no further message is taken.
constexpr std::size_t kMostWaiting = 10'000;
// One machine has not more counters and queues than that.
constexpr std::size_t kMostSeries = 2'000;

struct FactMetric {
    const char* metric;
    Kind kind;
};

FactMetric metric_of(What what) {
    switch (what) {
        case What::arrived:
            return {"store.queue.arrived", Kind::delta};
        case What::served:
            return {"store.queue.served", Kind::delta};
        case What::abandoned:
            return {"store.queue.abandoned", Kind::delta};
        case What::transferred:
            return {"store.queue.transferred", Kind::delta};
        case What::wait:
            return {"store.queue.wait", Kind::histogram};
        case What::service:
            break;
    }
    return {"store.queue.service", Kind::histogram};
}

}  // namespace

QueueSeries::QueueSeries(Host& host, Naming naming, devices::DeviceClock& clock)
    : host_(host), naming_(std::move(naming)), clock_(clock) {}

std::string QueueSeries::called(const std::string& said) const {
    const auto found = naming_.names.find(said);
    return found != naming_.names.end() ? found->second : said.substr(0, kMaxDimensionLength);
}

bool QueueSeries::know(const std::string& queue) {
    if (!queues_.contains(queue) && queues_.size() >= naming_.max_queues) {
        return false;
    }
    queues_.try_emplace(queue);
    return true;
}

Result<SeriesId> QueueSeries::series(
    const char* metric, Kind kind, const std::string& queue, const std::string& counter
) {
    SeriesInfo info{{metric, {{"queue", called(queue)}}}, kind, {}, {}, 0};
    if (!counter.empty()) {
        info.key.dims.push_back({"counter", called(counter)});
    }
    for (const auto& [key, value] : naming_.dims) {
        info.key.dims.push_back({key, value});
    }
    if (const Status normal = normalise(info); !normal) {
        return normal.error();
    }
    if (const auto known = ids_.find(info.key); known != ids_.end()) {
        return known->second;
    }
    if (ids_.size() >= kMostSeries) {
        return invalid_argument("there are too many queues and counters");
    }
    Result<SeriesId> id = host_.declare(info);
    if (id) {
        ids_.emplace(info.key, *id);
    }
    return id;
}

bool QueueSeries::is_full() const {
    return waiting_.size() >= kMostWaiting;
}

Status QueueSeries::tell(TicketBook::Facts facts) {
    // All of them: the book tells no fact twice. is_full() bounds them, and max_tickets those of
    // the end of a day.
    std::move(facts.begin(), facts.end(), std::back_inserter(waiting_));
    while (!waiting_.empty()) {
        Status told = emit(waiting_.front());
        if (!told && told.error().code == ErrorCode::exhausted) {
            return told;
        }
        if (!told && !std::exchange(refused_said_, true)) {
            host_.log(log::Level::warn, fmt::format("a fact is refused: {}", told.error().message));
        }
        waiting_.pop_front();
    }
    return {};
}

Status QueueSeries::emit(const QueueFact& fact) {
    const FactMetric metric = metric_of(fact.what);
    const Result<SeriesId> id = series(metric.metric, metric.kind, fact.queue, fact.counter);
    if (!id) {
        return id.error();
    }
    Occasion occasion{fact.time, std::nullopt, fact.key};
    if (fact.by_device) {
        const devices::DeviceTime time{unix_ms(*fact.time), false};
        occasion.time = clock_.occasion(naming_.device, {time, {}, {}}).time;
    }
    return host_.emit_once(*id, fact.value, occasion);
}

void QueueSeries::level(const char* metric, const std::string& queue, double value) {
    if (const Result<SeriesId> id = series(metric, Kind::gauge, queue, {})) {
        static_cast<void>(host_.emit(*id, value));
    }
}

void QueueSeries::tell_levels(const Levels& levels) {
    const SteadyTime now = host_.clock().steady_now();
    for (auto& [name, queue] : queues_) {
        const std::size_t waiting = levels.book.waiting(name);
        const auto length = static_cast<double>(waiting);
        if (levels.all || queue.length != length) {
            level("store.queue.length", name, length);
            queue.length = length;
        }
        const auto counters = static_cast<double>(levels.board.counters_open(name, now));
        const bool told = levels.board.knows_counters();
        if (told && (levels.all || queue.counters != counters)) {
            level("store.queue.counters_open", name, counters);
            queue.counters = counters;
        }
        const std::optional<double> forecast = levels.board.forecast_s(name, waiting, now);
        if (levels.all && forecast) {
            level("store.queue.wait_forecast", name, *forecast);
        }
    }
}

}  // namespace cxedge::plugins
