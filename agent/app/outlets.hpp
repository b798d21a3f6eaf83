// SPDX-License-Identifier: Apache-2.0
// All sinks' outlets as one: where facts leave the pipeline. Thread: ingest.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/app/outlet.hpp"
#include "agent/pipeline/pipeline.hpp"
#include "agent/store/history.hpp"

namespace cxedge::app {

// Boot and ring of a spool: what numbers of a journal beside it refer to.
std::string journal_context(const store::Spool& spool);

class Outlets final : public pipeline::PipelineOutput {
public:
    // `history` may be null: none is kept; else it outlives this.
    explicit Outlets(
        std::vector<std::unique_ptr<Outlet>> outlets, store::History* history = nullptr
    )
        : all_(std::move(outlets)), history_(history) {}

    // An outgoing series has one id here, and one in each sink's dictionary that wants it.
    Result<SeriesId> define(const SeriesInfo& info) override;
    void sample(Stream stream, Sample sample) override;
    void event(Event event) override;
    void clock_step(const ClockStep& step);

    // What comes now is of this journal record, in a replay: what is in a batch already is left
    // out. 0: no replay.
    void replaying(std::uint64_t record) { record_ = record; }

    // Outlet::replay() of the main one.
    Status replay(const std::vector<ReplayedSample>& samples, std::uint64_t id);
    // What the history got came of journal records up to this one: it survives the process now.
    void seal_history(std::uint64_t through);

    [[nodiscard]] bool wants_store() const;
    void seal_due();
    void seal_all();
    [[nodiscard]] std::optional<BootTime> next_due() const;
    // `through`: the last record of the journal. What a spool refuses stays in its outlet.
    void store(std::uint64_t through);
    void tick(std::uint64_t through);
    // Closes, stores and writes everything to disk; the first refusal.
    Status commit(std::uint64_t through);

    // A reading that nobody can repeat was refused; it would have gone as these series of define().
    void note_refused(Stream stream, const std::vector<SeriesId>& outgoing);
    void set_online(std::size_t outlet, bool online) { all_.at(outlet)->set_online(online); }

    // exhausted: so much waits for the main sink that readings must be refused; says why. A lesser
    // sink that is full loses its oldest, declared, and never holds up the main one.
    [[nodiscard]] Status has_room() const;
    // exhausted: closed batches still wait for the main sink's spool.
    [[nodiscard]] Status all_stored();
    // Why storage is not what it should be; empty: it is.
    [[nodiscard]] std::string storage_problem() const;
    // Why the batches of a sink would not survive the process; empty: they would.
    [[nodiscard]] std::string memory_problem() const;
    // Boot and ring of the main one: a journal refers to these.
    [[nodiscard]] std::string context() const;
    // The last journal record that any batch of any sink knows.
    [[nodiscard]] std::uint64_t sealed_through() const;
    // Journal records that could not be used: declared, by their number alone.
    void declare_abandoned(std::uint64_t records);

    // Spool::remember() and recall() of the main one.
    Status remember(std::string_view key, std::string_view value) {
        return all_.front()->spool().remember(key, value);
    }
    [[nodiscard]] std::string recall(std::string_view key) const {
        return all_.front()->spool().recall(key);
    }

    // Facts that left the pipeline; also those that no sink wanted.
    [[nodiscard]] std::uint64_t facts() const { return facts_; }
    // Of these, in a batch of at least one sink.
    [[nodiscard]] std::uint64_t samples() const { return samples_; }
    [[nodiscard]] std::uint64_t events() const { return events_; }
    [[nodiscard]] std::uint64_t samples_open() const;

private:
    void drop_beyond_room();
    bool offer(Outlet& outlet, Stream stream, const std::optional<SeriesId>& id, Sample sample)
        const;

    // Ids of one outgoing series, for each outlet; empty: it does not want it.
    using Ids = std::vector<std::optional<SeriesId>>;
    [[nodiscard]] bool is_sealed(const Outlet& outlet, Stream stream) const;
    [[nodiscard]] bool history_wants() const;
    void remember_sample(const Sample& sample);

    std::vector<std::unique_ptr<Outlet>> all_;
    store::History* history_;
    std::vector<Ids> ids_;                    // by outgoing series
    std::vector<std::uint32_t> history_ids_;  // likewise, where there is a history
    std::map<SeriesKey, SeriesId> outgoing_;
    std::uint64_t record_ = 0;
    std::uint64_t facts_ = 0;
    std::uint64_t samples_ = 0;
    std::uint64_t events_ = 0;
};

}  // namespace cxedge::app
