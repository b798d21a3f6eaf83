// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <ctime>

namespace cxedge::test {

// The box is in that time zone (as in TZ) for as long as this lives.
class TimeZone {
public:
    explicit TimeZone(const char* zone) {
        ::setenv("TZ", zone, 1);  // NOLINT(concurrency-mt-unsafe): tests have one thread
        ::tzset();
    }
    TimeZone(const TimeZone&) = delete;
    TimeZone& operator=(const TimeZone&) = delete;
    ~TimeZone() {
        ::unsetenv("TZ");  // NOLINT(concurrency-mt-unsafe): likewise
        ::tzset();
    }
};

}  // namespace cxedge::test
