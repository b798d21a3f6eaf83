// SPDX-License-Identifier: Apache-2.0
#include "agent/store/history_file.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "agent/base/byte_codec.hpp"
#include "agent/base/ids.hpp"

namespace cxedge::store {
namespace {

constexpr std::int32_t kHistoryId = 0x43584831;  // "CXH1"

constexpr const char* kHistorySchema =
    "CREATE TABLE chunk("
    "  id INTEGER PRIMARY KEY, level INTEGER NOT NULL, origin_ms INTEGER NOT NULL,"
    "  first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,"
    "  first_series INTEGER NOT NULL, last_series INTEGER NOT NULL,"
    "  boot INTEGER NOT NULL, offset_ms INTEGER NOT NULL, quality INTEGER NOT NULL,"
    "  crc INTEGER NOT NULL, body BLOB NOT NULL) STRICT;"
    "CREATE INDEX chunk_time ON chunk(level, first_ms);"
    "CREATE TABLE series(id INTEGER PRIMARY KEY, definition BLOB NOT NULL) STRICT;"
    "CREATE TABLE written(id INTEGER PRIMARY KEY, run INTEGER NOT NULL, number INTEGER NOT NULL)"
    " STRICT;";

// Columns of the present row, as selected here.
constexpr const char* kHeadColumns =
    "id,level,origin_ms,first_ms,last_ms,first_series,last_series,boot,offset_ms,quality,crc";

// Over what a row keeps for life: not over level and quality, and of its times only how they lie to
// each other, because all of them may be moved together.
std::uint32_t crc_of(const HistoryRow& row) {
    std::string fixed;
    ByteWriter out(fixed);
    out.number(row.boot);
    out.signed_number(row.chunk.origin_ms - row.offset_ms);
    out.signed_number(row.chunk.first_ms - row.chunk.origin_ms);
    out.signed_number(row.chunk.last_ms - row.chunk.origin_ms);
    out.number(row.chunk.first_series);
    out.number(row.chunk.last_series);
    return crc32c(row.chunk.body, crc32c(fixed));
}

bool is_time(std::int64_t ms) {
    return ms > -kHistoryTimeLimit && ms < kHistoryTimeLimit;
}

// False: a number is not one of these columns'.
bool read_head(const Statement& from, HistoryRow& row) {
    constexpr auto kMost = std::int64_t{std::numeric_limits<std::uint32_t>::max()};
    std::array<std::int64_t, 10> at{};
    for (std::size_t i = 0; i < at.size(); ++i) {
        at.at(i) = from.integer(static_cast<int>(i));
    }
    for (const std::size_t small :
         {std::size_t{5}, std::size_t{6}, std::size_t{7}, std::size_t{9}}) {
        if (at.at(small) < 0 || at.at(small) > kMost) {
            return false;
        }
    }
    row.id = at[0];
    row.level = static_cast<HistoryLevel>(at[1]);
    row.chunk.origin_ms = at[2];
    row.chunk.first_ms = at[3];
    row.chunk.last_ms = at[4];
    row.chunk.first_series = static_cast<std::uint32_t>(at[5]);
    row.chunk.last_series = static_cast<std::uint32_t>(at[6]);
    row.boot = static_cast<std::uint32_t>(at[7]);
    row.offset_ms = at[8];
    row.quality = static_cast<std::uint32_t>(at[9]);
    return at[1] >= 0 && at[1] <= static_cast<std::int64_t>(HistoryLevel::events) &&
           is_time(at[2]) && is_time(at[3]) && is_time(at[4]) && is_time(at[8]);
}

std::int64_t column(HistoryLevel level) {
    return static_cast<std::int64_t>(level);
}

}  // namespace

DatabaseFormat HistoryFile::format() {
    return {kHistoryId, kHistorySchema, {}};
}

Result<HistoryFile> HistoryFile::open(
    const DatabasePlace& place, const Clock& clock, std::string& story
) {
    auto opened = open_or_replace(place, format(), clock);
    if (!opened) {
        return opened.error();
    }
    story = std::move(opened->story);
    HistoryFile file(std::move(opened->database));
    const Status noted = file.note_spans();
    return noted ? Result(std::move(file)) : noted.error();
}

Status HistoryFile::note_spans() {
    auto select = database_.prepare(
        "SELECT level, max(last_ms-first_ms) FROM chunk WHERE level BETWEEN 0 AND 4 GROUP BY level"
    );
    if (!select) {
        return select.error();
    }
    while (select->next()) {
        longest_ms_.at(static_cast<std::size_t>(select->integer(0))) = select->integer(1);
    }
    return select->finish();
}

bool HistoryFile::read_sound(const Statement& from, HistoryRow& row) {
    constexpr int kCrc = 10;
    constexpr int kBody = 11;
    const bool sound = read_head(from, row);
    row.chunk.body = from.bytes(kBody);
    if (sound && std::int64_t{crc_of(row)} == from.integer(kCrc)) {
        return true;
    }
    row.chunk.body.clear();
    damaged_.push_back(row);
    return false;
}

Status HistoryFile::insert(const HistoryRow& row) {
    auto insert = database_.prepare(
        "INSERT INTO chunk(level,origin_ms,first_ms,last_ms,first_series,last_series,boot,"
        "offset_ms,quality,crc,body) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)"
    );
    if (!insert) {
        return insert.error();
    }
    std::int64_t& longest = longest_ms_.at(static_cast<std::size_t>(row.level));
    longest = std::max(longest, row.chunk.last_ms - row.chunk.first_ms);
    insert->bind(1, column(row.level)).bind(2, row.chunk.origin_ms).bind(3, row.chunk.first_ms);
    insert->bind(4, row.chunk.last_ms).bind(5, std::int64_t{row.chunk.first_series});
    insert->bind(6, std::int64_t{row.chunk.last_series}).bind(7, std::int64_t{row.boot});
    insert->bind(8, row.offset_ms).bind(9, std::int64_t{row.quality});
    insert->bind(10, std::int64_t{crc_of(row)}).bind(11, row.chunk.body);
    return insert->run();
}

Status HistoryFile::run_for_each(
    std::string_view sql, const std::vector<HistoryRow>& rows, std::int64_t level
) {
    auto statement = database_.prepare(sql);
    if (!statement) {
        return statement.error();
    }
    for (const HistoryRow& row : rows) {
        statement->bind(1, row.id).bind(2, level);
        if (Status done = statement->run(); !done) {
            return done;
        }
    }
    return {};
}

Status HistoryFile::erase(const std::vector<HistoryRow>& rows) {
    return run_for_each("DELETE FROM chunk WHERE id=?1 AND ?2=0", rows, 0);
}

Status HistoryFile::relabel(const std::vector<HistoryRow>& rows, HistoryLevel level) {
    for (const HistoryRow& row : rows) {
        std::int64_t& longest = longest_ms_.at(static_cast<std::size_t>(level));
        longest = std::max(longest, row.chunk.last_ms - row.chunk.first_ms);
    }
    return run_for_each("UPDATE chunk SET level=?2 WHERE id=?1", rows, column(level));
}

Status HistoryFile::correct(const KnownClock& clock) {
    auto update = database_.prepare(
        "UPDATE chunk SET origin_ms=origin_ms+?2-offset_ms, first_ms=first_ms+?2-offset_ms,"
        " last_ms=last_ms+?2-offset_ms, offset_ms=?2, quality=?3"
        " WHERE boot=?1 AND quality<?3 AND level IN (0,4)"
    );
    if (!update) {
        return update.error();
    }
    update->bind(1, std::int64_t{clock.boot}).bind(2, clock.offset_ms);
    return update->bind(3, std::int64_t{clock.quality}).run();
}

Status HistoryFile::each(
    const RowRange& range, const std::function<Status(const HistoryRow&)>& take
) {
    auto select = database_.prepare(fmt::format(
        "SELECT {},body FROM chunk WHERE level=?1 AND first_ms>=?4 AND first_ms<=?3"
        " AND last_ms>=?2 ORDER BY first_ms, id",
        kHeadColumns
    ));
    if (!select) {
        return select.error();
    }
    const std::int64_t longest = longest_ms_.at(static_cast<std::size_t>(range.level));
    select->bind(1, column(range.level)).bind(2, range.from_ms).bind(3, range.to_ms);
    select->bind(4, range.from_ms - longest);  // what began earlier is over
    Status status;
    while (status && select->next()) {
        HistoryRow row;
        status = read_sound(*select, row) ? take(row) : status;
    }
    const Status finished = select->finish();
    return status ? finished : status;
}

Result<std::vector<HistoryRow>> HistoryFile::beginning_in(const RowRange& range) {
    std::vector<HistoryRow> rows;
    auto select = database_.prepare(fmt::format(
        "SELECT {},body FROM chunk WHERE level=?1 AND first_ms>=?2 AND first_ms<=?3"
        " ORDER BY first_ms, id",
        kHeadColumns
    ));
    if (!select) {
        return select.error();
    }
    select->bind(1, column(range.level)).bind(2, range.from_ms).bind(3, range.to_ms);
    while (select->next()) {
        HistoryRow row;
        if (read_sound(*select, row)) {
            rows.push_back(std::move(row));
        }
    }
    const Status finished = select->finish();
    return finished ? Result(std::move(rows)) : finished.error();
}

Result<std::vector<HistoryRow>> HistoryFile::oldest_heads(HistoryLevel level, std::int64_t most) {
    std::vector<HistoryRow> rows;
    auto select = database_.prepare(fmt::format(
        "SELECT {} FROM chunk WHERE level=?1 ORDER BY first_ms, id LIMIT ?2", kHeadColumns
    ));
    if (!select) {
        return select.error();
    }
    select->bind(1, column(level)).bind(2, most);
    while (select->next()) {
        (void)read_head(*select, rows.emplace_back());  // damaged or not: it is to go
    }
    const Status finished = select->finish();
    return finished ? Result(std::move(rows)) : finished.error();
}

Result<std::optional<std::int64_t>> HistoryFile::oldest(HistoryLevel level) {
    const auto heads = oldest_heads(level, 1);
    if (!heads) {
        return heads.error();
    }
    return heads->empty() ? std::nullopt : std::optional(heads->front().chunk.first_ms);
}

Status HistoryFile::add_definition(std::uint32_t id, std::string_view definition) {
    auto insert = database_.prepare("INSERT OR REPLACE INTO series VALUES(?1,?2)");
    if (!insert) {
        return insert.error();
    }
    return insert->bind(1, std::int64_t{id}).bind(2, definition).run();
}

Result<std::optional<std::string>> HistoryFile::definition(std::uint32_t id) {
    auto select = database_.prepare("SELECT definition FROM series WHERE id=?1");
    if (!select) {
        return select.error();
    }
    std::optional<std::string> found;
    select->bind(1, std::int64_t{id});
    if (select->next()) {
        found = std::string(select->bytes(0));
    }
    const Status finished = select->finish();
    return finished ? Result(std::move(found)) : finished.error();
}

Status HistoryFile::each_definition(const std::function<void(std::uint32_t, std::string_view)>& take
) {
    auto select = database_.prepare("SELECT id, definition FROM series ORDER BY id");
    if (!select) {
        return select.error();
    }
    while (select->next()) {
        take(static_cast<std::uint32_t>(select->integer(0)), select->bytes(1));
    }
    return select->finish();
}

Result<HistoryFile::Written> HistoryFile::written() {
    Written written;
    auto select = database_.prepare("SELECT run, number FROM written");
    if (!select) {
        return select.error();
    }
    if (select->next()) {
        written = {from_column(select->integer(0)), from_column(select->integer(1))};
    }
    const Status finished = select->finish();
    return finished ? Result(written) : finished.error();
}

Status HistoryFile::set_written(const Written& written) {
    auto insert = database_.prepare("INSERT OR REPLACE INTO written VALUES(1,?1,?2)");
    if (!insert) {
        return insert.error();
    }
    return insert->bind(1, to_column(written.run)).bind(2, to_column(written.number)).run();
}

Result<std::uint64_t> HistoryFile::used_bytes() {
    std::uint64_t pages = 0;
    for (const auto& [pragma, sign] :
         {std::pair{"PRAGMA page_count", 1}, std::pair{"PRAGMA freelist_count", -1}}) {
        const auto count = database_.query_integer(pragma);
        if (!count) {
            return count.error();
        }
        pages += static_cast<std::uint64_t>(*count * sign);
    }
    const auto page_bytes = database_.query_integer("PRAGMA page_size");
    return page_bytes ? Result(pages * static_cast<std::uint64_t>(*page_bytes))
                      : page_bytes.error();
}

Result<std::uint64_t> HistoryFile::used_bytes(HistoryLevel level) {
    const auto bytes = database_.query_integer(
        fmt::format("SELECT coalesce(sum(length(body)),0) FROM chunk WHERE level={}", column(level))
    );
    return bytes ? Result(static_cast<std::uint64_t>(*bytes)) : bytes.error();
}

void HistoryFile::rest() {
    (void)database_.execute("PRAGMA shrink_memory");  // saves memory, or does not
}

}  // namespace cxedge::store
