// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <ctime>

namespace cxedge::test {

// Central Europe in POSIX's words, so that no zone files are needed.
inline constexpr const char* kCentralEurope = "CET-1CEST,M3.5.0,M10.5.0/3";

// The time zone of the box, for as long as this lives. Tests have one thread here.
struct TimeZone {
    explicit TimeZone(const char* name) {
        ::setenv("TZ", name, 1);  // NOLINT(concurrency-mt-unsafe)
        ::tzset();
    }
    TimeZone(const TimeZone&) = delete;
    TimeZone& operator=(const TimeZone&) = delete;
    ~TimeZone() {
        ::unsetenv("TZ");  // NOLINT(concurrency-mt-unsafe)
        ::tzset();
    }
};

}  // namespace cxedge::test
