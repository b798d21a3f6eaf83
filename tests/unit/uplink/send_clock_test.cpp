// SPDX-License-Identifier: Apache-2.0
// Times of batches as they are known when they are sent.
#include "agent/uplink/send_clock.hpp"

#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/unit/uplink/uplink_rig.hpp"

namespace cxedge::uplink {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::UplinkRig;

namespace {

constexpr std::int64_t kNow = 1'800'000'000'000;

// Another boot of the machine: CLOCK_BOOTTIME begins again, the spool is opened with another boot
// id.
void reboot(UplinkRig& rig, const std::string& boot_id, WallTime wall) {
    rig.uplink.reset();
    rig.spool.reset();
    const std::string file = rig.directory.file("boot_id");
    std::ofstream(file) << boot_id << "\n";
    store::SpoolOptions options;
    options.directory = rig.directory.file("spool");
    options.boot_id_file = file;
    auto opened = store::Spool::open(options, rig.clock);
    REQUIRE(opened.ok());
    rig.spool = std::move(opened.value());
    rig.clock.set_wall(wall);
    rig.reopen_uplink(test::rig_options());
}

}  // namespace

TEST_CASE("send_clock: a clock that cannot be right holds data, not the state", "[uplink]") {
    UplinkRig rig;
    rig.clock.set_wall(from_unix_ms(60'000));  // 1970
    rig.clock_state = {2, 0, 0};
    rig.append(Stream::kpi);
    rig.pass(minutes(60), seconds(1));
    CHECK(rig.broker.to("/up/").empty());
    CHECK(rig.broker.to("/state").size() == 1);
    CHECK(rig.broker.to("/dict").size() == 1);
    CHECK(test::mentions(rig.uplink->status().holding, "waiting for the clock: it shows 1970-01-01")
    );

    SECTION("until NTP sets it: then the hour gets its right times") {
        rig.clock.set_wall(from_unix_ms(kNow));
        rig.clock_state = {4, 0, 0};
        rig.pass(seconds(2), milliseconds(500));
        CHECK(rig.uplink->status().holding.empty());
        const auto packets = rig.broker.to("/up/back/kpi");
        REQUIRE(packets.size() == 1);
        const auto header = test::parse(packets[0]).header;
        CHECK(from_unix_ms(kNow) - header.t0 > minutes(59));
        CHECK(from_unix_ms(kNow) - header.t0 < minutes(61));
        CHECK(header.clock.quality == 4);
        CHECK_FALSE(header.estimated);
    }
    SECTION("or for a day: then it says that it guesses") {
        rig.pass(hours(24), seconds(30));
        const auto packets = rig.broker.to("/up/back/kpi");
        REQUIRE(packets.size() == 1);
        CHECK(test::parse(packets[0]).header.clock.quality == 0);
        CHECK(test::parse(packets[0]).header.estimated);
        CHECK(rig.held() == 0);
    }
}

TEST_CASE("send_clock: a clock that shows less than it did before holds data", "[uplink]") {
    UplinkRig rig;
    rig.clock.set_wall(from_unix_ms(kNow));
    rig.turn(3);
    reboot(rig, "second", from_unix_ms(kNow - 86'400'000LL * 30));
    rig.clock_state = {2, 0, 0};
    rig.append(Stream::kpi);
    rig.turn(5);
    CHECK(rig.broker.to("/up/").empty());
    CHECK_FALSE(rig.uplink->status().holding.empty());
    rig.clock.set_wall(from_unix_ms(kNow + 60'000));
    rig.turn(15);
    CHECK(rig.broker.to("/up/").size() == 1);
}

TEST_CASE("send_clock: a synchronised clock is believed, whatever was noted before", "[uplink]") {
    UplinkRig rig;
    rig.clock.set_wall(from_unix_ms(kNow));
    rig.turn(3);
    reboot(rig, "second", from_unix_ms(kNow - 86'400'000LL * 30));
    rig.clock_state = {3, 0, 0};
    rig.append(Stream::kpi);
    rig.turn(5);
    CHECK(rig.broker.to("/up/").size() == 1);
}

TEST_CASE("send_clock: times of an earlier boot are exact when its clock was set", "[uplink]") {
    UplinkRig rig;
    rig.clock.set_wall(from_unix_ms(120'000));
    rig.clock_state = {2, 0, 0};
    rig.append(Stream::kpi);
    rig.clock.advance(minutes(10));
    SECTION("after the batch was sealed, in the same boot") {
        rig.clock.set_wall(from_unix_ms(kNow));
        rig.clock_state = {4, 0, 0};
        rig.broker.refused_connects = 1'000'000;
        rig.turn(15);
        rig.broker.refused_connects = 0;
        reboot(rig, "second", from_unix_ms(kNow + 3'600'000));
        rig.turn(8);
        const auto packets = rig.broker.to("/up/");
        REQUIRE(packets.size() == 1);
        const auto header = test::parse(packets[0]).header;
        CHECK(unix_ms(header.t0) == kNow - 600'000);
        CHECK(header.clock.quality == 4);
        CHECK_FALSE(header.estimated);
    }
    SECTION("and an estimate when it never was") {
        rig.turn(15);
        REQUIRE(rig.broker.to("/up/").empty());
        reboot(rig, "second", from_unix_ms(kNow));
        rig.clock_state = {4, 0, 0};
        rig.turn(8);
        const auto packets = rig.broker.to("/up/");
        REQUIRE(packets.size() == 1);
        const auto header = test::parse(packets[0]).header;
        CHECK(unix_ms(header.t0) == 120'000);
        CHECK(header.clock.quality == 0);
        CHECK(header.estimated);
        CHECK(header.t0_earliest == WallTime());
        // The second boot began when its clock was 0.
        CHECK(header.t0_latest < from_unix_ms(kNow));
        CHECK(header.t0_latest > from_unix_ms(kNow - 3'600'000));
    }
}

TEST_CASE("send_clock: a boot without a clock lies between its neighbours", "[uplink]") {
    UplinkRig rig;
    rig.clock.set_wall(from_unix_ms(kNow));
    rig.clock_state = {4, 0, 0};
    rig.turn(15);  // noted
    rig.broker.refused_connects = 1'000'000;
    reboot(rig, "second", from_unix_ms(120'000));
    rig.clock_state = {2, 0, 0};
    const BootTime sealed = rig.clock.boot_now();
    rig.append(Stream::kpi);
    rig.append(Stream::kpi);
    rig.clock.advance(minutes(10));
    rig.turn(15);
    REQUIRE(rig.broker.to("/up/").empty());
    rig.broker.refused_connects = 0;
    const std::int64_t day_after = kNow + 86'400'000;
    reboot(rig, "third", from_unix_ms(day_after));
    rig.clock_state = {4, 0, 0};
    rig.turn(15);
    const auto packets = rig.broker.to("/up/");
    REQUIRE(packets.size() == 2);
    const auto header = test::parse(packets[0]).header;
    CHECK(header.estimated);
    CHECK(header.t0 >= from_unix_ms(kNow) + sealed);  // 1970 is out of the question
    CHECK(header.t0 == header.t0_earliest);
    CHECK(header.t0_latest > header.t0);
    CHECK(header.t0_latest <= from_unix_ms(day_after));
}

}  // namespace cxedge::uplink
