// SPDX-License-Identifier: Apache-2.0
// The spool: sealed batches between the ingest thread (appends) and the uplink thread (reads,
// acks), in two tiers. A batch first lives in the ring, a MAP_SHARED file on tmpfs that survives
// the process and costs no flash write. What is still unacknowledged after the commit interval, or
// when the ring fills, goes to SQLite (WAL, synchronous=FULL) by group commit and then survives
// power cuts. Files, columns and crash behaviour: README.md in this folder.
// Thread: any; each call locks briefly.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/gap.hpp"
#include "agent/base/lane.hpp"
#include "agent/base/result.hpp"

namespace cxedge::store {

// A batch as ingest hands it over. `body` is opaque to the store.
struct NewBatch {
    Stream stream = Stream::kpi;
    std::uint32_t samples = 0;
    std::uint32_t events = 0;
    std::uint32_t dict_size = 0;
    std::uint32_t codec = 0;
    std::int64_t t0_boot_ms = 0;  // CLOCK_BOOTTIME of relative time 0
    std::int64_t sealed_boot_ms = 0;
    std::int64_t sealed_wall_ms = 0;  // wall clock at sealing, right or not
    std::uint32_t clock_quality = 0;
    // Record number of the journal of readings up to which this stream's samples are in batches;
    // 0: not from a journal. Kept in the ring for sealed_through().
    std::uint64_t journal_through = 0;
    std::string body;
};

struct StoredBatch {
    // Handle and cursor: rises within a lane in order of storing and is never given twice while the
    // spool is open. Says nothing to the platform, which knows a batch by (epoch, lane, seq).
    std::uint64_t position = 0;
    std::uint64_t epoch = 0;  // may be an older one than Spool::epoch()
    std::uint64_t seq = 0;
    std::uint64_t first_unacked = 0;  // oldest seq of this epoch and lane held when it was read
    std::uint32_t boot = 0;           // boot counter the times belong to
    NewBatch batch;
};

// Makes the lane 0 batch that declares gaps and dead letters. The store writes it in the same
// transaction that removes what it declares. Called from whichever thread removes.
using Declare = std::function<NewBatch(const Declaration&)>;

struct SpoolOptions {
    std::string directory;                  // holds queue.db and state.db; created if missing
    std::uint64_t max_bytes = 256U << 20U;  // of queue.db; at most a tenth of the file system
    std::string boot_id_file = "/proc/sys/kernel/random/boot_id";

    // File of the ring, on tmpfs. Empty, or not usable (see report()): memory of the process.
    std::string ring_file;
    std::size_t ring_bytes = 1U << 20U;
    // What a power cut can take: batches older than this go to SQLite.
    std::chrono::milliseconds commit_interval{5000};
    // Sealed longer ago: dropped and declared (GapCause::age). By lane; 0: no limit.
    std::array<std::chrono::milliseconds, kLaneCount> max_age{};
    // At the hard limit: drop the oldest of lane 1 and declare them, instead of refusing new ones.
    bool drop_live_when_full = false;
    Declare declare;  // empty: removals are not declared (tools and tests)
    std::string vfs;  // SQLite VFS by name; empty: the default. The simulator's power cuts.
    std::uint64_t ballast_bytes = 4U << 20U;  // given back when the file system is full
};

// What opening had to do; each line is worth an event upstream.
struct SpoolReport {
    bool new_epoch = false;
    std::vector<std::string> repairs;  // "queue.db was corrupt, moved to queue.db.corrupt-1; ..."
};

struct LaneStatus {
    std::uint64_t batches = 0;
    std::uint64_t samples = 0;
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;
    std::uint64_t first_unacked = 0;  // oldest seq held, or the next to be given
    std::int64_t oldest_wall_ms = 0;  // sealing time of the oldest, 0 when empty
    std::uint64_t next_seq = 1;
};

enum class StorageMode : std::uint8_t {
    normal,
    low,       // soft limit of the quota or of the disk: lane 2 is dropped oldest first
    full,      // hard limit, or no disk space: lane 1 is dropped or refused, by option
    degraded,  // SQLite fails: only the ring takes batches
};

struct StorageStatus {
    StorageMode mode = StorageMode::normal;
    std::string problem;           // empty when normal; says what to do
    std::uint64_t used_bytes = 0;  // live pages of queue.db
    std::uint64_t quota_bytes = 0;
    std::uint64_t disk_free_bytes = 0;
    std::uint64_t ring_used_bytes = 0;
    std::uint64_t ring_bytes = 0;
    // Why the ring is in memory, which the process takes with it; empty: it is a file.
    std::string ring_memory_only;
    std::uint64_t commits = 0;            // transactions on queue.db since opening
    std::uint64_t written_bytes = 0;      // bodies and rows handed to SQLite since opening
    std::uint64_t dead_letters = 0;       // kept in table `dead`
    std::int64_t growth_bytes_per_s = 0;  // of used_bytes over the last minutes; <= 0: not filling
};

// What is known of the wall clock of a boot.
struct BootClock {
    // From this quality on a clock is synchronised (cx.v1.Clock.quality).
    static constexpr std::uint32_t kSynchronised = 3;
    std::chrono::milliseconds wall_offset{0};  // add to CLOCK_BOOTTIME of that boot to get UTC
    std::uint32_t quality = 0;                 // cx.v1.Clock.quality when it was noted
};

// Between which moments something was; 0: not known.
struct BootBounds {
    WallTime earliest{};
    WallTime latest{};
};

class Spool {
public:
    // unavailable: the directory cannot be used; invalid_argument: another process uses it (what to
    // do). Damaged files are quarantined and their good rows salvaged: see report(), not an error.
    // `clock` must outlive the spool.
    static Result<std::unique_ptr<Spool>> open(const SpoolOptions& options, const Clock& clock);
    // Moves the ring to SQLite (a clean stop leaves nothing on tmpfs).
    virtual ~Spool() = default;

    [[nodiscard]] virtual const SpoolReport& report() const = 0;
    [[nodiscard]] virtual std::uint64_t epoch() const = 0;
    // Counts the boots of this machine that the store has seen; 1 on the first.
    [[nodiscard]] virtual std::uint32_t boot() const = 0;

    // Series definitions, in order of id from 0. They survive the process with the first batch that
    // needs them, and are on disk before that batch is read.
    virtual Status add_definition(std::uint32_t id, std::string_view definition) = 0;
    // All of them.
    [[nodiscard]] virtual std::vector<std::string> definitions() const = 0;
    // Those on disk, of which others may be told: their ids are never given again. Tries to write
    // the rest first.
    virtual std::vector<std::string> committed_definitions() = 0;

    // Gives each batch its seq (rising within its lane) and puts all of them into the ring, or
    // none. They survive the process. exhausted: ring, quota or disk are full and nothing may be
    // dropped for it; nothing was stored and no number spent.
    virtual Status append(std::vector<NewBatch> batches) = 0;
    // Moves batches from the ring to SQLite: those older than the commit interval, or all of them
    // (durable against power cuts on return). Enforces quota and age limits. Call a few times a
    // second with `due`. Errors as append(); what could not be moved stays in the ring.
    enum class Move : std::uint8_t { due, all };
    virtual Status commit(Move what) = 0;

    // Up to `limit` batches of `lane` stored after position `after` (0: from the oldest), in order;
    // batches of older epochs come first. A batch that fails its check sum is removed and declared.
    virtual Result<std::vector<StoredBatch>> read(
        Lane lane, std::uint64_t after, std::size_t limit
    ) = 0;
    // Deletes what was delivered. From the ring at once, from SQLite in one transaction. Unknown
    // positions are ignored.
    virtual Status acknowledge(const std::vector<std::uint64_t>& positions) = 0;
    // Deletes all batches of (epoch, lane) with seq <= `seq`: the platform has them. Returns how
    // many samples and events that were.
    struct Delivered {
        std::uint64_t batches = 0;
        std::uint64_t samples = 0;
        std::uint64_t events = 0;
    };
    virtual Result<Delivered> acknowledge_through(
        Lane lane, std::uint64_t epoch, std::uint64_t seq
    ) = 0;
    // Position of the first batch of (epoch, lane) with a seq >= `seq`; empty: none is held.
    virtual Result<std::optional<std::uint64_t>> position_of_seq(
        Lane lane, std::uint64_t epoch, std::uint64_t seq
    ) = 0;

    // Takes a batch out because the broker will never have it: moved to table `dead` (bounded, the
    // oldest bodies go first) and declared. Unknown positions are ignored.
    virtual Status bury(std::uint64_t position, std::uint8_t reason, std::uint32_t attempts) = 0;
    // Puts `parts` at the end of the lane instead of the batch, and declares its number as split.
    virtual Status split(std::uint64_t position, std::vector<NewBatch> parts) = 0;
    // Declares samples that never became a batch (refused readings, a lost journal).
    virtual Status declare(const Declaration& declaration) = 0;

    // Highest NewBatch::journal_through of a stream that the ring has seen since it was made.
    [[nodiscard]] virtual std::uint64_t sealed_through(Stream stream) const = 0;
    // Random, of the ring file: a journal that refers to another ring refers to nothing.
    [[nodiscard]] virtual std::uint64_t ring_id() const = 0;

    // Notes the clock of this boot for batches that are sent after the next one. Written when the
    // quality rises or the offset moves by more than a second, not at every call.
    virtual Status note_clock(const BootClock& clock) = 0;
    // Of an earlier boot; empty when nothing is known.
    [[nodiscard]] virtual std::optional<BootClock> boot_clock(std::uint32_t boot) const = 0;
    // Of any boot, by what its neighbours knew: it began after the last synchronised moment before
    // it, and was over when the next one began whose clock was set.
    [[nodiscard]] virtual BootBounds boot_bounds(std::uint32_t boot) const = 0;
    // The latest wall time ever noted: the clock cannot be right when it shows less. 0: none.
    // note_clock() moves it, at most once an hour on disk.
    [[nodiscard]] virtual WallTime time_floor() const = 0;

    // Small facts that must outlive queue.db: "platform_ack" = "1". At most 128 keys.
    virtual Status remember(std::string_view key, std::string_view value) = 0;
    [[nodiscard]] virtual std::string recall(std::string_view key) const = 0;

    [[nodiscard]] virtual LaneStatus status(Lane lane) const = 0;
    [[nodiscard]] virtual StorageStatus storage() const = 0;
    // Nothing is held in any lane.
    [[nodiscard]] bool drained() const {
        return std::all_of(kLanes.begin(), kLanes.end(), [this](Lane lane) {
            return status(lane).batches == 0;
        });
    }

    // Called (from the appending thread) after every successful append; wakes the uplink. It may
    // not append itself. Once this returns, the callback of before is not running and never will.
    virtual void on_append(std::function<void()> callback) = 0;
};

}  // namespace cxedge::store
