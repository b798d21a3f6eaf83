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

// Batches that the broker has acknowledged and that are still to be deleted from the spool: many in
// one transaction, because each may cost an fsync. Thread: one.
class AckBatch {
public:
    static constexpr std::size_t kEnough = 64;
    static constexpr std::chrono::milliseconds kDelay{200};
    static constexpr std::chrono::milliseconds kRetry{1000};  // after a failed deletion

    struct Entry {
        std::uint64_t position = 0;
        std::uint32_t samples = 0;
        std::uint32_t events = 0;
    };

    void add(const Entry& entry, SteadyTime now);
    void clear() { entries_.clear(); }
    [[nodiscard]] bool contains(std::uint64_t position) const;
    // When flush() is due; empty when there is nothing to delete. `complete`: no more is on its
    // way.
    [[nodiscard]] std::optional<SteadyTime> due() const;
    [[nodiscard]] bool is_due(SteadyTime now, bool complete) const;
    // Keeps everything when it fails.
    Result<store::Spool::Delivered> flush(store::Spool& spool, SteadyTime now);

private:
    std::vector<Entry> entries_;
    SteadyTime due_{};
    bool failed_ = false;
};

}  // namespace cxedge::uplink
