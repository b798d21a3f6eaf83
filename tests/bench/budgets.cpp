// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/budgets.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <stdexcept>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"
#include "agent/config/load.hpp"

namespace cxedge::bench {
namespace {

Schema<CoreBudget> core_schema() {
    Schema<CoreBudget> s;
    s.number("rss_idle_mib", &CoreBudget::rss_idle_mib, "").required();
    s.number("rss_busy_mib", &CoreBudget::rss_busy_mib, "").required();
    s.number("idle_cpu_percent", &CoreBudget::idle_cpu_percent, "").required();
    s.number("idle_wakeups_per_s", &CoreBudget::idle_wakeups_per_s, "").required();
    s.number("first_sample_s", &CoreBudget::first_sample_s, "").required();
    s.number("binary_mib", &CoreBudget::binary_mib, "").required();
    return s;
}

Schema<ProfileBudget> profile_schema() {
    Schema<ProfileBudget> s;
    s.text("name", &ProfileBudget::name, "").required();
    s.number("kpi_per_day", &ProfileBudget::kpi_per_day, "").required();
    s.number("statsd_per_s", &ProfileBudget::statsd_per_s, "").required();
    s.number("rss_mib", &ProfileBudget::rss_mib, "").required();
    s.number("cpu_percent", &ProfileBudget::cpu_percent, "").required();
    s.number("flash_mb_per_day", &ProfileBudget::flash_mb_per_day, "").required();
    return s;
}

Schema<Budgets> schema() {
    Schema<Calibration> calibration;
    calibration.number("loop_ms", &Calibration::loop_ms, "").required();
    Schema<Budgets> s;
    s.table("core", &Budgets::core, core_schema(), "");
    s.table("calibration", &Budgets::calibration, calibration, "");
    s.tables("profile", &Budgets::profiles, profile_schema(), "");
    return s;
}

double thread_cpu_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// What an agent at rest does most: wakes up, looks at the clock, reads, formats a number, writes.
// The kernel's and the library's code, so that a debug build of ours is hardly slower. The result
// keeps the compiler from leaving it out.
std::int64_t wake_up(int event) {
    std::uint64_t count = 1;
    pollfd ready{event, POLLIN, 0};
    std::int64_t done = ::write(event, &count, sizeof count);
    done += ::poll(&ready, 1, 0);
    done += ::read(event, &count, sizeof count);
    std::array<char, 32> text{};
    return done + std::snprintf(text.data(), text.size(), "%.6f", thread_cpu_ms());
}

double loop_ms() {
    constexpr int kRounds = 10000;
    const UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    const double begin = thread_cpu_ms();
    std::int64_t sum = 0;
    for (int i = 0; i < kRounds; ++i) {
        sum += wake_up(event.get());
    }
    // Never 0, which the compiler cannot know.
    return sum == 0 ? 0 : thread_cpu_ms() - begin;
}

}  // namespace

Budgets read_budgets() {
    SettingsProblems problems;
    const auto tree =
        config::read_toml(std::string(PROFILES) + "/budgets/budgets.toml", "budgets", problems);
    if (!tree) {
        throw std::runtime_error(tree.error().message);
    }
    Budgets budgets = schema().read(*tree, problems);
    if (!problems.empty()) {
        throw std::runtime_error(problems.error().message);
    }
    return budgets;
}

double slowness(const Calibration& calibration) {
    std::vector<double> times;
    for (int i = 0; i < 5; ++i) {
        times.push_back(loop_ms());
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2] / calibration.loop_ms;
}

}  // namespace cxedge::bench
