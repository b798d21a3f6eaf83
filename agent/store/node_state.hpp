// SPDX-License-Identifier: Apache-2.0
// state.db: the little that must outlive a lost queue.db. All of it is in memory too, so that a
// file damaged or deleted under the running process is written anew. Thread: any.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/lane.hpp"
#include "agent/base/result.hpp"
#include "agent/store/database_file.hpp"
#include "agent/store/spool.hpp"

namespace cxedge::store {

// The identity of the running sequence: within an epoch no lane gives a number twice.
struct SequenceState {
    // Numbers reserved at a time: one small write to state.db buys this many batches a lane.
    static constexpr std::uint64_t kReserved = 16384;
    std::uint64_t epoch = 0;
    // Only numbers below may be given before the next reservation.
    std::array<std::uint64_t, kLaneCount> floor{};
    // The next to be given when this was written; equal to the floor after a clean stop.
    std::array<std::uint64_t, kLaneCount> known{};
    // The ring that knows which numbers below the floor were given.
    std::uint64_t ring_id = 0;
    bool operator==(const SequenceState&) const = default;
};

class NodeState {
public:
    static const DatabaseFormat& format();
    // Opens the file, or puts a damaged one aside and begins anew; `repairs` gets a line for it.
    static Result<std::unique_ptr<NodeState>> open(
        const DatabasePlace& place, const Clock& clock, std::vector<std::string>& repairs
    );

    // Empty when there is none or it is incomplete.
    [[nodiscard]] std::optional<SequenceState> sequences() const;
    // Commits a new epoch or new floors, all lanes at once.
    Status store(const SequenceState& state);

    // The number of the running boot: that of the last call when the kernel's id is the same, else
    // the next one after it and after `seen` (what queue.db knows, should this file be new).
    Result<std::uint32_t> count_boot(const std::string& kernel_boot_id, std::uint32_t seen);

    // See Spool.
    Status note_clock(std::uint32_t boot, const BootClock& clock);
    [[nodiscard]] std::optional<BootClock> boot_clock(std::uint32_t boot) const;
    [[nodiscard]] BootBounds boot_bounds(std::uint32_t boot) const;
    [[nodiscard]] WallTime time_floor() const;
    Status remember(std::string_view key, std::string_view value);
    [[nodiscard]] std::string recall(std::string_view key) const;

    // Writes the file anew when another has taken its name, none has it, or an earlier write
    // failed. True: it was so.
    Result<bool> check_file();

private:
    struct Boot {
        std::string kernel_id;
        std::int64_t first_wall_ms = 0;
        BootClock clock;  // quality 0: not known
        std::int64_t last_wall_ms = 0;
    };
    using Write = std::function<Status(Database&)>;

    NodeState(DatabasePlace place, Database database, const Clock& clock);
    Status load();
    Status load_sequences();
    Status load_boots();
    Status load_facts();
    // Require mutex_.
    Status commit(const Write& write);
    Status commit_or_restore(const Write& write);
    Status restore();
    Status write_sequences(Database& database) const;
    Status write_boot(Database& database, std::uint32_t id) const;
    Status write_fact(Database& database, const std::string& key) const;
    Status write_all(Database& database) const;

    const DatabasePlace place_;
    const Clock& clock_;
    mutable std::mutex mutex_;
    std::optional<Database> database_;
    FileIdentity identity_;
    bool unsaved_ = false;  // memory holds what the file does not
    std::optional<SequenceState> sequences_;
    std::map<std::uint32_t, Boot> boots_;
    std::map<std::string, std::string, std::less<>> facts_;
    WallTime time_floor_{};
};

}  // namespace cxedge::store
