// SPDX-License-Identifier: Apache-2.0
// One direction of a line, loaded until enough is known of it. Thread: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/_probes/probe.hpp"
#include "plugins/probe_throughput/flow.hpp"
#include "plugins/probe_throughput/rate_meter.hpp"

namespace cxedge::plugins::throughput {

struct LoadRules {
    std::uint64_t max_bytes = 0;
    double max_s = 10;  // from the first byte
    bool early_stop = true;
    RateRules rate;
};

struct LoadOutcome {
    FlowEnd end;  // of the stream that failed; ok: none did
    std::optional<RateMeter::Counted> counted;
    std::uint64_t bytes = 0;  // of bodies, those not counted, too
    std::uint32_t retransmits = 0;
    std::string stopped_by;  // for people: "bytes", "time", "a steady rate", ...
    std::string address;
};

class Load {
public:
    using Done = std::function<void(LoadOutcome)>;
    using MakeFlow = std::function<std::unique_ptr<Flow>(Flow::Events events)>;

    Load(const probes::ProbeContext& context, const LoadRules& rules);
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;
    ~Load() = default;

    // `done` comes once, from the loop, never from within this; there the load may not be
    // destroyed.
    void begin(std::size_t streams, const MakeFlow& make, Done done);
    // Slow start is over: what is measured at the same time counts from now on.
    [[nodiscard]] bool warm() const { return rate_.warm(); }
    // Nothing is under load any more.
    [[nodiscard]] bool over() const { return over_ || answer_; }

private:
    bool came(std::uint64_t bytes);
    void look();
    void look_at_arrivals();
    void mind_budget();
    [[nodiscard]] std::uint64_t on_the_way() const;
    std::optional<std::uint64_t> may_bring();
    [[nodiscard]] std::uint64_t promised_to_all() const;
    void all_moved();
    void flow_ended(FlowEnd end);
    void stop_soon(FlowEnd end, std::string by);
    void tell();
    [[nodiscard]] std::uint64_t moved() const;
    [[nodiscard]] double now_s() const;

    const probes::ProbeContext& context_;
    LoadRules rules_;
    Done done_;
    SteadyTime began_{};
    RateMeter rate_;
    std::vector<std::unique_ptr<Flow>> flows_;
    std::uint64_t came_ = 0;
    std::optional<std::uint64_t> left_;  // of the budget, when it began
    std::uint64_t used_then_ = 0;
    std::size_t idle_ = 0;  // streams that have not begun
    bool over_ = false;
    LoadOutcome outcome_;
    LoopHandle ticks_;
    LoopHandle answer_;  // is due until then
    LoopHandle later_;
};

}  // namespace cxedge::plugins::throughput
