// SPDX-License-Identifier: Apache-2.0
// A data path on a real spool and journal; "the process ends" is its destruction without a flush.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "agent/app/data_path.hpp"
#include "agent/app/history_desk.hpp"
#include "agent/plugin_api/host.hpp"
#include "agent/wire/batch_codec.hpp"
#include "agent/wire/dictionary.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::app {

inline SeriesInfo gauge(const std::string& metric) {
    return {{metric, {}}, Kind::gauge, "1", {}, 0};
}

inline bool mentions(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

class Bench {
public:
    Bench() { start(); }

    void start() {
        store::SpoolOptions options;
        options.directory = dir_.file("state");
        options.ring_file = dir_.file(runtime + "ring");
        auto spool = store::Spool::open(options, clock);
        REQUIRE(spool.ok());
        spool_ = std::move(*spool);
        SealOptions seal;
        seal.samples = 10;
        seal.worth = 5;
        auto outlet = Outlet::make(seal, {}, *spool_, clock);
        REQUIRE(outlet.ok());
        std::vector<std::unique_ptr<Outlet>> outlets;
        outlets.push_back(std::move(*outlet));
        pipeline::PipelineOptions pipeline;
        pipeline::Rule raw;
        raw.match = "raw.*";
        raw.unit = "1";
        raw.has_keep = true;
        raw.keep = pipeline::Keep::raw;
        pipeline::Rule windowed;
        windowed.match = "win.*";
        windowed.unit = "1";
        pipeline::Rule store = raw;
        store.match = "store.*";
        pipeline.rules = {raw, windowed, store};
        pipeline.occupancies = {{"shop", {}, std::chrono::hours(4)}};
        if (with_history) {
            store::HistoryOptions history_options;
            history_options.directory = dir_.file("state");
            history_options.stash_file = dir_.file(runtime + "history.stash");
            history_options.context = journal_context(*spool_);
            history_options.boot = spool_->boot();
            history = std::make_unique<store::History>(history_options, clock);
        }
        loop_ = std::make_unique<EventLoop>();
        path = std::make_unique<DataPath>(
            DataPath::Options{
                pipeline, dir_.file(runtime + "journal"), journal_bytes, {}, history.get()},
            std::move(outlets),
            *loop_,
            clock
        );
    }
    // The process is gone; nothing of its memory is left but what lies in files.
    void die() {
        path.reset();
        history.reset();
        loop_.reset();
        spool_.reset();
    }
    void damage_journal() {
        for (const char* turn : {"journal-a", "journal-b"}) {
            std::ofstream(dir_.file(turn), std::ios::binary) << std::string(9000, 'x');
        }
    }
    void poll() { loop_->poll(); }
    void make_runtime() { std::filesystem::create_directory(dir_.file(runtime)); }
    void restart() {
        die();
        start();
    }
    // What lies on tmpfs is gone too.
    void cut_power() {
        die();
        for (const char* name : {"ring", "journal-a", "journal-b"}) {
            std::filesystem::remove(dir_.file(name));
        }
        start();
    }
    bool commit_for_power() {
        bool safe = false;
        path->commit(ingest::Durability::power, [&](const Status& status) { safe = status.ok(); });
        loop_->poll();
        return safe;
    }
    void pass(std::chrono::milliseconds time) {
        clock.advance(time);
        path->tick();
        loop_->poll();
    }
    void give(const std::string& metric, double value) {
        const auto id = path->declare(gauge(metric));
        REQUIRE(id.ok());
        REQUIRE(path->accept(*id, value, at_boot(clock.boot_now())).ok());
        loop_->poll();
    }
    // Samples of everything in the spool, by (lane, seq).
    std::vector<Sample> samples() {
        std::vector<Sample> samples;
        std::uint64_t after = 0;
        for (;;) {
            const auto batches = spool_->read(Lane::live, after, 100);
            REQUIRE(batches.ok());
            if (batches->empty()) {
                return samples;
            }
            after = batches->back().position;
            for (const store::StoredBatch& batch : *batches) {
                append_samples(batch, samples);
            }
        }
    }
    std::vector<double> stored() {
        std::vector<double> values;
        for (const Sample& sample : samples()) {
            values.push_back(std::get<double>(sample.value));
        }
        return values;
    }
    // The same by metric, as the platform's dictionary names it.
    std::map<std::string, std::vector<double>> stored_by_series() {
        const auto dictionary = wire::Dictionary::restore(spool_->definitions());
        REQUIRE(dictionary.ok());
        std::map<std::string, std::vector<double>> values;
        for (const Sample& sample : samples()) {
            const std::string& metric = dictionary->at(sample.series).key.metric;
            values[metric].push_back(std::get<double>(sample.value));
        }
        return values;
    }
    std::vector<Event> events() {
        std::vector<Event> events;
        const auto batches = spool_->read(Lane::control, 0, 100);
        REQUIRE(batches.ok());
        for (const store::StoredBatch& batch : *batches) {
            const auto body = wire::decode_body(received(batch));
            REQUIRE(body.ok());
            events.insert(events.end(), body->events.begin(), body->events.end());
        }
        return events;
    }
    store::Spool& spool() { return *spool_; }

    test::ManualClock clock;
    // What the history has of a metric.
    std::vector<double> remembered(const std::string& metric) {
        HistoryQuery query;
        query.series = metric;
        query.from = clock.wall_now() - std::chrono::hours(1000);
        query.to = clock.wall_now() + std::chrono::hours(1);
        std::vector<double> values;
        do {
            const auto page = HistoryDesk(*history).answer(query);
            REQUIRE(page.ok());
            for (const HistoryValue& value : page->values) {
                values.push_back(value.sum);
            }
            query.after = page->next;
        } while (!query.after.empty());
        return values;
    }

    std::unique_ptr<DataPath> path;
    std::unique_ptr<store::History> history;
    bool with_history = false;
    std::size_t journal_bytes = 64U << 10U;
    std::string runtime;  // directory of ring and journal, with its slash

    static wire::ReceivedBatch received(const store::StoredBatch& batch) {
        wire::ReceivedBatch received;
        received.body.codec = batch.batch.codec;
        received.body.bytes = batch.batch.body;
        received.body.samples = batch.batch.samples;
        received.body.events = batch.batch.events;
        received.body.dict_size = batch.batch.dict_size;
        return received;
    }

private:
    static void append_samples(const store::StoredBatch& batch, std::vector<Sample>& samples) {
        const auto body = wire::decode_body(received(batch));
        REQUIRE(body.ok());
        samples.insert(samples.end(), body->samples.begin(), body->samples.end());
    }

    test::TempDir dir_;
    std::unique_ptr<EventLoop> loop_;
    std::unique_ptr<store::Spool> spool_;
};

}  // namespace cxedge::app
