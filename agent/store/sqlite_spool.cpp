// SPDX-License-Identifier: Apache-2.0
#include "agent/store/sqlite_spool.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/store/batch_row.hpp"

namespace cxedge::store {
namespace {

// Numbers reserved at a time: one small commit to state.db buys this many batches.
constexpr std::uint64_t kReserve = 1024;
constexpr std::uint64_t kPageBytes = 4096;

constexpr std::string_view kSelectNext =
    "SELECT position, epoch, seq, sealed_wall_ms FROM batch WHERE position > ?1"
    " ORDER BY position LIMIT 1";
constexpr std::string_view kDeleteRow =
    "DELETE FROM batch WHERE position = ?1"
    " RETURNING position, epoch, seq, sealed_wall_ms, samples, events, length(body)";

std::size_t index(Lane lane) {
    return static_cast<std::size_t>(lane);
}

LaneLedger::Entry entry_of(const StoredBatch& row) {
    return {
        row.position,
        row.epoch,
        row.seq,
        row.batch.sealed_wall_ms,
        row.batch.samples,
        row.batch.events,
        row.batch.body.size()};
}

// The first four columns of kSelectNext and kDeleteRow.
LaneLedger::Entry read_entry(const Statement& row) {
    LaneLedger::Entry entry;
    entry.position = from_column(row.integer(0));
    entry.epoch = from_column(row.integer(1));
    entry.seq = from_column(row.integer(2));
    entry.wall_ms = row.integer(3);
    return entry;
}

Status prepare_into(Statement& statement, Database& database, std::string_view sql) {
    auto prepared = database.prepare(sql);
    if (!prepared) {
        return prepared.error();
    }
    statement = std::move(*prepared);
    return {};
}

}  // namespace

Result<std::unique_ptr<Spool>> SqliteSpool::make(SpoolParts parts) {
    auto spool = std::make_unique<SqliteSpool>(std::move(parts));
    if (Status status = spool->prepare(); !status) {
        return status.error().during("opening " + spool->queue_path_);
    }
    return std::unique_ptr<Spool>(std::move(spool));
}

SqliteSpool::SqliteSpool(SpoolParts parts)
    : lock_(std::move(parts.lock)),
      queue_path_(std::move(parts.queue_path)),
      epoch_(parts.sequences.epoch),
      boot_(parts.meta.boot),
      max_pages_(parts.max_pages),
      report_(std::move(parts.report)),
      declare_(std::move(parts.declare)),
      ring_id_(random_u64()),
      state_(std::move(parts.state)),
      appending_(std::move(parts.appending)),
      sequences_(parts.sequences),
      meta_(parts.meta),
      cursor_{parts.sequences.floor, parts.meta.next_number},
      definitions_(parts.definitions),
      reading_(std::move(parts.reading)),
      ledgers_(std::move(parts.ledgers)),
      next_seq_(parts.sequences.floor) {}

SqliteSpool::~SqliteSpool() {
    if (cursor_.seq != sequences_.floor) {
        sequences_.floor = cursor_.seq;
        // Should this fail, the numbers are skipped, as after a crash.
        (void)state_.store(sequences_);
    }
}

Status SqliteSpool::prepare() {
    Status status = prepare_into(insert_row_, appending_, kInsertRow);
    status = status ? prepare_into(select_lane_, reading_, kSelectLane) : status;
    status = status ? prepare_into(select_next_, reading_, kSelectNext) : status;
    status = status ? prepare_into(delete_row_, reading_, kDeleteRow) : status;
    if (status) {
        status = appending_.execute(fmt::format("PRAGMA max_page_count={}", max_pages_));
    }
    count_pages(appending_);
    return status;
}

void SqliteSpool::count_pages(Database& database) {
    const auto all = database.query_integer("PRAGMA page_count");
    const auto free = database.query_integer("PRAGMA freelist_count");
    // What was committed stays committed: a failure here only leaves the older figure.
    if (all && free) {
        used_pages_ = from_column(*all - *free);
    }
}

Status SqliteSpool::noted(Status status, std::string_view during) {
    if (status) {
        return status;
    }
    if (status.error().code == ErrorCode::corrupt) {
        mark_suspect(queue_path_);
    }
    return status.error().during(during);
}

Result<std::vector<std::string>> SqliteSpool::load_definitions() {
    const std::lock_guard lock(append_mutex_);
    // A definition that others get to see must not change its meaning after a crash.
    if (!pending_definitions_.empty()) {
        const std::lock_guard write(write_mutex_);
        if (Status status = noted(insert({}, meta_, cursor_), "storing definitions"); !status) {
            return status.error();
        }
    }
    auto definitions = read_definitions(appending_);
    if (!definitions) {
        return definitions.error().during("loading definitions");
    }
    if (!definitions->complete) {
        return noted(corrupt("a stored definition is damaged"), "loading definitions").error();
    }
    return std::move(definitions->list);
}

Status SqliteSpool::add_definition(std::uint32_t id, std::string_view definition) {
    const std::lock_guard lock(append_mutex_);
    const std::size_t next = definitions_ + pending_definitions_.size();
    if (id != next) {
        return invalid_argument(fmt::format("definition {}: the next id is {}", id, next));
    }
    pending_definitions_.emplace_back(definition);
    return {};
}

Status SqliteSpool::append(std::vector<NewBatch> batches) {
    if (batches.empty()) {
        return {};
    }
    std::function<void()> wake;
    {
        const std::lock_guard lock(append_mutex_);
        if (Status status = noted(store(std::move(batches)), "storing batches"); !status) {
            return status;
        }
        wake = on_append_;
    }
    if (wake) {
        wake();
    }
    return {};
}

std::vector<StoredBatch> SqliteSpool::number(std::vector<NewBatch> batches, Cursor& next) const {
    std::vector<StoredBatch> rows;
    rows.reserve(batches.size());
    for (NewBatch& batch : batches) {
        const Lane lane = lane_of(batch.stream);
        StoredBatch& row = rows.emplace_back();
        row.position = position_of(lane, next.number++);
        row.epoch = epoch_;
        row.seq = next.seq.at(index(lane))++;
        row.boot = boot_;
        row.batch = std::move(batch);
    }
    return rows;
}

Status SqliteSpool::reserve(const Cursor& next) {
    SequenceState wanted = sequences_;
    bool enough = true;
    for (std::size_t lane = 0; lane < next.seq.size(); ++lane) {
        if (next.seq.at(lane) > wanted.floor.at(lane)) {
            wanted.floor.at(lane) = next.seq.at(lane) + kReserve;
            enough = false;
        }
    }
    if (enough) {
        return {};
    }
    if (Status status = state_.store(wanted); !status) {
        return status.error().during("reserving sequence numbers in state.db");
    }
    sequences_ = wanted;
    return {};
}

Status SqliteSpool::check_quota() const {
    // SQLite's own limit never goes below the file's size, which a smaller quota may have found.
    if (used_pages_ >= max_pages_) {
        return exhausted(fmt::format("the quota of {} bytes is in use", max_pages_ * kPageBytes));
    }
    return {};
}

Status SqliteSpool::store(std::vector<NewBatch> batches) {
    if (Status status = check_quota(); !status) {
        return status;
    }
    Cursor next = cursor_;
    const std::vector<StoredBatch> rows = number(std::move(batches), next);
    if (Status status = reserve(next); !status) {
        return status;
    }
    QueueMeta meta = meta_;
    if (next.number > meta.next_number) {
        meta.next_number = next.number + kReserve;
    }
    const std::lock_guard write(write_mutex_);
    if (Status status = insert(rows, meta, next); !status) {
        return status;
    }
    const std::lock_guard books(ledger_mutex_);
    for (const StoredBatch& row : rows) {
        ledger(lane_of(row.batch.stream)).add(entry_of(row));
    }
    next_seq_ = next.seq;
    for (const StoredBatch& row : rows) {
        std::uint64_t& through = sealed_through_.at(static_cast<std::size_t>(row.batch.stream));
        through = std::max(through, row.batch.journal_through);
    }
    return {};
}

Status SqliteSpool::insert(
    const std::vector<StoredBatch>& rows, const QueueMeta& meta, const Cursor& next
) {
    auto transaction = Transaction::begin(appending_);
    if (!transaction) {
        return transaction.error();
    }
    Status status = insert_pending_definitions();
    if (status && meta.next_number != meta_.next_number) {
        status = write_meta(appending_, meta);
    }
    for (const StoredBatch& row : rows) {
        if (!status) {
            return status;
        }
        bind_row(insert_row_, row);
        status = insert_row_.run();
    }
    if (!status) {
        return status;
    }
    // Numbers are spent even when the commit fails: the power may go before anything overwrites
    // what it left in the -wal, and the next start would then find it committed.
    cursor_ = next;
    status = transaction->commit();
    if (!status) {
        return status;
    }
    meta_ = meta;
    definitions_ += static_cast<std::uint32_t>(pending_definitions_.size());
    pending_definitions_.clear();
    count_pages(appending_);
    return {};
}

Status SqliteSpool::insert_pending_definitions() {
    std::uint32_t id = definitions_;
    for (const std::string& definition : pending_definitions_) {
        if (Status status = write_definition(appending_, id++, definition); !status) {
            return status;
        }
    }
    return {};
}

Result<std::vector<StoredBatch>> SqliteSpool::read(
    Lane lane, std::uint64_t after, std::size_t limit
) {
    std::unique_lock lock(read_mutex_);
    std::uint64_t end = 0;
    {
        const std::lock_guard books(ledger_mutex_);
        end = ledger(lane).last_position();
    }
    const std::uint64_t begin = std::max(after, position_of(lane, 0));
    if (begin >= end || limit == 0) {
        return std::vector<StoredBatch>();  // no file is touched while there is nothing new
    }
    Scan found;
    if (Status status = scan(begin, end, limit, found); !status && found.good.empty()) {
        return noted(status, "reading batches").error();
    }
    if (!found.bad_positions.empty()) {
        if (Status status = remove(found.bad_positions); !status) {
            return noted(status, "removing damaged batches").error();
        }
    }
    {
        const std::lock_guard books(ledger_mutex_);
        for (StoredBatch& row : found.good) {
            row.first_unacked = ledger(lane).first_seq(row.epoch, row.seq);
        }
    }
    lock.unlock();
    if (!found.losses.empty()) {
        if (Status status = declare({found.losses, {}}); !status) {
            return status.error();
        }
    }
    return std::move(found.good);
}

Status SqliteSpool::scan(std::uint64_t begin, std::uint64_t end, std::size_t limit, Scan& scan) {
    select_lane_.bind(1, to_column(begin)).bind(2, to_column(end));
    while (scan.good.size() < limit && select_lane_.next()) {
        auto row = read_row(select_lane_);
        if (row) {
            scan.good.push_back(std::move(*row));
        } else {
            scan.bad_positions.push_back(from_column(select_lane_.integer(0)));
            const LostBatch lost = read_loss(select_lane_);
            scan.losses.push_back(
                {lost.lane,
                 lost.epoch,
                 lost.seq,
                 lost.seq,
                 lost.samples,
                 lost.events,
                 GapCause::corrupt}
            );
        }
    }
    return select_lane_.finish();
}

Status SqliteSpool::acknowledge(const std::vector<std::uint64_t>& positions) {
    if (positions.empty()) {
        return {};
    }
    const std::lock_guard lock(read_mutex_);
    return noted(remove(positions), "deleting acknowledged batches");
}

Status SqliteSpool::remove(const std::vector<std::uint64_t>& positions) {
    const std::lock_guard write(write_mutex_);
    auto transaction = Transaction::begin(reading_);
    if (!transaction) {
        return transaction.error();
    }
    std::vector<LaneLedger::Entry> erased;
    erased.reserve(positions.size());
    for (const std::uint64_t position : positions) {
        if (Status status = erase_row(position, erased); !status) {
            return status;
        }
    }
    if (Status status = transaction->commit(); !status) {
        return status;
    }
    Status status;
    for (const LaneLedger::Entry& entry : erased) {
        const Status struck = strike(entry);
        status = status ? struck : status;
    }
    count_pages(reading_);
    return status;
}

Status SqliteSpool::erase_row(std::uint64_t position, std::vector<LaneLedger::Entry>& erased) {
    delete_row_.bind(1, to_column(position));
    if (delete_row_.next()) {
        LaneLedger::Entry& entry = erased.emplace_back(read_entry(delete_row_));
        entry.samples = from_column(delete_row_.integer(4));
        entry.events = from_column(delete_row_.integer(5));
        entry.bytes = from_column(delete_row_.integer(6));
    }
    return delete_row_.finish();
}

Status SqliteSpool::strike(const LaneLedger::Entry& erased) {
    const auto lane = lane_of_position(erased.position);
    if (!lane) {
        return {};
    }
    {
        const std::lock_guard books(ledger_mutex_);
        ledger(*lane).subtract(erased);
        if (ledger(*lane).span_at(erased.position) == nullptr) {
            return {};
        }
    }
    select_next_.bind(1, to_column(erased.position));
    const bool found = select_next_.next();
    const LaneLedger::Entry next = found ? read_entry(select_next_) : LaneLedger::Entry();
    Status status = select_next_.finish();
    if (!status) {
        return status;  // the span keeps its old beginning: too early is safe, too late is not
    }
    const std::lock_guard books(ledger_mutex_);
    ledger(*lane).replace_oldest(erased.position, found ? &next : nullptr);
    return {};
}

Status SqliteSpool::commit(Move what) {
    static_cast<void>(what);  // an append is committed when it returns
    return {};
}

Result<Spool::Delivered> SqliteSpool::acknowledge_through(
    Lane lane, std::uint64_t epoch, std::uint64_t seq
) {
    const std::lock_guard lock(read_mutex_);
    auto rows = reading_.prepare(
        "SELECT position, samples, events FROM batch"
        " WHERE position > ?1 AND position < ?2 AND epoch = ?3 AND seq <= ?4"
    );
    if (!rows) {
        return noted(rows.error(), "finding delivered batches").error();
    }
    rows->bind(1, to_column(position_of(lane, 0)))
        .bind(2, to_column(position_of(lane, 0) + position_of(Lane::live, 0)))
        .bind(3, to_column(epoch))
        .bind(4, to_column(seq));
    Delivered delivered;
    std::vector<std::uint64_t> positions;
    while (rows->next()) {
        positions.push_back(from_column(rows->integer(0)));
        ++delivered.batches;
        delivered.samples += from_column(rows->integer(1));
        delivered.events += from_column(rows->integer(2));
    }
    Status status = rows->finish();
    status = status && !positions.empty() ? remove(positions) : status;
    if (!status) {
        return noted(status, "deleting delivered batches").error();
    }
    return delivered;
}

Result<std::optional<std::uint64_t>> SqliteSpool::position_of_seq(
    Lane lane, std::uint64_t epoch, std::uint64_t seq
) {
    const std::lock_guard lock(read_mutex_);
    auto rows = reading_.prepare(
        "SELECT position FROM batch WHERE position > ?1 AND position < ?2"
        " AND epoch = ?3 AND seq >= ?4 ORDER BY position LIMIT 1"
    );
    if (!rows) {
        return noted(rows.error(), "finding a batch").error();
    }
    rows->bind(1, to_column(position_of(lane, 0)))
        .bind(2, to_column(position_of(lane, 0) + position_of(Lane::live, 0)))
        .bind(3, to_column(epoch))
        .bind(4, to_column(seq));
    std::optional<std::uint64_t> position;
    if (rows->next()) {
        position = from_column(rows->integer(0));
    }
    if (Status status = rows->finish(); !status) {
        return noted(status, "finding a batch").error();
    }
    return position;
}

Result<std::optional<StoredBatch>> SqliteSpool::find(std::uint64_t position) {
    const std::lock_guard lock(read_mutex_);
    select_lane_.bind(1, to_column(position - 1)).bind(2, to_column(position));
    std::optional<StoredBatch> row;
    if (position != 0 && select_lane_.next()) {
        row = read_row(select_lane_);
    }
    if (Status status = select_lane_.finish(); !status) {
        return noted(status, "reading a batch").error();
    }
    return row;
}

Status SqliteSpool::bury(std::uint64_t position, std::uint8_t reason, std::uint32_t attempts) {
    const auto row = find(position);
    if (!row) {
        return row.error();
    }
    if (!row->has_value()) {
        return {};
    }
    const StoredBatch& dead = row->value();
    if (Status status = acknowledge({position}); !status) {
        return status;
    }
    Declaration declaration;
    declaration.dead.push_back(
        {lane_of(dead.batch.stream),
         dead.epoch,
         dead.seq,
         dead.batch.samples,
         dead.batch.events,
         reason,
         attempts}
    );
    return declare(declaration);
}

Status SqliteSpool::split(std::uint64_t position, std::vector<NewBatch> parts) {
    const auto row = find(position);
    if (!row) {
        return row.error();
    }
    if (!row->has_value()) {
        return {};
    }
    const StoredBatch& whole = row->value();
    Declaration declaration;
    declaration.gaps.push_back(
        {lane_of(whole.batch.stream), whole.epoch, whole.seq, whole.seq, 0, 0, GapCause::split}
    );
    if (declare_) {
        parts.push_back(declare_(declaration));
    }
    Status status = append(std::move(parts));
    return status ? acknowledge({position}) : status;
}

Status SqliteSpool::declare(const Declaration& declaration) {
    return declare_ ? append({declare_(declaration)}) : Status();
}

std::uint64_t SqliteSpool::sealed_through(Stream stream) const {
    const std::lock_guard books(ledger_mutex_);
    return sealed_through_.at(static_cast<std::size_t>(stream));
}

Status SqliteSpool::note_clock(const BootClock& clock) {
    const std::lock_guard books(ledger_mutex_);
    clock_ = clock;
    return {};
}

std::optional<BootClock> SqliteSpool::boot_clock(std::uint32_t boot) const {
    const std::lock_guard books(ledger_mutex_);
    return boot == boot_ ? clock_ : std::nullopt;
}

WallTime SqliteSpool::time_floor() const {
    const std::lock_guard books(ledger_mutex_);
    return time_floor_;
}

Status SqliteSpool::remember(std::string_view key, std::string_view value) {
    const std::lock_guard books(ledger_mutex_);
    facts_.insert_or_assign(std::string(key), std::string(value));
    return {};
}

std::string SqliteSpool::recall(std::string_view key) const {
    const std::lock_guard books(ledger_mutex_);
    const auto fact = facts_.find(key);
    return fact == facts_.end() ? std::string() : fact->second;
}

LaneStatus SqliteSpool::status(Lane lane) const {
    const std::lock_guard books(ledger_mutex_);
    const LaneLedger& held = ledgers_.at(index(lane));
    LaneStatus status = held.status();
    status.next_seq = next_seq_.at(index(lane));
    status.first_unacked = held.first_seq(epoch_, status.next_seq);
    return status;
}

StorageStatus SqliteSpool::storage() const {
    StorageStatus status;
    status.used_bytes = used_pages_ * kPageBytes;
    status.quota_bytes = max_pages_ * kPageBytes;
    return status;
}

void SqliteSpool::on_append(std::function<void()> callback) {
    const std::lock_guard lock(append_mutex_);
    on_append_ = std::move(callback);
}

}  // namespace cxedge::store
