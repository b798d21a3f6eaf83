// SPDX-License-Identifier: Apache-2.0
#include "agent/app/trial_limits.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::app {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST_CASE("trial limits: a wider or equal configuration stays as it is", "[app]") {
    const config::AgentConfig good;
    config::AgentConfig on_trial;
    CHECK_FALSE(keep_what_good_keeps(on_trial, good));
    on_trial.spool.max_mib = good.spool.max_mib + 1;
    on_trial.spool.max_age_live = milliseconds(0);  // no limit
    CHECK_FALSE(keep_what_good_keeps(on_trial, good));
    CHECK(on_trial.spool.max_mib == good.spool.max_mib + 1);
    CHECK(on_trial.spool.max_age_live == milliseconds(0));
}

TEST_CASE("trial limits: a queue that would shrink keeps what it has", "[app]") {
    config::AgentConfig good;
    good.spool.max_age_bulk = milliseconds(0);
    config::AgentConfig on_trial;
    on_trial.spool.max_mib = 1;
    on_trial.spool.max_age_events = hours(1);
    on_trial.spool.max_age_bulk = hours(900);
    on_trial.spool.drop_when_full = true;
    CHECK(keep_what_good_keeps(on_trial, good));
    CHECK(on_trial.spool.max_mib == good.spool.max_mib);
    CHECK(on_trial.spool.max_age_events == good.spool.max_age_events);
    CHECK(on_trial.spool.max_age_bulk == milliseconds(0));
    CHECK_FALSE(on_trial.spool.drop_when_full);
}

TEST_CASE("trial limits: a history becomes no coarser, unless there is none", "[app]") {
    config::AgentConfig good;
    good.history.enabled = true;
    config::AgentConfig on_trial;
    on_trial.history.quota_mib = 1;
    CHECK_FALSE(keep_what_good_keeps(on_trial, good));  // off: it deletes nothing
    on_trial.history.enabled = true;
    on_trial.history.keep_days = on_trial.history.quarter_hour_days = 8;
    CHECK(keep_what_good_keeps(on_trial, good));
    CHECK(on_trial.history.quota_mib == good.history.quota_mib);
    CHECK(on_trial.history.quarter_hour_days == good.history.quarter_hour_days);
    CHECK(on_trial.history.keep_days == good.history.keep_days);
}

}  // namespace cxedge::app
