// SPDX-License-Identifier: Apache-2.0
#include "agent/telemetry/health.hpp"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <utility>

#include <time.h>  // NOLINT(modernize-deprecated-headers): POSIX time(2)
#include <unistd.h>

namespace cxedge::telemetry {

void HealthBoard::publish(Health health) {
    const std::lock_guard lock(mutex_);
    health_ = std::move(health);
    health_.commands_accepted = commands_accepted_;
    health_.commands_refused = commands_refused_.count;
    health_.command_refusal = commands_refused_.why;
    health_.configs_refused = configs_refused_.count;
    health_.config_refusal = configs_refused_.why;
}

void HealthBoard::note_commands(std::uint64_t accepted, Refused refused) {
    const std::lock_guard lock(mutex_);
    commands_accepted_ = accepted;
    commands_refused_ = std::move(refused);
}

void HealthBoard::note_configs(Refused refused) {
    const std::lock_guard lock(mutex_);
    configs_refused_ = std::move(refused);
}

Health HealthBoard::latest() const {
    const std::lock_guard lock(mutex_);
    return health_;
}

void WatchdogFeed::tick(Ticker who) {
    ticked_[static_cast<std::size_t>(who)].store(true, std::memory_order_relaxed);
}

bool WatchdogFeed::due() {
    const bool all = std::all_of(ticked_.begin(), ticked_.end(), [](const std::atomic<bool>& tick) {
        return tick.load(std::memory_order_relaxed);
    });
    if (all) {
        for (std::atomic<bool>& tick : ticked_) {
            tick.store(false, std::memory_order_relaxed);
        }
    }
    return all;
}

double resident_mib() {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t total_pages = 0;
    std::uint64_t resident_pages = 0;
    if (!(statm >> total_pages >> resident_pages)) {
        return 0;
    }
    const auto page_bytes = static_cast<double>(::sysconf(_SC_PAGESIZE));
    return static_cast<double>(resident_pages) * page_bytes / (1024.0 * 1024.0);
}

double processor_seconds() {
    timespec used{};
    if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0) {
        return 0;
    }
    constexpr double kNanosecond = 1e-9;
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * kNanosecond;
}

}  // namespace cxedge::telemetry
