// SPDX-License-Identifier: Apache-2.0
// Readings -> facts: rules, counter discipline, UTC-aligned windows, raw pass-through, histograms,
// staleness, people in the store. Pure: no I/O, no clock of its own (only the time zone of the
// box). Thread: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/lane.hpp"
#include "agent/base/result.hpp"
#include "agent/model/catalogue.hpp"
#include "agent/model/event.hpp"
#include "agent/model/occasion.hpp"
#include "agent/model/sample.hpp"
#include "agent/model/series.hpp"

namespace cxedge::pipeline {

enum class Keep : std::uint8_t { window, raw, drop };
enum class GaugeStat : std::uint8_t { mean, min, max, last };

// The first rule whose `match` and `where` fit decides each setting that it names.
struct Rule {
    std::string match;             // glob over the metric name: '*' is any run of characters
    std::vector<Dimension> where;  // every listed dimension must match its glob
    std::string unit;              // empty = not decided here
    bool has_keep = false;
    Keep keep = Keep::window;
    std::chrono::milliseconds window{0};  // 0 = not decided here
    std::chrono::milliseconds stale{0};
    std::chrono::milliseconds stuck{0};
    std::vector<GaugeStat> stats;
    bool has_stream = false;
    Stream stream = Stream::kpi;
    std::vector<Dimension> labels;  // added to the series' dimensions
};

// People in a store, by the doors that are counted (StoreOccupancy): `store.occupancy` and
// `store.occupancy.residual` with this name as dimension `zone`.
struct OccupancyRule {
    std::string name;
    std::vector<std::string> doors;      // globs over the dimension `door`; empty: all
    std::chrono::minutes reset_at{240};  // local time of day at which the store is empty
};

struct PipelineOptions {
    std::chrono::milliseconds window{60000};
    std::chrono::milliseconds stale{300000};
    std::size_t max_series = 20000;
    std::vector<Rule> rules;
    std::vector<OccupancyRule> occupancies;
    Catalogue catalogue;
};

// Now, on both hands, taken together.
struct Now {
    WallTime wall{};
    BootTime boot{};
};

class PipelineOutput {
public:
    virtual ~PipelineOutput() = default;
    // Announces an outgoing series; the same info gives the same id.
    virtual Result<SeriesId> define(const SeriesInfo& info) = 0;
    virtual void sample(Stream stream, Sample sample) = 0;
    virtual void event(Event event) = 0;
};

struct PipelineCounters {
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;  // series or values that broke a rule
    std::uint64_t late = 0;     // time outside the open window: went out as its own sample
    std::uint64_t resets = 0;   // counter resets seen
    std::uint64_t wraps = 0;
    std::uint64_t repeated = 0;  // readings that had been told before
    std::uint64_t series = 0;    // incoming series declared
};

class Pipeline {
public:
    // `output` outlives the pipeline.
    Pipeline(PipelineOptions options, PipelineOutput& output);
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;
    ~Pipeline();

    // Incoming series; same info, same id. invalid_argument: unknown metric without a unit by rule,
    // unit or kind that contradicts the catalogue; exhausted: more than max_series.
    Result<SeriesId> declare(const SeriesInfo& info);
    Status accept(SeriesId series, double value, SampleTime time, const Now& now);
    // Host::emit_once(): what was told before is dropped, and ok. An interval's reading is a sample
    // of its own, at its end; what nobody told of before it goes out as losses, one for each
    // interval of this length, and as event `series.gap`.
    // `taken` counts where the occasion has no time.
    Status accept_once(
        SeriesId series, double value, const Occasion& occasion, SampleTime taken, const Now& now
    );
    Status accept_lost(SeriesId series, SampleTime time, const Now& now);
    void accept_event(Event event, const Now& now);

    // The series that declare() of the same info has given before.
    [[nodiscard]] std::optional<SeriesId> find(const SeriesInfo& info) const;
    // As it was declared. The series is one of this pipeline's. Valid until the next declare().
    [[nodiscard]] const SeriesInfo& info_of(SeriesId series) const;
    // Where facts of this series go; bulk for an unknown one.
    [[nodiscard]] Stream stream_of(SeriesId series) const;
    // As which outgoing series they go; none for an unknown one and for one that is dropped. Valid
    // until the next declare().
    [[nodiscard]] const std::vector<SeriesId>& outgoing_of(SeriesId series) const;

    // Closes due windows and raises staleness. Call at least once a second.
    void tick(const Now& now);
    // Closes every open window early (shutdown): partial windows travel with their true end time.
    void flush(const Now& now);
    // Likewise the open windows among `series`; returns whose were.
    std::vector<SeriesId> close(const std::vector<SeriesId>& series, const Now& now);
    // Incoming series whose metric fits the glob.
    [[nodiscard]] std::vector<SeriesId> series_like(std::string_view metric) const;

    // Everything it remembers, for the next process: declarations in order, open windows, counters'
    // last readings. restore() needs a pipeline without series and tells by which id each series of
    // then goes now; empty: the options no longer allow it. corrupt: not what save() wrote.
    void save(std::string& out) const;
    using RestoredIds = std::vector<std::optional<SeriesId>>;
    Result<RestoredIds> restore(std::string_view saved);

    // Of that, the little that means something after a reboot: who is in the stores, and until when
    // intervals were told. Empty: nothing. adopt() needs a pipeline without series; false: not what
    // lasting() wrote.
    [[nodiscard]] std::string lasting() const;
    bool adopt(std::string_view lasting);

    [[nodiscard]] const PipelineCounters& counters() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace cxedge::pipeline
