// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/ingest/reading_sink.hpp"
#include "agent/pipeline/rules.hpp"

namespace cxedge::app {

// Sources that are told what others read (Host::follow). Thread: ingest.
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
    [[nodiscard]] bool empty() const { return followers_.empty(); }
    void tell(const SeriesInfo& info, double value, const SampleTime& time) {
        // A follower may follow more, or end, while it is told.
        for (const auto& each : std::vector(followers_)) {
            const auto follower = each.lock();
            if (follower && pipeline::glob_matches(follower->metric, info.key.metric)) {
                follower->on_reading(info, value, time);
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
};

}  // namespace cxedge::app
