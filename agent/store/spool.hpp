// SPDX-License-Identifier: Apache-2.0
// The spool: sealed batches between the ingest thread (appends) and the uplink thread (reads,
// acks). A committed batch survives kill -9 and power cuts (SQLite WAL, synchronous=FULL). Files,
// columns and crash behaviour: README.md in this folder. Thread: any; each call locks briefly.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.hpp"
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

// A batch that was stored and is unreadable: material for a declared gap.
struct LostBatch {
    Lane lane = Lane::live;
    std::uint64_t epoch = 0;
    std::uint64_t seq = 0;
    std::uint32_t samples = 0;
    std::uint32_t events = 0;
};

struct SpoolOptions {
    std::string directory;                  // holds queue.db and state.db; created if missing
    std::uint64_t max_bytes = 256U << 20U;  // of queue.db
    std::string boot_id_file = "/proc/sys/kernel/random/boot_id";
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

class Spool {
public:
    // unavailable: the directory cannot be used or another process uses it (says why and what to
    // do). Damaged files are quarantined and their good rows salvaged: see report(), not an error.
    // `clock` must outlive the spool.
    static Result<std::unique_ptr<Spool>> open(const SpoolOptions& options, const Clock& clock);
    virtual ~Spool() = default;

    [[nodiscard]] virtual const SpoolReport& report() const = 0;
    [[nodiscard]] virtual std::uint64_t epoch() const = 0;
    // Counts the boots of this machine that the store has seen; 1 on the first.
    [[nodiscard]] virtual std::uint32_t boot() const = 0;

    // Series definitions: stored with the batches that need them, in order of id from 0.
    virtual Result<std::vector<std::string>> load_definitions() = 0;
    virtual Status add_definition(std::uint32_t id, std::string_view definition) = 0;

    // Commits all batches in one transaction and gives each its seq (rising within its lane).
    // exhausted: the quota or the disk is full, nothing was stored; unavailable: I/O error.
    virtual Status append(std::vector<NewBatch> batches) = 0;

    // Up to `limit` batches of `lane` stored after position `after` (0: from the oldest), in order;
    // batches of older epochs come first. A batch that fails its check sum is removed, left out and
    // shows up in take_losses().
    virtual Result<std::vector<StoredBatch>> read(
        Lane lane, std::uint64_t after, std::size_t limit
    ) = 0;
    // Deletes what the broker has acknowledged, in one transaction. Unknown positions are ignored.
    virtual Status acknowledge(const std::vector<std::uint64_t>& positions) = 0;
    // Unreadable batches found since the last call (or since opening).
    virtual std::vector<LostBatch> take_losses() = 0;

    [[nodiscard]] virtual LaneStatus status(Lane lane) const = 0;
    // Bytes of queue.db in use (live pages), and its quota.
    [[nodiscard]] virtual std::uint64_t used_bytes() const = 0;

    // Called (from the appending thread) after every successful append; wakes the uplink.
    virtual void on_append(std::function<void()> callback) = 0;
};

}  // namespace cxedge::store
