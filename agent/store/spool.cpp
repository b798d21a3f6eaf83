// SPDX-License-Identifier: Apache-2.0
#include "agent/store/spool.hpp"

#include <algorithm>
#include <fstream>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/store/batch_row.hpp"
#include "agent/store/database_file.hpp"
#include "agent/store/directory_claim.hpp"
#include "agent/store/salvage.hpp"
#include "agent/store/sqlite_spool.hpp"

namespace cxedge::store {
namespace {

constexpr std::uint64_t kPageBytes = 4096;
// Below this the schema itself would not fit.
constexpr std::uint64_t kLeastPages = 16;

// The content of queue.db, read and believed.
struct Queue {
    Database database;
    bool created = false;
    QueueMeta meta;
    std::uint32_t definitions = 0;
    LaneLedgers ledgers;
    std::uint32_t last_boot = 0;  // highest in any row
    std::uint64_t last_number = 0;
    SequenceState last_seq;  // highest of meta.epoch in each lane
};

Status load_row(const Statement& row, Queue& queue) {
    LaneLedger::Entry entry;
    entry.position = from_column(row.integer(0));
    entry.epoch = from_column(row.integer(1));
    entry.seq = from_column(row.integer(2));
    entry.wall_ms = row.integer(3);
    entry.samples = from_column(row.integer(4));
    entry.events = from_column(row.integer(5));
    entry.bytes = from_column(row.integer(6));
    const auto lane = lane_of_position(entry.position);
    if (!lane) {
        return corrupt(fmt::format("row {} belongs to no lane", row.integer(0)));
    }
    const auto index = static_cast<std::size_t>(*lane);
    queue.ledgers.at(index).add(entry);
    queue.last_boot = std::max(queue.last_boot, static_cast<std::uint32_t>(row.integer(7)));
    queue.last_number = std::max(queue.last_number, number_of(entry.position));
    if (entry.epoch == queue.meta.epoch) {
        std::uint64_t& seq = queue.last_seq.floor.at(index);
        seq = std::max(seq, entry.seq);
    }
    return {};
}

Status load_rows(Queue& queue) {
    auto rows = queue.database.prepare(
        "SELECT position, epoch, seq, sealed_wall_ms, samples, events, length(body), boot FROM "
        "batch"
        " ORDER BY position"
    );
    if (!rows) {
        return rows.error();
    }
    queue.last_seq.epoch = queue.meta.epoch;
    Status status;
    while (status && rows->next()) {
        status = load_row(*rows, queue);
    }
    const Status finished = rows->finish();
    return status ? finished : status;
}

Status load(Queue& queue) {
    const auto meta = read_meta(queue.database);
    if (!meta) {
        return meta.error();
    }
    queue.meta = *meta;
    const auto definitions = read_definitions(queue.database);
    if (!definitions) {
        return definitions.error();
    }
    if (!definitions->complete) {
        return corrupt("a series definition is damaged");
    }
    queue.definitions = static_cast<std::uint32_t>(definitions->list.size());
    return load_rows(queue);
}

// Opens the parts one after the other, repairing on the way and writing down what it did.
class Opener {
public:
    Opener(const SpoolOptions& options, const Clock& clock)
        : options_(options),
          clock_(clock),
          queue_path_(options.directory + "/queue.db"),
          state_path_(options.directory + "/state.db") {}

    Result<std::unique_ptr<Spool>> run() {
        auto lock = claim_directory(options_.directory);
        if (!lock) {
            return lock.error();
        }
        auto state = open_state();
        if (!state) {
            return state.error();
        }
        auto queue = open_queue();
        if (!queue) {
            return queue.error();
        }
        const auto sequences = continue_or_begin(*state, *queue);
        if (!sequences) {
            return sequences.error().during(state_path_);
        }
        if (Status status = write_queue_meta(*state, *queue, *sequences); !status) {
            return status.error().during("preparing " + options_.directory);
        }
        auto reading = open_connection(queue_path_);
        if (!reading) {
            return reading.error();
        }
        auto spool = SqliteSpool::make(SpoolParts{
            std::move(*lock),
            queue_path_,
            std::move(*state),
            std::move(queue->database),
            std::move(*reading),
            *sequences,
            queue->meta,
            std::move(queue->ledgers),
            queue->definitions,
            std::max(options_.max_bytes / kPageBytes, kLeastPages),
            std::move(report_),
            options_.declare});
        if (!spool) {
            return spool.error();
        }
        Status declared = declare_losses(**spool);
        return declared ? std::move(spool) : declared.error();
    }

    Status declare_losses(Spool& spool) const {
        Declaration declaration;
        for (const LostBatch& lost : losses_) {
            declaration.gaps.push_back(
                {lost.lane,
                 lost.epoch,
                 lost.seq,
                 lost.seq,
                 lost.samples,
                 lost.events,
                 GapCause::corrupt}
            );
        }
        return losses_.empty() ? Status() : spool.declare(declaration);
    }

private:
    Result<StateFile> open_state() {
        auto opened = open_or_replace(state_path_, StateFile::format(), clock_);
        if (!opened) {
            return opened.error();
        }
        if (!opened->moved.empty()) {
            note("state.db was damaged ({}), moved to {}", opened->why, opened->moved);
        }
        return StateFile(std::move(opened->database));
    }

    // A second round when the file passes the checks and its content does not.
    Result<Queue> open_queue() {
        for (int round = 0;; ++round) {
            auto opened = open_or_replace(queue_path_, queue_format(), clock_);
            if (!opened) {
                return opened.error();
            }
            Queue queue;
            queue.database = std::move(opened->database);
            queue.created = opened->created;
            if (!opened->moved.empty()) {
                note("queue.db was damaged ({}), moved to {}", opened->why, opened->moved);
                rescue(opened->moved, queue.database);
            }
            Status status = load(queue);
            if (status) {
                return queue;
            }
            if (status.error().code != ErrorCode::corrupt || round > 0) {
                return status.error().during("reading " + queue_path_);
            }
            note("queue.db has damaged content: {}", status.error().message);
            mark_suspect(queue_path_);
        }
    }

    void rescue(const std::string& damaged, Database& queue) {
        Salvaged salvaged = salvage(damaged, queue, clock_);
        note(
            "salvaged {} batches and {} series definitions from {}; {} batches unreadable, {} left "
            "there",
            salvaged.batches,
            salvaged.definitions,
            damaged,
            salvaged.losses.size(),
            salvaged.abandoned
        );
        losses_.insert(losses_.end(), salvaged.losses.begin(), salvaged.losses.end());
    }

    // The epoch goes on only if both files name the same one and no number was given past the
    // floor. That one rule covers files deleted, replaced, restored from a copy or made afresh.
    Result<SequenceState> continue_or_begin(StateFile& state, const Queue& queue) {
        const auto known = state.sequences();
        if (!known) {
            return known.error();
        }
        if (known->has_value() && continues(known->value(), queue)) {
            return known->value();
        }
        if (known->has_value() && queue.created) {
            note("queue.db was missing or lost: a new epoch begins");
        } else if (known->has_value() || queue.meta.epoch != 0) {
            note("state.db does not fit queue.db: a new epoch begins");
        }
        report_.new_epoch = true;
        SequenceState fresh;
        fresh.epoch = random_u64();
        fresh.floor.fill(1);
        Status status = state.store(fresh);
        return status ? Result<SequenceState>(fresh) : status.error();
    }

    static bool continues(const SequenceState& state, const Queue& queue) {
        if (queue.meta.epoch != state.epoch) {
            return false;
        }
        for (std::size_t lane = 0; lane < state.floor.size(); ++lane) {
            if (queue.last_seq.floor.at(lane) >= state.floor.at(lane)) {
                return false;
            }
        }
        return true;
    }

    // After the epoch is in state.db: dying in between makes the two differ, which is safe.
    Status write_queue_meta(StateFile& state, Queue& queue, const SequenceState& sequences) {
        // state.db lost: its count of boots goes on behind what the queue has seen.
        const std::uint32_t seen = std::max(queue.last_boot, queue.meta.boot);
        const auto boot = state.count_boot(boot_id(), seen, clock_.wall_now());
        if (!boot) {
            return boot.error();
        }
        QueueMeta meta = queue.meta;
        meta.epoch = sequences.epoch;
        meta.boot = *boot;
        meta.next_number = std::max(meta.next_number, queue.last_number + 1);
        const bool same = meta.epoch == queue.meta.epoch && meta.boot == queue.meta.boot &&
                          meta.next_number == queue.meta.next_number;
        queue.meta = meta;
        return same ? Status() : write_meta(queue.database, meta);
    }

    std::string boot_id() {
        std::string id;
        std::ifstream file(options_.boot_id_file);
        if (!std::getline(file, id) || id.empty()) {
            note("{} is not readable: this start counts as a new boot", options_.boot_id_file);
            id.clear();
        }
        return id;
    }

    template <class... Values>
    void note(fmt::format_string<Values...> text, Values&&... values) {
        report_.repairs.push_back(fmt::format(text, std::forward<Values>(values)...));
    }

    const SpoolOptions& options_;
    const Clock& clock_;
    const std::string queue_path_;
    const std::string state_path_;
    SpoolReport report_;
    std::vector<LostBatch> losses_;
};

}  // namespace

Result<std::unique_ptr<Spool>> Spool::open(const SpoolOptions& options, const Clock& clock) {
    return Opener(options, clock).run();
}

}  // namespace cxedge::store
