// SPDX-License-Identifier: Apache-2.0
// What became of the numbers of one lane, for a receiver: which arrived, which were declared lost,
// and below which the node has nothing left. Thread: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "agent/ctl/run_set.hpp"

namespace cxedge::ctl {

class SeqWindow {
public:
    // Runs that are remembered of what arrived. More holes than that between them: see `full`.
    static constexpr std::size_t kMaxRuns = 4096;

    enum class Arrival : std::uint8_t {
        fresh,
        seen,
        full,  // cannot be remembered before older holes fill: do not take it, it comes again
    };
    // What receiving `seq` would be; `seq` > 0.
    [[nodiscard]] Arrival look(std::uint64_t seq) const;
    // Requires look(seq) == fresh.
    void receive(std::uint64_t seq);

    // The node holds nothing below `seq`: older holes never fill. What is still on its way from
    // below is fresh all the same. Never goes back.
    void raise_floor(std::uint64_t seq);
    // A gap or a dead letter names these numbers.
    void declare(RunSet::Run run);

    // Every number up to this one was received, was declared, or will never come.
    [[nodiscard]] std::uint64_t contig() const;
    // The first numbers beyond contig() that are missing while a later one is there.
    [[nodiscard]] std::optional<RunSet::Run> hole() const;

    [[nodiscard]] std::uint64_t floor() const { return floor_; }
    [[nodiscard]] const RunSet& received() const { return received_; }
    [[nodiscard]] const RunSet& declared() const { return declared_; }
    // What a state file kept.
    static SeqWindow restore(std::uint64_t floor, RunSet received, RunSet declared);

private:
    // The two lowest runs may become one: what is between them will never fill.
    [[nodiscard]] bool can_forget() const;
    void forget();

    std::uint64_t floor_ = 1;
    RunSet received_;
    RunSet declared_;
};

}  // namespace cxedge::ctl
