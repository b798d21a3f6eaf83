// SPDX-License-Identifier: Apache-2.0
// history.db: rows of chunks, series definitions, and which sealed slice was written last.
// Thread: one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"
#include "agent/store/database_file.hpp"
#include "agent/store/history_chunk.hpp"
#include "agent/store/sqlite_database.hpp"

namespace cxedge::store {

// How old a row is allowed to get before it becomes the next one; blocks in it have their own step.
enum class HistoryLevel : std::uint8_t { raw = 0, minute = 1, quarter = 2, hour = 3, events = 4 };

inline constexpr std::size_t kHistoryLevels = 5;

struct HistoryRow {
    std::int64_t id = 0;
    HistoryLevel level = HistoryLevel::raw;
    // Its times came from this boot's clock and may still be moved; 0: they are UTC for good.
    std::uint32_t boot = 0;
    std::int64_t offset_ms = 0;  // of the wall clock, with which they became UTC
    std::uint32_t quality = 0;   // of that clock (cx.v1.Clock.quality)
    HistoryChunk chunk;
};

// Rows with cells or events in from_ms <= t <= to_ms.
struct RowRange {
    HistoryLevel level = HistoryLevel::raw;
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;
};

class HistoryFile {
public:
    static DatabaseFormat format();
    // `story`: what was done about a damaged file, for people; empty: nothing was.
    static Result<HistoryFile> open(
        const DatabasePlace& place, const Clock& clock, std::string& story
    );

    Result<Transaction> begin() { return Transaction::begin(database_); }
    Status insert(const HistoryRow& row);
    Status erase(const std::vector<HistoryRow>& rows);
    // They stay as they are and count as `level`.
    Status relabel(const std::vector<HistoryRow>& rows, HistoryLevel level);
    // Rows of a boot whose clock was not synchronised then: moved to what its offset is known to
    // be.
    struct KnownClock {
        std::uint32_t boot = 0;
        std::int64_t offset_ms = 0;
        std::uint32_t quality = 0;
    };
    Status correct(const KnownClock& clock);

    // In order of time. Rows that fail their check sum are left out; take_damaged() names them.
    Status each(const RowRange& range, const std::function<Status(const HistoryRow&)>& take);
    // Likewise rows that begin in the range.
    Result<std::vector<HistoryRow>> beginning_in(const RowRange& range);
    // Rows met since the last call that are damaged: erase them.
    std::vector<HistoryRow> take_damaged() { return std::exchange(damaged_, {}); }
    // Where the oldest row of a level begins.
    Result<std::optional<std::int64_t>> oldest(HistoryLevel level);
    // The oldest rows of a level, their bodies left out.
    Result<std::vector<HistoryRow>> oldest_heads(HistoryLevel level, std::int64_t most);

    Status add_definition(std::uint32_t id, std::string_view definition);
    Result<std::optional<std::string>> definition(std::uint32_t id);
    Status each_definition(const std::function<void(std::uint32_t, std::string_view)>& take);

    // The sealed slice that was written last; `run` tells one series of numbers from another.
    struct Written {
        std::uint64_t run = 0;
        std::uint64_t number = 0;
    };
    Result<Written> written();
    Status set_written(const Written& written);

    // Live pages.
    Result<std::uint64_t> used_bytes();
    Result<std::uint64_t> used_bytes(HistoryLevel level);
    // Gives back what SQLite holds in memory between two commits.
    void rest();

private:
    explicit HistoryFile(Database database) : database_(std::move(database)) {}
    Status run_for_each(
        std::string_view sql, const std::vector<HistoryRow>& rows, std::int64_t level
    );

    Status note_spans();
    bool read_sound(const Statement& from, HistoryRow& row);

    Database database_;
    std::array<std::int64_t, kHistoryLevels> longest_ms_{};  // from first to last, by level
    std::vector<HistoryRow> damaged_;
};

}  // namespace cxedge::store
