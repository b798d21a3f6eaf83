// SPDX-License-Identifier: Apache-2.0
// A history in a directory of its own, and how tests give and read.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "agent/store/history.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

// 32 bits, whatever the standard library calls them.
class Die {
public:
    explicit Die(std::uint32_t seed) : random_(seed) {}
    std::uint32_t operator()() { return static_cast<std::uint32_t>(random_()); }

private:
    std::mt19937 random_;
};

inline constexpr std::uint32_t kSynchronised = 3;
inline constexpr std::uint32_t kUnset = 0;

class HistoryBench {
public:
    HistoryBench() {
        options.directory = dir_.file("state");
        options.stash_file = dir_.file("stash");
        options.context = "boot 1";
        options.boot = 1;
        std::filesystem::create_directory(options.directory);
    }
    store::History& open() {
        history.reset();
        history = std::make_unique<store::History>(options, clock);
        return *history;
    }
    void give(std::uint32_t series, double value) const {
        history->add(series, {false, clock.boot_now().count()}, value);
    }
    void commit(std::uint32_t quality = kSynchronised) {
        history->seal(++through);
        const Status done = history->commit(quality);
        INFO((done ? std::string() : done.error().message));
        REQUIRE(done.ok());
    }
    // Time passes second by second as far as the history's own work goes.
    void age(std::chrono::milliseconds by) {
        clock.advance(by);
        for (int i = 0; i < 3000; ++i) {
            const auto before = history->status();
            clock.advance(std::chrono::seconds(1));
            history->work(kSynchronised);
            REQUIRE(history->status().problem.empty());
        }
    }
    std::vector<store::HistoryCell> read(
        const std::string& definition, std::chrono::milliseconds step = std::chrono::milliseconds(0)
    ) {
        return read(
            {0, -store::kHistoryTimeLimit / 2, store::kHistoryTimeLimit / 2}, definition, step
        );
    }
    struct Range {
        int unused = 0;
        std::int64_t from_ms = 0;
        std::int64_t to_ms = 0;
    };
    std::vector<store::HistoryCell> read(
        const Range& range,
        const std::string& definition,
        std::chrono::milliseconds step = std::chrono::milliseconds(0)
    ) {
        store::HistoryRead query;
        REQUIRE(history->each_series([&](std::uint32_t id, std::string_view text) {
            if (text == definition) {
                query.series.push_back(id);
            }
        }));
        query.from_ms = range.from_ms;
        query.to_ms = range.to_ms;
        query.step_ms = step.count();
        std::vector<store::HistoryCell> cells;
        REQUIRE(history->read(query, [&](std::uint32_t, const store::HistoryCell& cell) {
            cells.push_back(cell);
        }));
        return cells;
    }
    [[nodiscard]] std::string file(const std::string& name) const {
        return options.directory + "/" + name;
    }
    [[nodiscard]] std::int64_t now_ms() const { return unix_ms(clock.wall_now()); }

    ManualClock clock;
    store::HistoryOptions options;
    std::unique_ptr<store::History> history;
    std::uint64_t through = 0;

private:
    TempDir dir_;
};

inline std::uint64_t samples_in(const std::vector<store::HistoryCell>& cells) {
    std::uint64_t samples = 0;
    for (const store::HistoryCell& cell : cells) {
        samples += cell.samples;
    }
    return samples;
}

}  // namespace cxedge::test
