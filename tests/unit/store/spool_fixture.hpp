// SPDX-License-Identifier: Apache-2.0
// A spool in a directory of its own, with shorthands for what the tests do over and over.
#pragma once

#include <csignal>
#include <cstdint>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "agent/store/spool.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

inline store::NewBatch make_batch(std::string body, Stream stream = Stream::kpi) {
    store::NewBatch batch;
    batch.stream = stream;
    batch.samples = 10;
    batch.events = stream == Stream::event ? 1 : 0;
    batch.codec = 1;
    batch.t0_boot_ms = 1000;
    batch.sealed_boot_ms = 6000;
    batch.sealed_wall_ms = 1'700'000'000'000;
    batch.clock_quality = 3;
    batch.body = std::move(body);
    return batch;
}

inline std::vector<store::NewBatch> make_batches(std::size_t count, std::size_t body_bytes) {
    std::vector<store::NewBatch> batches;
    for (std::size_t i = 0; i < count; ++i) {
        std::string body(body_bytes, static_cast<char>('a' + i % 26));
        batches.push_back(make_batch(std::move(body)));
    }
    return batches;
}

inline void write_file(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class SpoolFixture {
public:
    SpoolFixture() {
        options.directory = directory.file("state");
        options.boot_id_file = directory.file("boot_id");
        options.ring_file = directory.file("ring");
        options.ring_bytes = 256U << 10U;
        options.ballast_bytes = 64U << 10U;
        set_boot("11111111-2222-3333-4444-555555555555");
    }

    void set_boot(const std::string& id) const { write_file(options.boot_id_file, id + "\n"); }

    [[nodiscard]] Result<std::unique_ptr<store::Spool>> try_open() const {
        return store::Spool::open(options, clock);
    }
    // Closes the one before first: a directory serves one spool at a time.
    store::Spool& open() {
        spool.reset();
        auto opened = try_open();
        INFO((opened ? std::string() : opened.error().message));
        REQUIRE(opened.ok());
        spool = std::move(opened.value());
        return *spool;
    }
    void close() { spool.reset(); }

    // From the next open() on, `declared` collects what the spool declares.
    void record_declarations() {
        options.declare = [this](const Declaration& declaration) {
            declared.push_back(declaration);
            return make_batch("declaration", Stream::event);
        };
    }
    [[nodiscard]] std::vector<Gap> gaps() const {
        std::vector<Gap> all;
        for (const Declaration& declaration : declared) {
            all.insert(all.end(), declaration.gaps.begin(), declaration.gaps.end());
        }
        return all;
    }

    [[nodiscard]] std::string file(const std::string& name) const {
        return options.directory + "/" + name;
    }

    TempDir directory;
    ManualClock clock;
    store::SpoolOptions options;
    std::unique_ptr<store::Spool> spool;
    std::vector<Declaration> declared;
};

// Runs `work` on a spool in a child that then dies by SIGKILL; true when it came that far.
inline bool run_and_die(const SpoolFixture& at, const std::function<bool(store::Spool&)>& work) {
    const pid_t child = ::fork();
    if (child == 0) {
        auto opened = at.try_open();
        if (!opened || !work(**opened)) {
            ::_exit(1);
        }
        ::raise(SIGKILL);
    }
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGKILL;
}

inline std::uint64_t samples_of(const std::vector<Gap>& gaps) {
    std::uint64_t samples = 0;
    for (const Gap& gap : gaps) {
        samples += gap.samples;
    }
    return samples;
}

// Everything a lane holds, by the way an uplink reads: a few at a time, from a cursor.
inline std::vector<store::StoredBatch> read_all(store::Spool& spool, Lane lane = Lane::live) {
    std::vector<store::StoredBatch> all;
    std::uint64_t after = 0;
    for (;;) {
        auto some = spool.read(lane, after, 7);
        INFO((some.ok() ? std::string() : some.error().message));
        REQUIRE(some.ok());
        if (some->empty()) {
            return all;
        }
        after = some->back().position;
        all.insert(all.end(), some->begin(), some->end());
    }
}

inline std::vector<std::uint64_t> positions_of(const std::vector<store::StoredBatch>& batches) {
    std::vector<std::uint64_t> positions;
    positions.reserve(batches.size());
    for (const auto& batch : batches) {
        positions.push_back(batch.position);
    }
    return positions;
}

inline std::vector<std::uint64_t> seqs_of(const std::vector<store::StoredBatch>& batches) {
    std::vector<std::uint64_t> seqs;
    seqs.reserve(batches.size());
    for (const auto& batch : batches) {
        seqs.push_back(batch.seq);
    }
    return seqs;
}

}  // namespace cxedge::test
