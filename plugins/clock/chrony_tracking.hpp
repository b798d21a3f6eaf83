// SPDX-License-Identifier: Apache-2.0
// What `chronyc -c tracking` prints (chronyc(1)). Pure. Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cxedge::plugins {

struct ChronyTracking {
    std::string reference;     // name or address of the source; empty: none
    int stratum = 0;           // 1: has a reference clock itself; 0: not synchronised
    double offset_s = 0;       // the clock minus true time: above 0 it is ahead
    double frequency_ppm = 0;  // by which the clock would be fast if nobody corrected it
    double root_delay_s = 0;
    double root_dispersion_s = 0;
    bool synchronised = false;

    // The clock is not further off than that (chronyc(1), tracking, root dispersion).
    [[nodiscard]] double bound_s() const;
};

// Nothing: it is no such line, or a number of it is out of all reason.
std::optional<ChronyTracking> parse_chrony_tracking(std::string_view output);

}  // namespace cxedge::plugins
