// SPDX-License-Identifier: Apache-2.0
#include "agent/store/node_state.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace cxedge::store {
namespace {

// "CXS" and a digit: file(1) and people can tell our databases apart.
constexpr std::int32_t kStateApplicationId = 0x43585331;

// Queued batches refer to boots by number; nothing is queued for this many boots.
constexpr std::uint32_t kBootsKept = 256;
constexpr std::size_t kMostFacts = 128;

// What moves the noted clock on disk (spool.hpp).
constexpr std::chrono::seconds kOffsetMoved{1};
constexpr std::chrono::hours kFloorMoved{1};

constexpr const char* kSchema =
    "CREATE TABLE lane_state("
    " lane INTEGER PRIMARY KEY,"
    " epoch INTEGER NOT NULL,"
    " next_seq_floor INTEGER NOT NULL,"
    " known_seq INTEGER NOT NULL,"
    " ring_id INTEGER NOT NULL) STRICT;"
    "CREATE TABLE boot("
    " id INTEGER PRIMARY KEY,"
    " kernel_boot_id BLOB NOT NULL,"
    " first_wall_ms INTEGER NOT NULL,"
    " wall_offset_ms INTEGER NOT NULL,"
    " quality INTEGER NOT NULL,"
    " last_wall_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE fact("
    " key BLOB PRIMARY KEY,"
    " value BLOB NOT NULL) STRICT, WITHOUT ROWID;";

// Version 1 did not know which numbers below the floor were given: none is declared as unused.
constexpr const char* kUpgradeFrom1 =
    "ALTER TABLE lane_state ADD COLUMN known_seq INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE lane_state ADD COLUMN ring_id INTEGER NOT NULL DEFAULT 0;"
    "UPDATE lane_state SET known_seq = next_seq_floor;"
    "ALTER TABLE boot ADD COLUMN wall_offset_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE boot ADD COLUMN quality INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE boot ADD COLUMN last_wall_ms INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE fact("
    " key BLOB PRIMARY KEY,"
    " value BLOB NOT NULL) STRICT, WITHOUT ROWID;";

}  // namespace

const DatabaseFormat& NodeState::format() {
    static const DatabaseFormat kFormat{kStateApplicationId, kSchema, {kUpgradeFrom1}};
    return kFormat;
}

NodeState::NodeState(DatabasePlace place, Database database, const Clock& clock)
    : place_(std::move(place)),
      clock_(clock),
      database_(std::move(database)),
      identity_(identity_of(place_.path)) {}

Result<std::unique_ptr<NodeState>> NodeState::open(
    const DatabasePlace& place, const Clock& clock, std::vector<std::string>& repairs
) {
    // A second round when the file passes the checks and its content does not.
    for (int round = 0;; ++round) {
        auto opened = open_or_replace(place, format(), clock);
        if (!opened) {
            return opened.error();
        }
        if (!opened->moved.empty()) {
            repairs.push_back(opened->story);
        }
        std::unique_ptr<NodeState> state(new NodeState(place, std::move(opened->database), clock));
        const Status loaded = state->load();
        if (loaded) {
            return state;
        }
        if (loaded.error().code != ErrorCode::corrupt || round > 0) {
            return loaded.error().during("reading " + place.path);
        }
        mark_suspect(place.path);
    }
}

Status NodeState::load() {
    Status status = load_sequences();
    status = status ? load_boots() : status;
    return status ? load_facts() : status;
}

Status NodeState::load_sequences() {
    auto rows = database_->prepare(
        "SELECT lane, epoch, next_seq_floor, known_seq, ring_id FROM lane_state"
        " WHERE lane BETWEEN 0 AND 2 ORDER BY lane"
    );
    if (!rows) {
        return rows.error();
    }
    SequenceState state;
    std::size_t lanes = 0;
    bool agree = true;
    while (rows->next()) {
        const std::uint64_t epoch = from_column(rows->integer(1));
        agree = agree && (lanes == 0 || epoch == state.epoch) && epoch != 0;
        state.epoch = epoch;
        state.floor.at(lanes) = from_column(rows->integer(2));
        state.known.at(lanes++) = from_column(rows->integer(3));
        state.ring_id = from_column(rows->integer(4));
    }
    if (lanes == state.floor.size() && agree) {
        sequences_ = state;
    }
    return rows->finish();
}

Status NodeState::load_boots() {
    auto rows = database_->prepare(
        "SELECT id, kernel_boot_id, first_wall_ms, wall_offset_ms, quality, last_wall_ms FROM boot"
    );
    if (!rows) {
        return rows.error();
    }
    while (rows->next()) {
        Boot& boot = boots_[static_cast<std::uint32_t>(rows->integer(0))];
        boot.kernel_id = rows->bytes(1);
        boot.first_wall_ms = rows->integer(2);
        boot.clock.wall_offset = std::chrono::milliseconds(rows->integer(3));
        boot.clock.quality = static_cast<std::uint32_t>(rows->integer(4));
        boot.last_wall_ms = rows->integer(5);
        time_floor_ = std::max(time_floor_, from_unix_ms(boot.last_wall_ms));
    }
    return rows->finish();
}

Status NodeState::load_facts() {
    auto rows = database_->prepare("SELECT key, value FROM fact");
    if (!rows) {
        return rows.error();
    }
    while (rows->next()) {
        facts_.insert_or_assign(std::string(rows->bytes(0)), std::string(rows->bytes(1)));
    }
    return rows->finish();
}

std::optional<SequenceState> NodeState::sequences() const {
    const std::lock_guard lock(mutex_);
    return sequences_;
}

Status NodeState::store(const SequenceState& state) {
    const std::lock_guard lock(mutex_);
    const auto before = std::exchange(sequences_, state);
    Status status = commit_or_restore([this](Database& to) { return write_sequences(to); });
    if (!status) {
        sequences_ = before;  // numbers that the file does not know of must not be given
    }
    return status;
}

Result<std::uint32_t> NodeState::count_boot(const std::string& kernel_boot_id, std::uint32_t seen) {
    const std::lock_guard lock(mutex_);
    const std::uint32_t last = boots_.empty() ? 0 : boots_.rbegin()->first;
    // Without an id (no /proc) every start counts as a boot: times of two boots must not be mixed.
    const bool same =
        last != 0 && !kernel_boot_id.empty() && boots_.rbegin()->second.kernel_id == kernel_boot_id;
    if (same && last >= seen) {
        return last;
    }
    const std::uint32_t id = std::max(last, seen) + 1;
    boots_[id] = {kernel_boot_id, unix_ms(clock_.wall_now()), {}, 0};
    while (boots_.begin()->first + kBootsKept <= id) {
        boots_.erase(boots_.begin());
    }
    const Status written = commit_or_restore([this, id](Database& to) {
        Status status = write_boot(to, id);
        const std::string prune =
            fmt::format("DELETE FROM boot WHERE id < {}", boots_.begin()->first);
        return status ? to.execute(prune) : status;
    });
    return written ? Result<std::uint32_t>(id) : written.error();
}

Status NodeState::note_clock(std::uint32_t boot, const BootClock& clock) {
    const std::lock_guard lock(mutex_);
    const auto found = boots_.find(boot);
    if (found == boots_.end() || clock.quality < found->second.clock.quality) {
        return {};  // what was known better stays known
    }
    Boot& noted = found->second;
    const auto moved = clock.wall_offset - noted.clock.wall_offset;
    bool write =
        clock.quality > noted.clock.quality || moved > kOffsetMoved || -moved > kOffsetMoved;
    if (clock.quality >= BootClock::kSynchronised) {
        const WallTime now(clock_.boot_now() + clock.wall_offset);
        time_floor_ = std::max(time_floor_, now);
        write = write || now >= from_unix_ms(noted.last_wall_ms) + kFloorMoved;
        noted.last_wall_ms = write ? unix_ms(now) : noted.last_wall_ms;
    }
    if (!write) {
        return {};
    }
    noted.clock = clock;
    return commit_or_restore([this, boot](Database& to) { return write_boot(to, boot); });
}

std::optional<BootClock> NodeState::boot_clock(std::uint32_t boot) const {
    const std::lock_guard lock(mutex_);
    const auto found = boots_.find(boot);
    if (found == boots_.end() || found->second.clock.quality == 0) {
        return std::nullopt;
    }
    return found->second.clock;
}

BootBounds NodeState::boot_bounds(std::uint32_t boot) const {
    const std::lock_guard lock(mutex_);
    BootBounds bounds;
    for (auto at = boots_.begin(); at != boots_.lower_bound(boot); ++at) {
        bounds.earliest = std::max(bounds.earliest, from_unix_ms(at->second.last_wall_ms));
    }
    const auto next = std::find_if(boots_.upper_bound(boot), boots_.end(), [](const auto& later) {
        return later.second.clock.quality >= BootClock::kSynchronised;
    });
    if (next != boots_.end()) {
        bounds.latest = WallTime(next->second.clock.wall_offset);
    }
    return bounds;
}

WallTime NodeState::time_floor() const {
    const std::lock_guard lock(mutex_);
    return time_floor_;
}

Status NodeState::remember(std::string_view key, std::string_view value) {
    const std::lock_guard lock(mutex_);
    const auto known = facts_.find(key);
    if (known != facts_.end() && known->second == value) {
        return {};
    }
    if (known == facts_.end() && facts_.size() >= kMostFacts) {
        return exhausted(fmt::format("{} facts are kept already, not \"{}\"", kMostFacts, key));
    }
    const std::string name(key);
    facts_.insert_or_assign(name, std::string(value));
    return commit_or_restore([this, &name](Database& to) { return write_fact(to, name); });
}

std::string NodeState::recall(std::string_view key) const {
    const std::lock_guard lock(mutex_);
    const auto fact = facts_.find(key);
    return fact == facts_.end() ? std::string() : fact->second;
}

Result<bool> NodeState::check_file() {
    const std::lock_guard lock(mutex_);
    if (database_ && !unsaved_ && identity_of(place_.path) == identity_) {
        return false;
    }
    const Status restored = restore();
    return restored ? Result<bool>(true) : restored.error();
}

Status NodeState::commit(const Write& write) {
    if (!database_) {
        return unavailable(place_.path + " could not be opened again");
    }
    auto transaction = Transaction::begin(*database_);
    if (!transaction) {
        return transaction.error();
    }
    Status status = write(*database_);
    return status ? transaction->commit() : status;
}

Status NodeState::commit_or_restore(const Write& write) {
    Status status = commit(write);
    if (!status && status.error().code != ErrorCode::exhausted) {
        if (status.error().code == ErrorCode::corrupt) {
            mark_suspect(place_.path);
        }
        const Status restored = restore();
        status = restored ? restored : status;
    }
    unsaved_ = !status;
    return status ? status : status.error().during("writing " + place_.path);
}

// Everything is in memory; the file gets it all.
Status NodeState::restore() {
    database_.reset();
    auto opened = open_or_replace(place_, format(), clock_);
    if (!opened) {
        return opened.error();
    }
    database_ = std::move(opened->database);
    identity_ = identity_of(place_.path);
    Status status = commit([this](Database& to) { return write_all(to); });
    unsaved_ = !status;
    return status;
}

Status NodeState::write_sequences(Database& database) const {
    auto insert = database.prepare("INSERT OR REPLACE INTO lane_state VALUES(?1, ?2, ?3, ?4, ?5)");
    if (!insert) {
        return insert.error();
    }
    for (std::size_t lane = 0; sequences_ && lane < sequences_->floor.size(); ++lane) {
        insert->bind(1, static_cast<std::int64_t>(lane))
            .bind(2, to_column(sequences_->epoch))
            .bind(3, to_column(sequences_->floor.at(lane)))
            .bind(4, to_column(sequences_->known.at(lane)))
            .bind(5, to_column(sequences_->ring_id));
        if (Status status = insert->run(); !status) {
            return status;
        }
    }
    return {};
}

Status NodeState::write_boot(Database& database, std::uint32_t id) const {
    auto insert = database.prepare("INSERT OR REPLACE INTO boot VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
    if (!insert) {
        return insert.error();
    }
    const Boot& boot = boots_.at(id);
    insert->bind(1, std::int64_t{id})
        .bind(2, std::string_view(boot.kernel_id))
        .bind(3, boot.first_wall_ms)
        .bind(4, std::int64_t{boot.clock.wall_offset.count()})
        .bind(5, std::int64_t{boot.clock.quality})
        .bind(6, boot.last_wall_ms);
    return insert->run();
}

Status NodeState::write_fact(Database& database, const std::string& key) const {
    auto insert = database.prepare("INSERT OR REPLACE INTO fact VALUES(?1, ?2)");
    if (!insert) {
        return insert.error();
    }
    insert->bind(1, std::string_view(key)).bind(2, std::string_view(facts_.at(key)));
    return insert->run();
}

Status NodeState::write_all(Database& database) const {
    Status status = write_sequences(database);
    for (const auto& [id, boot] : boots_) {
        status = status ? write_boot(database, id) : status;
    }
    for (const auto& [key, value] : facts_) {
        status = status ? write_fact(database, key) : status;
    }
    return status;
}

}  // namespace cxedge::store
