// SPDX-License-Identifier: Apache-2.0
#include "agent/model/event.hpp"

#include "tests/support/catch.hpp"

namespace cxedge {
namespace {

TEST_CASE("event: severities and states have names", "[model]") {
    CHECK(to_string(Severity::info) == "info");
    CHECK(to_string(Severity::warning) == "warning");
    CHECK(to_string(Severity::minor) == "minor");
    CHECK(to_string(Severity::major) == "major");
    CHECK(to_string(Severity::critical) == "critical");
    CHECK(to_string(EventState::raise) == "raise");
    CHECK(to_string(EventState::update) == "update");
    CHECK(to_string(EventState::clear) == "clear");
    CHECK(to_string(EventState::ack) == "ack");
}

TEST_CASE("sample time: boot and device times do not mix", "[model]") {
    CHECK(at_boot(BootTime(5)) == SampleTime{SampleTime::Base::boot, 5});
    CHECK(at_wall(from_unix_ms(5)) == SampleTime{SampleTime::Base::wall, 5});
    CHECK(at_boot(BootTime(5)) != at_wall(from_unix_ms(5)));
    CHECK(at_boot(BootTime(5)) < at_boot(BootTime(6)));
}

}  // namespace
}  // namespace cxedge
