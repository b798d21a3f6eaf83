// SPDX-License-Identifier: Apache-2.0
#include "agent/store/queue_file.hpp"

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/store/batch_row.hpp"

namespace cxedge::store {
namespace {

// "CXQ" and a digit.
constexpr std::int32_t kQueueApplicationId = 0x43585131;

constexpr std::string_view kColumns =
    " epoch INTEGER NOT NULL,"
    " seq INTEGER NOT NULL,"
    " boot INTEGER NOT NULL,"
    " stream INTEGER NOT NULL,"
    " samples INTEGER NOT NULL,"
    " events INTEGER NOT NULL,"
    " dict_size INTEGER NOT NULL,"
    " codec INTEGER NOT NULL,"
    " t0_boot_ms INTEGER NOT NULL,"
    " sealed_boot_ms INTEGER NOT NULL,"
    " sealed_wall_ms INTEGER NOT NULL,"
    " clock_quality INTEGER NOT NULL,"
    " crc INTEGER NOT NULL,"
    " body BLOB NOT NULL";

// One table a lane: a row is always added at its table's end, which writes the fewest pages.
std::string batch_table(std::string_view name) {
    return fmt::format("CREATE TABLE {}(position INTEGER PRIMARY KEY,{}) STRICT;", name, kColumns);
}

std::string new_tables() {
    std::string sql;
    for (const std::string_view name : kLaneTables) {
        sql += batch_table(name);
    }
    return sql + fmt::format(
                     "CREATE TABLE dead(id INTEGER PRIMARY KEY, position INTEGER NOT NULL,{},"
                     " reason INTEGER NOT NULL, attempts INTEGER NOT NULL,"
                     " buried_wall_ms INTEGER NOT NULL) STRICT;",
                     kColumns
                 );
}

std::string schema() {
    return new_tables() +
           "CREATE TABLE series("
           " id INTEGER PRIMARY KEY,"
           " crc INTEGER NOT NULL,"
           " definition BLOB NOT NULL) STRICT;"
           "CREATE TABLE meta("
           " id INTEGER PRIMARY KEY CHECK(id = 1),"
           " epoch INTEGER NOT NULL,"
           " boot INTEGER NOT NULL) STRICT;"
           "INSERT INTO meta VALUES(1, 0, 0);";
}

// Version 1 had one table `batch` with the lane in the top byte of the position, as it still is.
std::string split_into_lanes() {
    std::string sql = new_tables();
    for (std::size_t lane = 0; lane < kLaneTables.size(); ++lane) {
        sql += fmt::format(
            "INSERT INTO {} SELECT * FROM batch WHERE position >> {} = {};",
            kLaneTables.at(lane),
            kLaneShift,
            lane
        );
    }
    return sql + "DROP TABLE batch; ALTER TABLE meta DROP COLUMN next_number;";
}

}  // namespace

const DatabaseFormat& queue_format() {
    static const DatabaseFormat kFormat{kQueueApplicationId, schema(), {split_into_lanes()}};
    return kFormat;
}

Result<QueueMeta> read_meta(Database& queue) {
    auto row = queue.prepare("SELECT epoch, boot FROM meta WHERE id = 1");
    if (!row) {
        return row.error();
    }
    QueueMeta meta;
    const bool found = row->next();
    if (found) {
        meta.epoch = from_column(row->integer(0));
        meta.boot = static_cast<std::uint32_t>(row->integer(1));
    }
    if (Status status = row->finish(); !status) {
        return status.error();
    }
    return found ? Result<QueueMeta>(meta) : corrupt("table meta is empty");
}

Status write_meta(Database& queue, const QueueMeta& meta) {
    auto update = queue.prepare("INSERT OR REPLACE INTO meta VALUES(1, ?1, ?2)");
    if (!update) {
        return update.error();
    }
    update->bind(1, to_column(meta.epoch)).bind(2, std::int64_t{meta.boot});
    return update->run();
}

Result<Definitions> read_definitions(Database& queue) {
    auto rows = queue.prepare("SELECT id, crc, definition FROM series ORDER BY id");
    if (!rows) {
        return rows.error();
    }
    Definitions read;
    while (read.complete && rows->next()) {
        const std::string_view definition = rows->bytes(2);
        read.complete = rows->integer(0) == static_cast<std::int64_t>(read.list.size()) &&
                        rows->integer(1) == std::int64_t{crc32c(definition)};
        if (read.complete) {
            read.list.emplace_back(definition);
        }
    }
    if (Status status = rows->finish(); !status) {
        if (status.error().code != ErrorCode::corrupt) {
            return status.error();
        }
        read.complete = false;
    }
    return read;
}

Status write_definition(Database& queue, std::uint32_t id, std::string_view definition) {
    auto insert = queue.prepare("INSERT INTO series VALUES(?1, ?2, ?3)");
    if (!insert) {
        return insert.error();
    }
    insert->bind(1, std::int64_t{id}).bind(2, std::int64_t{crc32c(definition)}).bind(3, definition);
    return insert->run();
}

}  // namespace cxedge::store
