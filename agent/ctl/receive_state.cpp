// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/receive_state.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>

namespace cxedge::ctl {
namespace {

constexpr std::int64_t kApplicationId = 0x63785231;  // "cxR1"
constexpr int kStateMode = 0640;

constexpr const char* kPragmas =
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA journal_size_limit=4194304;";

// Texts: sqlite3 on the command line can read them.
constexpr const char* kPositionsSchema =
    "CREATE TABLE IF NOT EXISTS lane("
    "  tenant TEXT NOT NULL, site TEXT NOT NULL, node TEXT NOT NULL,"
    "  epoch INTEGER NOT NULL, lane INTEGER NOT NULL,"
    "  floor INTEGER NOT NULL, received TEXT NOT NULL, declared TEXT NOT NULL,"
    "  recent TEXT NOT NULL, open_gaps TEXT NOT NULL,"
    "  samples INTEGER NOT NULL, events INTEGER NOT NULL, batches INTEGER NOT NULL,"
    "  duplicate_batches INTEGER NOT NULL, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,"
    "  gaps INTEGER NOT NULL, gap_samples INTEGER NOT NULL, gap_events INTEGER NOT NULL,"
    "  dead_letters INTEGER NOT NULL, dead_samples INTEGER NOT NULL, dead_events INTEGER NOT NULL,"
    "  unreadable_samples INTEGER NOT NULL, unreadable_events INTEGER NOT NULL,"
    "  PRIMARY KEY(tenant, site, node, epoch, lane)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS dictionary("
    "  topic TEXT PRIMARY KEY, payload BLOB NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS announced(node TEXT PRIMARY KEY) STRICT;"
    "CREATE TABLE IF NOT EXISTS output(path TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT;";

constexpr const char* kSaveLane =
    "INSERT OR REPLACE INTO lane VALUES("
    "?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24)";
constexpr int kFirstTotal = 11;  // parameter of `samples`

// The columns from `samples` on, in order.
template <class Totals>
auto columns_of(Totals& totals) {
    return std::array{
        &totals.samples,
        &totals.events,
        &totals.batches,
        &totals.duplicate_batches,
        &totals.first_seq,
        &totals.last_seq,
        &totals.gaps,
        &totals.in_gaps.samples,
        &totals.in_gaps.events,
        &totals.dead_letters,
        &totals.in_dead_letters.samples,
        &totals.in_dead_letters.events,
        &totals.unreadable.samples,
        &totals.unreadable.events};
}

Result<UniqueFd> claim(const std::string& path) {
    const std::string name = path + ".lock";
    UniqueFd fd(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kStateMode));
    if (!fd) {
        return system_error(name, errno);
    }
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        return unavailable(path + ": another cxctl receive uses it; stop that one first");
    }
    return fd;
}

// Ours, or empty and made ours.
Status check_identity(store::Database& database) {
    const auto id = database.query_integer("PRAGMA application_id");
    const auto tables = database.query_integer("SELECT count(*) FROM sqlite_schema");
    if (!id || !tables) {
        return id ? tables.error() : id.error();
    }
    if (*id == kApplicationId) {
        return {};
    }
    if (*tables != 0) {
        return corrupt("another program's database; name another file");
    }
    return database.execute(fmt::format("PRAGMA application_id={}", kApplicationId));
}

Status establish(store::Database& database) {
    if (Status done = database.execute(kPragmas); !done) {
        return done;
    }
    if (Status done = check_identity(database); !done) {
        return done;
    }
    return database.execute(kPositionsSchema);
}

LaneKey key_of(const store::Statement& row) {
    return {
        std::string(row.bytes(0)),
        std::string(row.bytes(1)),
        std::string(row.bytes(2)),
        store::from_column(row.integer(3)),
        static_cast<std::uint8_t>(row.integer(4))};
}

LaneAccount::Stored stored_of(const store::Statement& row) {
    LaneAccount::Stored stored;
    stored.floor = store::from_column(row.integer(5));
    stored.received = row.bytes(6);
    stored.declared = row.bytes(7);
    stored.recent = row.bytes(8);
    stored.gaps = row.bytes(9);
    int column = kFirstTotal - 1;
    for (std::uint64_t* total : columns_of(stored.totals)) {
        *total = store::from_column(row.integer(column++));
    }
    return stored;
}

}  // namespace

ReceiveState::ReceiveState(UniqueFd claim, store::Database database)
    : claim_(std::move(claim)), database_(std::move(database)) {}

Result<ReceiveState> ReceiveState::open(const std::string& path) {
    auto claimed = claim(path);
    if (!claimed) {
        return claimed.error();
    }
    auto database = store::Database::open(path);
    if (!database) {
        return database.error().during(path);
    }
    if (const Status done = establish(*database); !done) {
        return done.error().during(path);
    }
    ReceiveState state(std::move(*claimed), std::move(*database));
    if (const Status done = state.prepare(); !done) {
        return done.error().during(path);
    }
    return state;
}

Status ReceiveState::prepare() {
    const std::array<std::pair<store::Statement*, const char*>, 4> statements{
        {{&save_lane_, kSaveLane},
         {&save_dictionary_, "INSERT OR REPLACE INTO dictionary VALUES(?1,?2)"},
         {&announce_, "INSERT OR IGNORE INTO announced VALUES(?1)"},
         {&save_output_, "INSERT OR REPLACE INTO output VALUES(?1,?2)"}}};
    for (const auto& [statement, sql] : statements) {
        auto prepared = database_.prepare(sql);
        if (!prepared) {
            return prepared.error();
        }
        *statement = std::move(*prepared);
    }
    return {};
}

Status ReceiveState::begin() {
    if (open_transaction_) {
        return {};
    }
    Status begun = database_.execute("BEGIN IMMEDIATE");
    open_transaction_ = begun.ok();
    return begun;
}

Status ReceiveState::commit() {
    if (!open_transaction_) {
        return {};
    }
    open_transaction_ = false;
    return database_.execute("COMMIT");
}

Result<std::vector<std::pair<LaneKey, LaneAccount>>> ReceiveState::load_lanes() {
    auto rows = database_.prepare("SELECT * FROM lane");
    if (!rows) {
        return rows.error();
    }
    std::vector<std::pair<LaneKey, LaneAccount>> lanes;
    while (rows->next()) {
        LaneKey key = key_of(*rows);
        auto account = LaneAccount::restore(stored_of(*rows));
        if (!account) {
            return corrupt(fmt::format(
                "the account of {}/{}/{}, lane {}, is damaged; with a fresh file everything that "
                "nodes still hold comes again",
                key.tenant,
                key.site,
                key.node,
                key.lane
            ));
        }
        lanes.emplace_back(std::move(key), std::move(*account));
    }
    const Status done = rows->finish();
    return done ? Result(std::move(lanes)) : done.error();
}

Status ReceiveState::save(const LaneKey& key, const LaneAccount& account) {
    const LaneAccount::Stored stored = account.store();
    save_lane_.bind_text(1, key.tenant).bind_text(2, key.site).bind_text(3, key.node);
    save_lane_.bind(4, store::to_column(key.epoch)).bind(5, std::int64_t{key.lane});
    save_lane_.bind(6, store::to_column(stored.floor));
    save_lane_.bind_text(7, stored.received).bind_text(8, stored.declared);
    save_lane_.bind_text(9, stored.recent).bind_text(10, stored.gaps);
    int parameter = kFirstTotal;
    for (const std::uint64_t* total : columns_of(stored.totals)) {
        save_lane_.bind(parameter++, store::to_column(*total));
    }
    return save_lane_.run();
}

Result<std::vector<ReceiveState::Dictionary>> ReceiveState::load_dictionaries() {
    auto rows = database_.prepare("SELECT topic, payload FROM dictionary");
    if (!rows) {
        return rows.error();
    }
    std::vector<Dictionary> dictionaries;
    while (rows->next()) {
        dictionaries.push_back({std::string(rows->bytes(0)), std::string(rows->bytes(1))});
    }
    const Status done = rows->finish();
    return done ? Result(std::move(dictionaries)) : done.error();
}

Status ReceiveState::save(const Dictionary& dictionary) {
    return save_dictionary_.bind_text(1, dictionary.topic).bind(2, dictionary.payload).run();
}

Result<std::vector<std::string>> ReceiveState::load_announced() {
    auto rows = database_.prepare("SELECT node FROM announced");
    if (!rows) {
        return rows.error();
    }
    std::vector<std::string> nodes;
    while (rows->next()) {
        nodes.emplace_back(rows->bytes(0));
    }
    const Status done = rows->finish();
    return done ? Result(std::move(nodes)) : done.error();
}

Status ReceiveState::set_announced(const std::string& node, bool announced) {
    if (announced) {
        return announce_.bind_text(1, node).run();
    }
    auto forget = database_.prepare("DELETE FROM announced WHERE node=?1");
    return forget ? forget->bind_text(1, node).run() : Status(forget.error());
}

Result<std::optional<std::uint64_t>> ReceiveState::output_bytes(const std::string& path) {
    auto row = database_.prepare("SELECT bytes FROM output WHERE path=?1");
    if (!row) {
        return row.error();
    }
    std::optional<std::uint64_t> bytes;
    if (row->bind_text(1, path).next()) {
        bytes = store::from_column(row->integer(0));
    }
    const Status done = row->finish();
    return done ? Result(bytes) : done.error();
}

Status ReceiveState::set_output_bytes(const std::string& path, std::uint64_t bytes) {
    return save_output_.bind_text(1, path).bind(2, store::to_column(bytes)).run();
}

}  // namespace cxedge::ctl
