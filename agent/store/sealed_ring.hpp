// SPDX-License-Identifier: Apache-2.0
// The first tier: sealed batches in a ring that survives the process. Records lie one behind the
// other in order of appending; any of them can be released, and the head moves over those that
// are. An index of what is held is kept in memory. Thread: one at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/gap.hpp"
#include "agent/store/batch_row.hpp"
#include "agent/store/lane_ledger.hpp"
#include "agent/store/ring_file.hpp"
#include "agent/store/ring_record.hpp"
#include "agent/store/spool.hpp"

namespace cxedge::store {

class SealedRing {
public:
    struct Entry {
        std::uint64_t position = 0;
        std::uint64_t epoch = 0;
        std::uint64_t seq = 0;
        std::int64_t wall_ms = 0;
        std::int64_t appended_boot_ms = 0;
        std::size_t offset = 0;
        std::uint32_t boot = 0;
        std::uint32_t samples = 0;
        std::uint32_t events = 0;
        std::uint32_t dict_size = 0;
        std::uint32_t bytes = 0;  // of the body
        bool moving = false;      // on its way to SQLite: whoever wants it gone must wait
        bool released = false;

        [[nodiscard]] LostBatch as_lost() const {
            return {static_cast<Lane>(position >> kLaneShift), epoch, seq, samples, events};
        }
    };
    struct Options {
        std::string path;  // empty: memory of the process
        std::size_t bytes = 0;
        std::string boot_id;  // of the running kernel
    };
    struct Opening;
    // Never fails but for want of memory: what cannot be used is said in `repairs`.
    static Result<Opening> open(const Options& options);

    [[nodiscard]] std::uint64_t id() const { return file_.id(); }
    [[nodiscard]] std::size_t capacity() const { return file_.capacity(); }
    [[nodiscard]] std::size_t used_bytes() const;
    [[nodiscard]] bool empty() const { return state_.head == state_.tail; }

    // Why the ring lives in memory, which the process takes with it; empty: it is a file.
    [[nodiscard]] const std::string& memory_only() const { return memory_only_; }
    // Moves it into its file, if that can be had again. Nothing to do: nothing happens.
    void take_file_back();

    // What is held of a lane, oldest first; entries in the middle may be released.
    [[nodiscard]] const std::deque<Entry>& lane(Lane lane) const { return lanes_.at(index(lane)); }
    // Null when it is not held.
    [[nodiscard]] Entry* find(std::uint64_t position);
    // Of the lane's entries the first behind `position`; may be released.
    [[nodiscard]] std::deque<Entry>::const_iterator behind(Lane lane, std::uint64_t position) const;
    // Oldest seq held of an epoch.
    [[nodiscard]] std::optional<std::uint64_t> first_seq(Lane lane, std::uint64_t epoch) const;
    // Empty when the record in memory was damaged.
    [[nodiscard]] std::optional<StoredBatch> read(const Entry& entry) const;

    // All of them or none; `spare` bytes must stay free behind them.
    [[nodiscard]] bool fits(
        const std::vector<RingDefinition>& definitions,
        const std::vector<NewBatch>& batches,
        std::size_t spare
    ) const;
    // Requires fits(). Visible from the next publish() on. False: they did not fit.
    bool push(const std::vector<StoredBatch>& rows, BootTime now);
    void release(Entry& entry);

    // Definitions are held for the batches behind them, until queue.db has those below `below`.
    bool push_definitions(const std::vector<RingDefinition>& definitions);
    [[nodiscard]] bool has_definition(std::uint32_t id) const { return definitions_.contains(id); }
    void release_definitions(std::uint32_t below);
    void release_definition(std::uint32_t id);

    // What was erased from queue.db while its log may still be cut: a damaged log brings such rows
    // back, and they must not hide that others are gone. Counts from the next publish() on.
    [[nodiscard]] std::size_t erased_room() const;
    void note_erased(std::uint64_t position);
    void set_erased(const std::vector<std::uint64_t>& positions);
    [[nodiscard]] std::vector<std::uint64_t> erased() const;

    // The numbers and counts that live with the records. Changes count from the next publish() on.
    [[nodiscard]] RingState& state() { return state_; }
    [[nodiscard]] const RingState& state() const { return state_; }
    void publish();

private:
    struct Room {
        std::size_t head = 0;
        std::size_t tail = 0;
        std::size_t wrap = 0;
    };
    struct Kept {
        StoredBatch batch;
        BootTime appended{};
    };
    // What a walk over the records of a mapped file found.
    struct Found {
        std::vector<Kept> kept;  // not released, in order of appending
        std::vector<RingDefinition> definitions;
        std::vector<Gap> lost;  // heads whose bodies are damaged
        bool damaged = false;
        std::array<std::vector<std::uint64_t>, kLaneCount> seqs;  // of all whole heads
    };

    static std::size_t index(Lane lane) { return static_cast<std::size_t>(lane); }
    static Found walk(const RingFile& file, std::size_t from, std::size_t to);
    static Found walk_all(const RingFile& file, const RingState* state);
    static std::vector<Gap> lost_between(const Found& found, const RingState& state);
    static Opening open_file(const Options& options);
    static Opening open_mapped(RingFile file, const Options& options);
    static Opening go_on(RingFile file, const RingState& state);
    // A ring of its own for what an unusable or outgrown one held.
    static Opening remake(const Options& options, const Found& found, std::uint64_t id);
    static void take_record(const char* from, const RingRecord& record, Found& found);
    static RingFile make_file(
        const Options& options, std::size_t bytes, std::uint64_t id, Opening& opening
    );
    void carry_over(const RingState& state, const RingFile& file);
    [[nodiscard]] std::optional<std::size_t> place(Room& room, std::size_t length) const;
    void write(std::size_t offset, const StoredBatch& row, BootTime now);
    void index_record(const RingRecord& record, std::size_t offset);
    void index_records(std::size_t from, std::size_t to);
    [[nodiscard]] bool holds_offset(std::size_t offset) const;
    void wipe_unpublished();
    void drop_released_fronts();
    void advance_head();

    RingFile file_;
    std::string memory_only_;
    // Of the file that could not be had.
    std::string lost_path_;
    std::string boot_id_;
    RingState state_;
    std::array<std::deque<Entry>, kLaneCount> lanes_;
    std::map<std::uint32_t, std::size_t> definitions_;  // offset by id
};

struct SealedRing::Opening {
    SealedRing ring;
    // The ring goes on where its process ended; otherwise its numbers and counts mean nothing.
    bool continued = false;
    std::vector<RingDefinition> definitions;  // by id
    std::vector<std::string> repairs;
    std::vector<Gap> lost;
};

// Gaps for `lost` batches of a lane whose held numbers lie in [lost.first_seq, lost.last_seq]:
// what is in `present` (rising) is left out. The samples are in the first gap. It has no numbers
// where these were delivered but for a few: receivers take what arrived off a gap's samples.
std::vector<Gap> gaps_between(
    Lane lane, std::uint64_t epoch, const Holding& lost, const std::vector<std::uint64_t>& present
);

}  // namespace cxedge::store
