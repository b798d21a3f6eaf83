// SPDX-License-Identifier: Apache-2.0
#include "agent/app/trial_limits.hpp"

#include <algorithm>

namespace cxedge::app {
namespace {

template <class T>
bool widen(T& limit, const T& good) {
    const bool is_narrower = limit < good;
    limit = std::max(limit, good);
    return is_narrower;
}

// 0 is no limit.
bool widen_age(std::chrono::milliseconds& age, std::chrono::milliseconds good) {
    const bool is_narrower = age.count() != 0 && (good.count() == 0 || age < good);
    if (is_narrower) {
        age = good;
    }
    return is_narrower;
}

bool widen_spool(config::SpoolConfig& spool, const config::SpoolConfig& good) {
    bool widened = widen(spool.max_mib, good.max_mib);
    widened |= widen_age(spool.max_age_events, good.max_age_events);
    widened |= widen_age(spool.max_age_live, good.max_age_live);
    widened |= widen_age(spool.max_age_bulk, good.max_age_bulk);
    if (spool.drop_when_full && !good.drop_when_full) {
        spool.drop_when_full = false;
        widened = true;
    }
    return widened;
}

bool widen_history(config::HistoryConfig& history, const config::HistoryConfig& good) {
    if (!history.enabled || !good.enabled) {
        return false;  // a history that is off deletes nothing; one that was off has nothing
    }
    bool widened = false;
    for (std::int64_t config::HistoryConfig::*limit :
         {&config::HistoryConfig::quota_mib,
          &config::HistoryConfig::raw_days,
          &config::HistoryConfig::minute_days,
          &config::HistoryConfig::quarter_hour_days,
          &config::HistoryConfig::keep_days}) {
        widened |= widen(history.*limit, good.*limit);
    }
    return widened;
}

}  // namespace

bool keep_what_good_keeps(config::AgentConfig& on_trial, const config::AgentConfig& good) {
    const bool spool = widen_spool(on_trial.spool, good.spool);
    const bool history = widen_history(on_trial.history, good.history);
    return spool || history;
}

}  // namespace cxedge::app
