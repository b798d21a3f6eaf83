// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "agent/base/clock.hpp"
#include "agent/base/lane.hpp"

namespace cxedge::uplink {

// What one published packet carries, until its PUBACK.
struct InFlight {
    std::string topic;
    bool batch = false;  // else: state or dictionary
    std::optional<std::uint32_t> dictionary_part;
    Lane lane = Lane::control;   // of a batch
    bool backlog = false;        // of a batch: it came from the backlog
    std::uint64_t position = 0;  // in the spool, of a batch
    std::uint32_t samples = 0;
    std::uint32_t events = 0;
    SteadyTime sent{};
};

// The packets of one connection that are not acknowledged, by mid. A mid has no meaning on another
// connection: reset() on each. Thread: one.
class SendWindow {
public:
    void reset();
    [[nodiscard]] std::size_t size() const { return packets_.size(); }
    [[nodiscard]] std::size_t batches() const;
    [[nodiscard]] std::size_t backlog() const;
    void add(int mid, InFlight packet);
    // Empty for a mid that is not in flight: a repeated or strange PUBACK.
    std::optional<InFlight> settle(int mid);
    [[nodiscard]] bool contains(std::uint64_t position) const;
    [[nodiscard]] std::optional<SteadyTime> oldest() const;

private:
    std::map<int, InFlight> packets_;
};

}  // namespace cxedge::uplink
