// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/ingest/reading_sink.hpp"
#include "agent/pipeline/rules.hpp"

namespace cxedge::app {

// Sources that are told what others read (Host::follow). Costs a reading nothing while nobody
// follows. Thread: ingest.
class Followers {
public:
    using OnReading = ingest::ReadingSink::OnReading;

    // Until the handle is gone.
    std::shared_ptr<void> add(std::string_view metric, OnReading on_reading) {
        auto follower =
            std::make_shared<Follower>(Follower{std::string(metric), std::move(on_reading)});
        followers_.push_back(follower);
        return follower;
    }
    void declared(SeriesId id, const SeriesInfo& info) { series_[id] = info; }
    void tell(SeriesId id, double value, const SampleTime& time) {
        if (followers_.empty()) {
            return;
        }
        const auto info = series_.find(id);
        // A follower may follow more, or end, while it is told.
        for (const auto& each : std::vector(followers_)) {
            const auto follower = each.lock();
            if (follower && info != series_.end() &&
                pipeline::glob_matches(follower->metric, info->second.key.metric)) {
                follower->on_reading(info->second, value, time);
            }
        }
        std::erase_if(followers_, [](const auto& each) { return each.expired(); });
    }

private:
    struct Follower {
        std::string metric;  // glob
        OnReading on_reading;
    };

    std::vector<std::weak_ptr<Follower>> followers_;
    std::map<SeriesId, SeriesInfo> series_;
};

}  // namespace cxedge::app
