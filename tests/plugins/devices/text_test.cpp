// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/text.hpp"

#include "plugins/_devices/device_time.hpp"
#include "plugins/_devices/privacy.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::devices {
namespace {

std::int64_t ms_of(std::string_view text) {
    const auto time = parse_time(text);
    REQUIRE(time);
    return time->ms;
}

TEST_CASE("devices: times as devices write them", "[devices]") {
    CHECK(ms_of("2026-11-22T09:14:00Z") == 1795338840000);
    CHECK(ms_of("2026-11-22T10:14:00+01:00") == 1795338840000);
    CHECK(ms_of("2026-11-22T10:14:00.250+0100") == 1795338840250);
    CHECK(ms_of("1795338840") == 1795338840000);
    CHECK(ms_of("1795338840123") == 1795338840123);
    CHECK_FALSE(parse_time("2026-11-22T09:14:00Z")->local);
    for (const char* local : {"2026-11-22T09:14:00", "2026-11-22 09:14:00", "20261122091400"}) {
        INFO(local);
        CHECK(ms_of(local) == 1795338840000);
        CHECK(parse_time(local)->local);
    }
    CHECK(ms_of("2026-11-22") == 1795305600000);
}

TEST_CASE("devices: what is no time is none", "[devices]") {
    for (const char* text :
         {"",
          "now",
          "2026-13-01T00:00:00Z",
          "2026-02-30",
          "2026-11-22T25:00:00Z",
          "2026-11-22T09:14:00.Z",
          "1969-12-31T23:59:59Z",
          "-5",
          "1e400",
          "99999999999999999999",
          "2026-11-22T09:14:00+1"}) {
        INFO(text);
        CHECK_FALSE(parse_time(text));
    }
}

TEST_CASE("devices: numbers and flags as devices write them", "[devices]") {
    CHECK(parse_number(" 3.5 ") == 3.5);
    CHECK(parse_number("+7") == 7.0);
    CHECK(parse_number("-0.5") == -0.5);
    for (const char* text : {"", "nan", "inf", "0x10", "3,5", "1 2", "12a", "--1"}) {
        INFO(text);
        CHECK_FALSE(parse_number(text));
    }
    CHECK(parse_flag("ON") == true);
    CHECK(parse_flag("closed") == false);
    CHECK_FALSE(parse_flag("maybe"));
    CHECK(key_of("a") != key_of("b"));
}

TEST_CASE("devices: fields about persons are recognised", "[devices]") {
    CHECK(personal_kind("customerName") != "");
    CHECK(personal_kind("plate_no") == "plate");
    CHECK(personal_kind("FaceList") == "face");
    CHECK(personal_kind("ageGroup") == "age");
    CHECK(personal_kind("gender") == "gender");
    CHECK(personal_kind("macAddress") == "mac");
    CHECK(personal_kind("MAC") == "mac");
    CHECK(personal_kind("first_name") == "name");
    CHECK(personal_kind("firstName") == "name");
    CHECK(personal_kind("email") == "identity");
    CHECK(personal_kind("backgroundImage") == "picture");
}

TEST_CASE("devices: fields that only look personal are not", "[devices]") {
    for (const char* name :
         {"average",
          "package",
          "surface",
          "deviceName",
          "sensor-name",
          "name",
          "ipAddress",
          "imageWidth",
          "storage",
          "voltage",
          "message",
          "person_count",
          "personQueueCounting",
          "customer_count",
          "usage",
          "channelName",
          "interface",
          "essex",
          "stage",
          "friendly_name"}) {
        INFO(name);
        CHECK(personal_kind(name) == "");
    }
}

TEST_CASE("devices: an address within a name is masked, too", "[devices]") {
    for (const char* name :
         {"Counter 00:6E:02:AA:BB:CC",
          "cam_00-6e-02-aa-bb-cc!",
          "006e.02aa.bbcc",
          "x 0x00158d0001a2b3c4"}) {
        const std::string masked = without_addresses(name);
        INFO(masked);
        CHECK(masked.find("6e") == std::string::npos);
        CHECK(masked.find("6E") == std::string::npos);
        CHECK(masked.find("158d") == std::string::npos);
    }
    CHECK(without_addresses("Line 1 12:30-14:00 3.5.0") == "Line 1 12:30-14:00 3.5.0");
}

TEST_CASE("devices: hardware addresses are masked, always the same way", "[devices]") {
    CHECK(is_hardware_address("00:6e:02:aa:bb:cc"));
    CHECK(is_hardware_address("00-6E-02-AA-BB-CC"));
    CHECK(is_hardware_address("006E02AABBCC"));
    CHECK_FALSE(is_hardware_address("202611220914"));
    CHECK_FALSE(is_hardware_address("front_door"));
    CHECK(masked_address("00:6e:02:aa:bb:cc") == masked_address("006E02AABBCC"));
    CHECK(masked_address("00:6e:02:aa:bb:cc").starts_with("dev-"));
}

}  // namespace
}  // namespace cxedge::devices
