// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"
#include "agent/store/spool.hpp"

namespace cxedge::uplink {

// Positions that the broker has acknowledged and that are still to be deleted from the spool: many
// in one transaction, because each costs an fsync. Thread: one.
class AckBatch {
public:
    static constexpr std::size_t kEnough = 64;
    static constexpr std::chrono::milliseconds kDelay{200};
    static constexpr std::chrono::milliseconds kRetry{1000};  // after a failed deletion

    void add(std::uint64_t position, SteadyTime now);
    [[nodiscard]] bool contains(std::uint64_t position) const;
    // When flush() is due; empty when there is nothing to delete. `complete`: no more is on its
    // way.
    [[nodiscard]] std::optional<SteadyTime> due() const;
    [[nodiscard]] bool is_due(SteadyTime now, bool complete) const;
    // Keeps everything when it fails.
    Status flush(store::Spool& spool, SteadyTime now);

private:
    std::vector<std::uint64_t> positions_;
    SteadyTime due_{};
    bool failed_ = false;
};

}  // namespace cxedge::uplink
