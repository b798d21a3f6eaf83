// SPDX-License-Identifier: Apache-2.0
// state.db: what must outlive a lost queue.db. Thread: one at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/clock.hpp"
#include "agent/base/lane.hpp"
#include "agent/base/result.hpp"
#include "agent/store/database_file.hpp"

namespace cxedge::store {

// The identity of the running sequence: within an epoch no lane gives a number twice.
struct SequenceState {
    std::uint64_t epoch = 0;
    // Numbers below were given or skipped; only those from here on may be given.
    std::array<std::uint64_t, kLaneCount> floor{};
};

class StateFile {
public:
    explicit StateFile(Database database) : database_(std::move(database)) {}
    static const DatabaseFormat& format();

    // Empty when there is none or it is incomplete.
    Result<std::optional<SequenceState>> sequences();
    // Commits a new epoch or new floors, all lanes at once.
    Status store(const SequenceState& state);

    // The number of the running boot: that of the last call when the kernel's id is the same, else
    // the next one after it and after `seen` (what queue.db knows, should this file be new).
    Result<std::uint32_t> count_boot(
        std::string_view kernel_boot_id, std::uint32_t seen, WallTime now
    );

private:
    Database database_;
};

}  // namespace cxedge::store
