// SPDX-License-Identifier: Apache-2.0
// A pipeline with an output that remembers, and the two hands of a clock that the test moves.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/pipeline/pipeline.hpp"

namespace cxedge::pipeline {

class RecordingOutput final : public PipelineOutput {
public:
    Result<SeriesId> define(const SeriesInfo& info) override {
        for (std::uint32_t i = 0; i < series.size(); ++i) {
            if (series[i] == info) {
                return SeriesId{i};
            }
        }
        series.push_back(info);
        return SeriesId{static_cast<std::uint32_t>(series.size() - 1)};
    }
    void sample(Stream stream, Sample sample) override {
        streams.push_back(stream);
        samples.push_back(std::move(sample));
    }
    void event(Event event) override { events.push_back(std::move(event)); }

    // Numbers of one outgoing series, e.g. "m{stat=max}".
    [[nodiscard]] std::vector<double> numbers(const std::string& key) const {
        std::vector<double> out;
        for (const Sample& sample : samples) {
            const auto* number = std::get_if<double>(&sample.value);
            if (number != nullptr && to_string(series[index_of(sample.series)].key) == key) {
                out.push_back(*number);
            }
        }
        return out;
    }

    std::vector<SeriesInfo> series;
    std::vector<Stream> streams;
    std::vector<Sample> samples;
    std::vector<Event> events;
};

// Starts 10 s into a minute; windows are a minute, staleness five.
struct Bench {
    static constexpr std::int64_t kMinute = 28'333'333;  // since 1970

    explicit Bench(PipelineOptions options = {})
        : pipeline(with_catalogue(std::move(options)), output) {}

    static PipelineOptions with_catalogue(PipelineOptions options) {
        options.catalogue.emplace("g", CatalogueEntry{"g", Kind::gauge, "Cel", "level"});
        options.catalogue.emplace("c", CatalogueEntry{"c", Kind::counter, "{person}", "count"});
        options.catalogue.emplace("d", CatalogueEntry{"d", Kind::delta, "By", "increments"});
        options.catalogue.emplace("h", CatalogueEntry{"h", Kind::histogram, "s", "waits"});
        options.catalogue.emplace("s", CatalogueEntry{"s", Kind::state, "1", "door"});
        return options;
    }

    SeriesId declare(const std::string& metric, Kind kind, std::uint8_t counter_bits = 0) {
        SeriesInfo info{{metric, {}}, kind, "", {}, counter_bits};
        if (kind == Kind::state) {
            info.states = {"closed", "open", "stuck"};
        }
        const Result<SeriesId> id = pipeline.declare(info);
        return id ? *id : SeriesId{9999};  // whose use is refused, which fails the test
    }
    bool give(SeriesId id, double value) {
        return pipeline.accept(id, value, at_boot(now.boot), now).ok();
    }
    bool give_dated(SeriesId id, double value, std::int64_t unix_ms) {
        return pipeline.accept(id, value, at_wall(from_unix_ms(unix_ms)), now).ok();
    }
    void pass(std::chrono::milliseconds time) {
        now.wall += time;
        now.boot += time;
        pipeline.tick(now);
    }
    void pass_minute() { pass(std::chrono::minutes(1)); }
    void step_wall(std::chrono::milliseconds by) { now.wall += by; }
    // What a boot time means on the wall clock of now.
    [[nodiscard]] std::int64_t wall_ms(const SampleTime& time) const {
        return unix_ms(now.wall) - (now.boot.count() - time.ms);
    }

    RecordingOutput output;
    Pipeline pipeline;
    Now now{from_unix_ms(kMinute * 60'000 + 10'000), BootTime(500'000)};
};

}  // namespace cxedge::pipeline
