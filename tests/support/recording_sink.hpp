// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/ingest/reading_sink.hpp"

namespace cxedge::test {

// Where readings go, remembered; refuses series whose metric begins with "bad.".
class RecordingSink final : public ingest::ReadingSink {
public:
    struct Reading {
        std::string series;
        double value = 0;
        bool lost = false;
        SampleTime time;
        Occasion occasion{};  // accept_once() only
    };

    Result<SeriesId> declare(const SeriesInfo& info) override {
        if (info.key.metric.rfind("bad.", 0) == 0) {
            return invalid_argument(info.key.metric + ": not in the metric catalogue");
        }
        if (!declare_status) {
            return declare_status.error();
        }
        series.push_back(to_string(info.key));
        return SeriesId{static_cast<std::uint32_t>(series.size() - 1)};
    }
    Status accept(SeriesId id, double value, SampleTime time) override {
        if (!accept_status) {
            return accept_status;
        }
        readings.push_back({series.at(index_of(id)), value, false, time});
        return {};
    }
    Status accept_once(SeriesId id, double value, const Occasion& occasion, SampleTime taken)
        override {
        if (!accept_status) {
            return accept_status;
        }
        const SampleTime time = occasion.time ? at_wall(*occasion.time) : taken;
        readings.push_back({series.at(index_of(id)), value, false, time, occasion});
        return {};
    }
    std::shared_ptr<void> follow(std::string_view metric, OnReading on_reading) override {
        followed.emplace_back(metric);
        follower = std::make_shared<OnReading>(std::move(on_reading));
        return follower;
    }
    void tell_device(std::string_view source, const DeviceNote& note) override {
        devices.emplace_back(source, note);
    }
    Status accept_lost(SeriesId id, SampleTime time) override {
        readings.push_back({series.at(index_of(id)), 0, true, time});
        return {};
    }
    void accept_event(Event event) override { events.push_back(std::move(event)); }
    void turned_away(SeriesId id) override { refused.push_back(series.at(index_of(id))); }
    void guard(SeriesId id) override { guarded.push_back(series.at(index_of(id))); }
    void commit(ingest::Durability asked, std::function<void(const Status&)> done) override {
        durability = asked;
        ++commits;
        done(commit_status);
    }

    Status keep(std::string_view source, std::string_view bytes) override {
        kept_by[std::string(source)] = bytes;
        return {};
    }
    [[nodiscard]] std::string kept(std::string_view source) const override {
        const auto found = kept_by.find(std::string(source));
        return found == kept_by.end() ? std::string() : found->second;
    }

    [[nodiscard]] std::vector<const Event*> events_named(std::string_view name) const {
        std::vector<const Event*> out;
        for (const Event& event : events) {
            if (event.name == name) {
                out.push_back(&event);
            }
        }
        return out;
    }
    [[nodiscard]] const Reading* reading_of(std::string_view wanted) const {
        const auto it = std::find_if(readings.begin(), readings.end(), [&](const Reading& reading) {
            return reading.series == wanted;
        });
        return it == readings.end() ? nullptr : &*it;
    }

    std::vector<std::string> series;
    std::vector<Reading> readings;
    std::vector<Event> events;
    std::vector<std::string> refused;
    std::vector<std::string> guarded;
    std::map<std::string, std::string> kept_by;
    ingest::Durability durability = ingest::Durability::process;
    int commits = 0;
    Status commit_status;
    Status accept_status;   // of every reading
    Status declare_status;  // of every series
    std::vector<std::string> followed;
    std::shared_ptr<OnReading> follower;
    std::vector<std::pair<std::string, DeviceNote>> devices;
};

}  // namespace cxedge::test
