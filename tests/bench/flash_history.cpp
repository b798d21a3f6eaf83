// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/flash_history.hpp"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "agent/store/history.hpp"

#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::bench {
namespace {

using std::chrono::seconds;

constexpr std::uint32_t kSynchronised = 3;
constexpr double kMinutesADay = 1440;

// Of this process: bytes handed to write(2), and pages dirtied on disks.
struct Written {
    double handed = 0;
    double dirtied = 0;
};
Written written() {
    Written now;
    std::ifstream io("/proc/self/io");
    for (std::string key; io >> key;) {
        double value = 0;
        io >> value;
        now.handed = key == "wchar:" ? value : now.handed;
        now.dirtied = key == "write_bytes:" ? value : now.dirtied;
    }
    return now;
}

struct HistoryPlan {
    int series = 50;
    int days = 35;
};

class HistoryDays {
public:
    explicit HistoryDays(HistoryPlan plan) : plan_(plan), history_(options(), clock_) {
        for (int i = 0; i < plan_.series; ++i) {
            ids_.push_back(history_.define("metric " + std::to_string(i)));
        }
    }

    void run() {
        const Written before = written();
        for (int minute = 0; minute < plan_.days * static_cast<int>(kMinutesADay); ++minute) {
            pass_minute();
        }
        const Written after = written();
        const double samples = plan_.days * kMinutesADay * plan_.series;
        const auto begun = std::chrono::steady_clock::now();
        const std::size_t values = read_all();
        const std::chrono::duration<double, std::milli> took =
            std::chrono::steady_clock::now() - begun;
        fmt::print(
            "{:>8}  {:>5} {:>15.2f} {:>15.2f} {:>13.2f} {:>15.1f} {:>12} {:>10.1f}\n",
            plan_.series,
            plan_.days,
            (after.handed - before.handed) / plan_.days / 1e6,
            (after.dirtied - before.dirtied) / plan_.days / 1e6,
            (after.handed - before.handed) / samples,
            static_cast<double>(history_.status().used_bytes) / 1e6,
            values,
            took.count()
        );
        std::fflush(stdout);
    }

private:
    store::HistoryOptions options() {
        store::HistoryOptions made;
        made.directory = dir_.path().string();
        made.boot = 1;
        return made;
    }
    void pass_minute() {
        for (std::size_t i = 0; i < ids_.size(); ++i) {
            level_.resize(ids_.size(), 20);
            level_[i] += std::round(step_(random_) * 10) / 10;
            history_.add(
                ids_[i], {false, clock_.boot_now().count()}, std::round(level_[i] * 10) / 10
            );
        }
        for (int second = 0; second < 60; second += 2) {
            clock_.advance(seconds(2));
            history_.work(kSynchronised);
            if (history_.wants_seal()) {
                history_.seal(0);
            }
        }
        if (!history_.status().problem.empty()) {
            throw std::runtime_error(history_.status().problem);
        }
    }
    // One series, all that is kept of it.
    std::size_t read_all() {
        store::HistoryRead query;
        query.series = {0};
        query.to_ms = store::kHistoryTimeLimit / 2;
        std::size_t values = 0;
        const Status read =
            history_.read(query, [&values](std::uint32_t, const store::HistoryCell&) { ++values; });
        return read ? values : throw std::runtime_error(read.error().message);
    }

    HistoryPlan plan_;
    test::TempDir dir_;
    test::ManualClock clock_;
    store::History history_;
    std::vector<std::uint32_t> ids_;
    std::vector<double> level_;
    std::mt19937 random_{1};
    std::normal_distribution<double> step_{0, 0.3};
};

}  // namespace

void print_history_cost() {
    fmt::print(
        "\nhistory: one sample a minute and series, a commit every 10 min; MB a day to write(2) "
        "and "
        "dirtied\n{:>8}  {:>5} {:>15} {:>15} {:>13} {:>15} {:>12} {:>10}\n",
        "series",
        "days",
        "write MB/day",
        "dirty MB/day",
        "bytes/sample",
        "kept MB (live)",
        "a query: n",
        "ms"
    );
    for (const HistoryPlan plan :
         {HistoryPlan{20, 35}, HistoryPlan{100, 35}, HistoryPlan{500, 10}}) {
        HistoryDays(plan).run();
    }
}

}  // namespace cxedge::bench
