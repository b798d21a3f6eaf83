// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/glob.hpp"
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
    // They get a copy of `info`: who is told may declare series, follow more, or end.
    void tell(const SeriesInfo& info, double value, const SampleTime& time) {
        std::erase_if(followers_, [](const auto& each) { return each.expired(); });
        std::vector<std::weak_ptr<Follower>> told;
        for (const auto& each : followers_) {
            if (glob_matches(each.lock()->metric, info.key.metric)) {
                told.push_back(each);
            }
        }
        if (told.empty()) {
            return;
        }
        const SeriesInfo copy = info;
        for (const auto& each : told) {
            if (const auto follower = each.lock()) {
                follower->on_reading(copy, value, time);
            }
        }
    }

private:
    struct Follower {
        std::string metric;  // glob
        OnReading on_reading;
    };

    std::vector<std::weak_ptr<Follower>> followers_;
};

}  // namespace cxedge::app
