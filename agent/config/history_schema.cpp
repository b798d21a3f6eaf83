// SPDX-License-Identifier: Apache-2.0
#include "agent/config/history_schema.hpp"

namespace cxedge::config {

Schema<HistoryConfig> history_schema() {
    Schema<HistoryConfig> s;
    s.boolean(
        "enabled",
        &HistoryConfig::enabled,
        "Keep samples and events on this box, delivered or not, for `cxctl query`"
    );
    s.integer(
         "quota_mib",
         &HistoryConfig::quota_mib,
         "Disk for the history, in MiB; at its end the oldest becomes coarser sooner, then goes; "
         "1 to 65536"
    )
        .range(1, 65536);
    s.duration(
         "commit_s",
         &HistoryConfig::commit,
         "How often the history is written to disk: what a power cut can take of it; 10 to 86400"
    )
        .range(10, 86400);
    s.integer(
         "raw_days",
         &HistoryConfig::raw_days,
         "Samples are kept as they were for so long, then as minutes; 1 to 3650"
    )
        .range(1, 3650);
    s.integer(
         "minute_days",
         &HistoryConfig::minute_days,
         "Minutes are kept until they are this old, then quarters of an hour; 1 to 3650"
    )
        .range(1, 3650);
    s.integer(
         "quarter_hour_days",
         &HistoryConfig::quarter_hour_days,
         "Quarters of an hour are kept until they are this old, then hours; 1 to 3650"
    )
        .range(1, 3650);
    s.integer(
         "keep_days",
         &HistoryConfig::keep_days,
         "Hours and events are kept until they are this old; 1 to 3650"
    )
        .range(1, 3650);
    s.integer(
         "raw_per_minute",
         &HistoryConfig::raw_per_minute,
         "A series with more samples than this in a minute is kept as one value for it; 1 to 6000"
    )
        .range(1, 6000);
    return s;
}

}  // namespace cxedge::config
