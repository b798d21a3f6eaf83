// SPDX-License-Identifier: Apache-2.0
// firmware-config/budgets/budgets.toml.
#pragma once

#include <string>
#include <vector>

namespace cxedge::bench {

struct CoreBudget {
    double rss_idle_mib = 0;
    double rss_busy_mib = 0;
    double idle_cpu_percent = 0;
    double idle_wakeups_per_s = 0;
    double first_sample_s = 0;
    double binary_mib = 0;
};

struct Calibration {
    double loop_ms = 0;
};

struct ProfileBudget {
    std::string name;
    double kpi_per_day = 0;
    double statsd_per_s = 0;
    double rss_mib = 0;
    double cpu_percent = 0;
    double flash_mb_per_day = 0;
};

struct Budgets {
    CoreBudget core;
    Calibration calibration;
    std::vector<ProfileBudget> profiles;
};
// Throws what is wrong with the file.
Budgets read_budgets();

// How much slower than where the budgets were measured this machine, now, runs a loop of what an
// agent at rest does most. CPU time, so that a busy machine changes little.
double slowness(const Calibration& calibration);

}  // namespace cxedge::bench
