// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/backlog.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <memory>
#include <stdexcept>

#include "agent/base/clock.hpp"
#include "agent/store/spool.hpp"
#include "agent/wire/batch_codec.hpp"
#include "agent/wire/dictionary.hpp"

#include "tests/support/kpi_feeder.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::bench {
namespace {

constexpr double kSecondsPerDay = 86'400;
constexpr double kSecondsPerHour = 3'600;
constexpr std::size_t kSamplesPerBatch = 60;  // a minute
constexpr std::size_t kBatchesPerAppend = 64;

void check(const Status& status) {
    if (!status) {
        throw std::runtime_error("making a backlog: " + status.error().message);
    }
}

class Writer {
public:
    Writer(const std::string& directory, std::size_t samples) : samples_(samples) {
        clock_.set_wall(WallTime(std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::system_clock::now().time_since_epoch() - std::chrono::seconds(samples)
        )));
        store::SpoolOptions options;
        options.directory = directory;
        options.boot_id_file = aside_.file("boot_id");
        std::ofstream(options.boot_id_file) << "00000000-0000-0000-0000-000000000001\n";
        auto spool = store::Spool::open(options, clock_);
        check(spool ? Status() : Status(spool.error()));
        spool_ = std::move(*spool);
        check(spool_->note_clock({clock_.wall_offset(), store::BootClock::kSynchronised}));
    }

    Backlog write() {
        const SeriesInfo info{{kBacklogMetric, {}}, Kind::gauge, "1", {}, 0};
        check(spool_->add_definition(0, wire::encode_definition(info)));
        while (written_.samples < samples_) {
            check(spool_->append(some_batches()));
            check(spool_->commit(store::Spool::Move::all));
        }
        return written_;
    }

private:
    std::vector<store::NewBatch> some_batches() {
        std::vector<store::NewBatch> batches;
        while (batches.size() < kBatchesPerAppend && written_.samples < samples_) {
            batches.push_back(batch());
            written_.bytes += batches.back().body.size();
            ++written_.batches;
        }
        return batches;
    }

    store::NewBatch batch() {
        for (std::size_t i = 0; i < kSamplesPerBatch && written_.samples < samples_; ++i) {
            const double value = std::stod(test::KpiFeeder::value_of(written_.samples++));
            builder_.add(Sample{SeriesId(0), at_boot(clock_.boot_now()), value});
            clock_.advance(std::chrono::seconds(1));
        }
        wire::SealedBody body = builder_.seal();
        store::NewBatch batch;
        batch.stream = Stream::kpi;
        batch.samples = body.samples;
        batch.dict_size = body.dict_size;
        batch.codec = body.codec;
        batch.t0_boot_ms = body.t0.count();
        batch.sealed_boot_ms = clock_.boot_now().count();
        batch.sealed_wall_ms = unix_ms(clock_.wall_now());
        batch.clock_quality = store::BootClock::kSynchronised;
        batch.body = std::move(body.bytes);
        return batch;
    }

    std::size_t samples_;
    test::ManualClock clock_;
    test::TempDir aside_;
    std::unique_ptr<store::Spool> spool_;
    wire::BatchBuilder builder_;
    Backlog written_;
};

}  // namespace

std::size_t backlog_samples(double days) {
    return static_cast<std::size_t>(
        std::max(0.0, std::floor(days * kSecondsPerDay - kSecondsPerHour))
    );
}

Backlog write_backlog(const std::string& directory, double days) {
    return Writer(directory, backlog_samples(days)).write();
}

}  // namespace cxedge::bench
