// SPDX-License-Identifier: Apache-2.0
#include "agent/store/history_chunk.hpp"

#include <cmath>
#include <random>

#include "agent/store/history_merge.hpp"
#include "agent/store/history_stash.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::store {
namespace {

constexpr std::int64_t kOrigin = 1'700'000'000'000;

// 32 bits, whatever the standard library calls them.
class Die {
public:
    explicit Die(std::uint32_t seed) : random_(seed) {}
    std::uint32_t operator()() { return static_cast<std::uint32_t>(random_()); }

private:
    std::mt19937 random_;
};

bool same(double a, double b) {
    return a == b || (std::isnan(a) && std::isnan(b));
}

bool same(const HistoryCell& a, const HistoryCell& b) {
    return a.at_ms == b.at_ms && a.step_ms == b.step_ms && a.samples == b.samples &&
           a.lost == b.lost && a.n == b.n && same(a.sum.value(), b.sum.value()) &&
           (a.n == 0 || (same(a.min, b.min) && same(a.max, b.max) && same(a.last, b.last))) &&
           a.buckets == b.buckets;
}

double any_value(Die& random) {
    switch (random() % 6) {
        case 0:
            return static_cast<double>(random()) / 3;
        case 1:
            return -0.0;
        case 2:
            return std::nan("");
        case 3:
            return static_cast<double>(random()) * 1e300;
        default:
            return std::round(static_cast<double>(random() % 100000)) / 100;
    }
}

HistoryCell any_cell(std::int64_t at_ms, Die& random) {
    HistoryCell cell = random() % 5 == 0 ? lost_cell(at_ms) : cell_of(at_ms, any_value(random));
    for (std::uint32_t more = random() % 4; more > 0; --more) {
        cell.merge(random() % 5 == 0 ? lost_cell(at_ms) : cell_of(at_ms, any_value(random)));
    }
    if (random() % 4 == 0) {
        HistoryCell histogram = cell_of(at_ms, 2.5);
        histogram.n = 7;
        histogram.buckets = {{-40, 2}, {0, 1}, {static_cast<std::int32_t>(random() % 999) + 1, 4}};
        cell.merge(histogram);
    }
    return cell;
}

std::vector<HistoryRun> any_runs(Die& random) {
    std::vector<HistoryRun> runs;
    std::uint32_t series = 0;
    for (std::uint32_t i = 0; i < 5; ++i) {
        HistoryRun& run = runs.emplace_back();
        series += random() % 3 == 0 ? random() / 8 + 1 : random() % 4 + 1;
        run.series = series;
        run.step_ms = random() % 2 == 0 ? 0 : 60000;
        std::int64_t at = kOrigin - 5000;
        for (std::uint32_t cells = random() % 50 + 1; cells > 0; --cells) {
            at += std::int64_t{random() % 3 == 0 ? random() % 100000 : 1000};
            run.cells.push_back(any_cell(at, random));
            run.cells.back().step_ms = run.step_ms;
        }
    }
    return runs;
}

std::vector<HistoryRun> read_all_runs(const HistoryChunk& chunk) {
    std::vector<HistoryRun> runs;
    const auto take = [&](std::uint32_t series, HistoryCell cell) {
        if (runs.empty() || runs.back().series != series) {
            runs.push_back({series, cell.step_ms, {}});
        }
        runs.back().cells.push_back(std::move(cell));
    };
    const Status read =
        read_chunk(chunk.body, chunk.origin_ms, {[](std::uint32_t) { return true; }, take});
    REQUIRE(read.ok());
    return runs;
}

TEST_CASE("history_chunk: what was written is read again, whatever it is", "[store]") {
    const auto seed = GENERATE(range(1U, 60U));
    INFO("seed " << seed);
    Die random(seed);
    const auto runs = any_runs(random);
    ChunkWriter writer(kOrigin);
    for (const HistoryRun& run : runs) {
        writer.add(run);
    }
    const HistoryChunk chunk = writer.take();
    CHECK(writer.empty());
    CHECK(chunk.first_series == runs.front().series);
    CHECK(chunk.last_series == runs.back().series);
    const auto read = read_all_runs(chunk);
    REQUIRE(read.size() == runs.size());
    for (std::size_t i = 0; i < runs.size(); ++i) {
        REQUIRE(read[i].cells.size() == runs[i].cells.size());
        for (std::size_t c = 0; c < runs[i].cells.size(); ++c) {
            INFO("run " << i << " cell " << c);
            CHECK(same(read[i].cells[c], runs[i].cells[c]));
        }
    }
}

TEST_CASE("history_chunk: a minute's number costs three bytes", "[store]") {
    HistoryRun run;
    for (int i = 0; i < 60; ++i) {
        run.cells.push_back(cell_of(kOrigin + i * 60000, 20 + i % 7 * 0.1));
    }
    ChunkWriter writer(kOrigin);
    writer.add(run);
    CHECK(writer.bytes() < 60 * 3);
}

TEST_CASE("history_chunk: cut off anywhere, it is damaged or shorter, never more", "[store]") {
    Die random(5);
    ChunkWriter writer(kOrigin);
    for (const HistoryRun& run : any_runs(random)) {
        writer.add(run);
    }
    const HistoryChunk chunk = writer.take();
    std::size_t damaged = 0;
    for (std::size_t size = 0; size < chunk.body.size(); ++size) {
        const Status read = read_chunk(
            std::string_view(chunk.body).substr(0, size),
            kOrigin,
            {[](std::uint32_t) { return true; },
             [](std::uint32_t, const HistoryCell&) {
             }}
        );
        damaged += read ? 0U : 1U;
    }
    CHECK(damaged > chunk.body.size() / 2);
}

TEST_CASE("history_chunk: events keep their bytes and their times", "[store]") {
    ChunkWriter writer(kOrigin);
    writer.add_event(kOrigin + 5, "one");
    writer.add_event(kOrigin - 7, std::string(300, 'x'));
    const HistoryChunk chunk = writer.take();
    CHECK(chunk.first_ms == kOrigin - 7);
    CHECK(chunk.last_ms == kOrigin + 5);
    std::vector<std::pair<std::int64_t, std::size_t>> read;
    REQUIRE(read_events(chunk.body, chunk.origin_ms, [&](std::int64_t at, std::string_view bytes) {
        read.emplace_back(at, bytes.size());
    }));
    CHECK(
        read ==
        std::vector<std::pair<std::int64_t, std::size_t>>{{kOrigin + 5, 3}, {kOrigin - 7, 300}}
    );
    CHECK_FALSE(read_events(
        std::string_view(chunk.body).substr(0, 3), kOrigin, [](std::int64_t, std::string_view) {}
    ));
}

TEST_CASE("history_merge: pieces of a minute become one, with exact sums", "[store]") {
    std::vector<HistoryChunk> chunks;
    for (int part = 0; part < 3; ++part) {
        HistoryRun run{7, 0, {}};
        for (int i = 0; i < 20; ++i) {
            run.cells.push_back(cell_of(kOrigin + part * 20000 + i * 1000 + 1, 0.1));
        }
        ChunkWriter writer(kOrigin + part);
        writer.add(run);
        chunks.push_back(writer.take());
    }
    std::vector<MergeInput> inputs;
    for (const HistoryChunk& chunk : chunks) {
        inputs.push_back({chunk.body, chunk.origin_ms, nullptr});
    }
    const auto raw = merge_chunks(inputs, 0);
    REQUIRE(raw.ok());
    CHECK(read_all_runs(raw->front().chunk).front().cells.size() == 60);
    const auto merged = merge_chunks(inputs, 60000);
    REQUIRE(merged.ok());
    const auto runs = read_all_runs(merged->front().chunk);
    REQUIRE(runs.size() == 1);
    std::uint64_t samples = 0;
    ExactSum sum;
    for (const HistoryCell& cell : runs.front().cells) {
        CHECK(cell.at_ms % 60000 == 0);
        samples += cell.samples;
        sum.add(cell.sum);
    }
    CHECK(samples == 60);
    CHECK(sum.value() == 6.0);
}

TEST_CASE("history_stash: it is itself again, or damaged", "[store]") {
    HistoryStash stash;
    stash.context = "3:1:ff";
    stash.through = 77;
    stash.run = 0xFFFF'FFFF'FFFF'FFFFU;
    stash.last_number = 4;
    stash.definitions = {"a", std::string(200, 'b')};
    StashedSlice slice{4, 10, 2, -5, {}};
    slice.chunks.push_back({true, false, {kOrigin, 1, 2, 3, 4, "body"}});
    stash.slices.push_back(slice);
    const std::string bytes = encode_stash(stash);
    const auto again = decode_stash(bytes);
    REQUIRE(again.ok());
    CHECK(again->through == 77);
    CHECK(again->definitions == stash.definitions);
    CHECK(again->slices.front().offset_ms == -5);
    CHECK(again->slices.front().chunks.front().chunk.body == "body");
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string damaged = bytes;
        damaged[i] = static_cast<char>(damaged[i] ^ 1);
        INFO("byte " << i);
        CHECK_FALSE(decode_stash(damaged).ok());
        CHECK_FALSE(decode_stash(std::string_view(bytes).substr(0, i)).ok());
    }
}

}  // namespace
}  // namespace cxedge::store
