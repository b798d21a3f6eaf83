// SPDX-License-Identifier: Apache-2.0
// One stream of bytes that loads a line. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "plugins/_probes/result.hpp"

namespace cxedge::plugins::throughput {

enum class Way : std::uint8_t { down, up };

// Why a stream ended by itself.
struct FlowEnd {
    probes::ProbeResult result = probes::ProbeResult::ok;  // ok: it has moved all it should
    std::string step;
    std::string detail;
};

class Flow {
public:
    struct Events {
        // So many bytes more came (down only). False: enough, end.
        std::function<bool(std::uint64_t bytes)> came;
        // Once, from the loop, never from within begin(); there the flow may not be destroyed.
        std::function<void(FlowEnd)> end;
        // How much the budget lets one more request bring (down only); nothing: no limit.
        std::function<std::optional<std::uint64_t>()> may_bring;
        // How long what begins now may take: it ends by itself before the run is ended, so that the
        // step is told that hangs. Above 0.
        std::function<std::chrono::milliseconds()> time_left;
    };

    virtual ~Flow() = default;
    virtual void begin() = 0;
    // Bytes of bodies that came, or that the other side's kernel has.
    [[nodiscard]] virtual std::uint64_t moved() const = 0;
    // Bytes of bodies that were asked for within the budget and have not come.
    [[nodiscard]] virtual std::uint64_t promised() const { return 0; }
    // When all has moved the other side says something of it, which ends this.
    [[nodiscard]] virtual bool is_answered() const { return false; }
    // Segments that this box sent again.
    [[nodiscard]] virtual std::uint32_t retransmits() const = 0;
    // Of data that comes, seconds; 0: not known, or none comes.
    [[nodiscard]] virtual double round_trip_s() const = 0;
    // Bytes that came in until now, at most, in whatever order (down only); nothing: not known.
    [[nodiscard]] virtual std::optional<std::uint64_t> arrived() const { return std::nullopt; }
    // Of the server; empty: not connected.
    [[nodiscard]] virtual std::string address() const = 0;
};

}  // namespace cxedge::plugins::throughput
