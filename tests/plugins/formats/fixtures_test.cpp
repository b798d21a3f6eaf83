// SPDX-License-Identifier: Apache-2.0
// What real devices sent. The files stay outside of the repository.
#include "tests/plugins/formats/format_case.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::devices::test {
namespace {

using Lines = std::vector<std::string>;

TEST_CASE("formats: fixtures of Xovis", "[formats]") {
    if (const auto body = fixture("xovis_v5_logics.json")) {
        CHECK(
            lines_of(parsed("xovis", *body)) ==
            Lines{
                "store.occupancy{zone=Zone 0} gauge 0 @1645792920000",
                "store.occupancy{zone=Zone 0} gauge 0 @1645792980000",
                "store.footfall.in{door=Line 0} delta 1 @1645792920000 from 1645792860000",
                "store.footfall.out{door=Line 0} delta 0 @1645792920000 from 1645792860000",
                "store.footfall.in{door=Line 0} delta 3 @1645792980000 from 1645792920000",
                "store.footfall.out{door=Line 0} delta 1 @1645792980000 from 1645792920000"}
        );
    }
    if (const auto body = fixture("xovis_v5_live.json")) {
        const Report report = parsed("xovis", *body);
        CHECK(lines_of(report) == Lines{"store.footfall.out{door=Line 0} delta 1 @1645780665470"});
        CHECK_FALSE(report.readings[0].id.empty());
    }
    if (const auto body = fixture("xovis_v4_line.json")) {
        const Report report = parsed("xovis", *body);
        CHECK(
            lines_of(report) ==
            Lines{
                "store.footfall.in{door=Line 0} delta 1 @1632385260000 from 1632385200000 of "
                "80:1F:12:D5:30:DC",
                "store.footfall.out{door=Line 0} delta 0 @1632385260000 from 1632385200000 of "
                "80:1F:12:D5:30:DC"}
        );
        CHECK(report.devices[0].model == "PC2S - UL");
        CHECK(alarms_of(report) == Lines{"-device.alarm.device of 80:1F:12:D5:30:DC"});
    }
}

TEST_CASE("formats: fixtures of Axis", "[formats]") {
    if (const auto body = fixture("axis_tvpc_live_sum.json")) {
        const Report report = parsed("axis", *body);
        CHECK(
            lines_of(report) ==
            Lines{
                "store.footfall.in{door=Exit south} counter 12 @1493810876000L of 00408CAC512B",
                "store.footfall.out{door=Exit south} counter 318 @1493810876000L of "
                "00408CAC512B"}
        );
        CHECK(report.readings[0].info.resets_at == std::chrono::minutes(0));
    }
    if (const auto body = fixture("axis_acap_direction.json")) {
        CHECK(
            lines_of(parsed("axis", *body)) ==
            Lines{"store.footfall.in{door=Some Name} delta 1 @1586793127914 of ACCCxxxxx"}
        );
    }
}

TEST_CASE("formats: fixtures of Hikvision", "[formats]") {
    if (const auto body = fixture("hikvision_counting_search_response.xml")) {
        CHECK(
            lines_of(parsed("hikvision", *body)) ==
            Lines{
                "store.footfall.in delta 0 @1485738000000L from 1485734400000L",
                "store.footfall.out delta 0 @1485738000000L from 1485734400000L",
                "store.footfall.in delta 0 @1485741600000L from 1485738000000L",
                "store.footfall.out delta 0 @1485741600000L from 1485738000000L"}
        );
    }
    if (const auto body = fixture("hikvision_alertstream_part_empty_elements.txt")) {
        const Report report = parsed("hikvision", *body);
        CHECK(
            bad_of(report) ==
            Lines{
                "/EventNotificationAlert/channelID is empty",
                "/EventNotificationAlert/dynChannelID is empty",
                "/EventNotificationAlert/activePostCount is empty"}
        );
        CHECK(alarms_of(report) == Lines{"-device.alarm.video_loss of 192.168.20.88"});
        CHECK(report.devices[0].up == true);
    }
    if (const auto body = fixture("hikvision_person_queue_counting.json")) {
        const Report report = parsed("hikvision", *body);
        CHECK(
            lines_of(report) ==
            Lines{"store.queue.length{queue=region 1} gauge 9 @1483200000000 of 192.168.0.64"}
        );
        CHECK(report.private_fields.at("mac") == 1);
    }
    if (const auto body = fixture("hikvision_person_queue_time.xml")) {
        CHECK(
            lines_of(parsed("hikvision", *body)) ==
            Lines{"store.queue.wait{queue=region 1} histogram 600 @1483200000000 of 192.168.0.64"}
        );
    }
}

TEST_CASE("formats: fixtures of webhooks", "[formats]") {
    if (const auto body = fixture("huawei_vias_line_count.json")) {
        CHECK(
            lines_of(parsed("vias", *body)) ==
            Lines{
                "store.footfall.in{door=line 0} delta 1 @1535546730000 from 1535546728000 of test",
                "store.footfall.out{door=line 0} delta 0 @1535546730000 from 1535546728000 of "
                "test"}
        );
    }
    if (const auto body = fixture("imbuildings_counts.json")) {
        CHECK(
            lines_of(parsed("imbuildings", *body)) ==
            Lines{"store.footfall.in counter 459", "store.footfall.out counter 453"}
        );
    }
}

TEST_CASE("formats: every line of the Milesight fixture is read", "[formats]") {
    const auto text = fixture("milesight_vs350.txt");
    if (!text) {
        return;
    }
    std::size_t read = 0;
    for (std::size_t at = text->find('\n'); at + 1 < text->size(); at = text->find('\n', at + 1)) {
        std::string line = text->substr(at + 1, text->find('\n', at + 1) - at - 1);
        line = line.substr(0, line.find("   "));
        INFO(line);
        const Report report = parsed("milesight", line);
        CHECK(report.bad_elements.empty());
        CHECK_FALSE((report.readings.empty() && !report.devices[0].battery));
        ++read;
    }
    CHECK(read == 5);
}

}  // namespace
}  // namespace cxedge::devices::test
