// SPDX-License-Identifier: Apache-2.0
#include "tests/plugins/formats/format_case.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::devices::test {
namespace {

using HikLines = std::vector<std::string>;

std::string alert(const std::string& inside) {
    return R"(<EventNotificationAlert version="1.0" xmlns="urn:psialliance-org"><ipAddress>10.0.0.2</ipAddress>)"
           R"(<macAddress>44:47:cc:50:00:c1</macAddress><channelID>1</channelID>)"
           R"(<dateTime>2020-04-19T19:35:00+02:00</dateTime><activePostCount>1</activePostCount>)" +
           inside + "</EventNotificationAlert>";
}

const std::string kCounting =
    "<eventType>PeopleCounting</eventType><eventState>active</eventState>";

TEST_CASE("hikvision: real-time counts are sums, those of a range are increments", "[formats]") {
    const Report range = parsed(
        "hikvision",
        alert(
            kCounting +
            "<channelName>Camera "
            "01</channelName><peopleCounting><statisticalMethods>timeRange</statisticalMethods>"
            "<TimeRange><startTime>2020-04-19T19:33:00+02:00</"
            "startTime><endTime>2020-04-19T19:35:00+02:00</endTime>"
            "</TimeRange><enter>0</enter><exit>2</exit><pass>7</pass></peopleCounting>"
            "<childCounting><enter>0</enter><exit>1</exit></childCounting>"
        )
    );
    CHECK(
        lines_of(range) ==
        HikLines{
            "store.footfall.in{door=Camera 01} delta 0 @1587317700000 from 1587317580000 of "
            "10.0.0.2",
            "store.footfall.out{door=Camera 01} delta 2 @1587317700000 from 1587317580000 of "
            "10.0.0.2",
            "store.passby{front=Camera 01} delta 7 @1587317700000 from 1587317580000 of 10.0.0.2"}
    );
    CHECK(range.private_fields.at("age") == 2);
    CHECK(range.private_fields.at("mac") == 1);
    const Report live = parsed(
        "hikvision",
        alert(
            kCounting +
            "<peopleCounting><statisticalMethods>realTime</statisticalMethods><RealTime>"
            "<time>2020-04-19T19:35:00+02:00</time></RealTime><enter>70</enter><exit/></"
            "peopleCounting>"
        )
    );
    CHECK(
        lines_of(live) ==
        HikLines{"store.footfall.in{door=channel 1} counter 70 @1587317700000 of 10.0.0.2"}
    );
    CHECK(bad_of(live) == HikLines{"/EventNotificationAlert/peopleCounting/exit is empty"});
}

TEST_CASE("hikvision: the same as JSON, and channels of a recorder", "[formats]") {
    const Report report = parsed(
        "hikvision",
        R"({"ipAddress":"10.0.0.2","channelID":"3","dateTime":"2020-04-19T19:35:00+02:00","activePostCount":1,)"
        R"("eventType":"PeopleCounting","eventState":"active","peopleCounting":{"statisticalMethods":"realTime",)"
        R"("RealTime":{"time":"2020-04-19T19:35:00+02:00"},"enter":7,"exit":5,"regionsID":2}})"
    );
    CHECK(
        lines_of(report) ==
        HikLines{
            "store.footfall.in{door=channel 3 region 2} counter 7 @1587317700000 of 10.0.0.2 "
            "channel 3",
            "store.footfall.out{door=channel 3 region 2} counter 5 @1587317700000 of 10.0.0.2 "
            "channel 3"}
    );
}

TEST_CASE("hikvision: alarms are raised and cleared by their state", "[formats]") {
    const auto alarms = [](const std::string& type, const std::string& state) {
        return alarms_of(parsed(
            "hikvision",
            alert("<eventType>" + type + "</eventType><eventState>" + state + "</eventState>")
        ));
    };
    CHECK(alarms("videoloss", "active") == HikLines{"+device.alarm.video_loss of 10.0.0.2"});
    CHECK(alarms("videoloss", "inactive") == HikLines{"-device.alarm.video_loss of 10.0.0.2"});
    CHECK(alarms("shelteralarm", "active") == HikLines{"+device.alarm.tamper of 10.0.0.2"});
    CHECK(alarms("VMD", "active").empty());
    const Report empty =
        parsed("hikvision", alert("<eventType>videoloss</eventType><eventState/>"));
    CHECK(empty.events.empty());
    CHECK(bad_of(empty) == HikLines{"/EventNotificationAlert/eventState is empty"});
}

TEST_CASE("trap: an empty element does not silence the camera", "[formats]") {
    const Report report = parsed(
        "hikvision",
        R"(<EventNotificationAlert><ipAddress>10.0.0.2</ipAddress><channelID/><dateTime/><activePostCount/>)"
        R"(<eventType>PeopleCounting</eventType><eventState>active</eventState><peopleCounting>)"
        R"(<statisticalMethods>realTime</statisticalMethods><enter>4</enter><exit>x</exit></peopleCounting>)"
        R"(</EventNotificationAlert>)"
    );
    CHECK(lines_of(report) == HikLines{"store.footfall.in counter 4 of 10.0.0.2"});
    CHECK(report.bad_elements.size() == 5);
}

TEST_CASE("hikvision: parts of a stream, with pictures and rubbish between them", "[formats]") {
    const Report report = parsed(
        "hikvision",
        "--boundary\r\nContent-Type: application/xml\r\n\r\n" +
            alert("<eventType>videoloss</eventType><eventState>active</eventState>") +
            "\r\n--boundary\r\nContent-Type: image/jpeg\r\n\r\n\xFF\xD8<{\r\n--boundary\r\n"
            "Content-Type: application/xml\r\n\r\n<broken>\r\n--boundary--\r\n"
    );
    CHECK(alarms_of(report).size() == 1);
    CHECK(report.private_fields.at("picture") == 1);
    CHECK(bad_of(report) == HikLines{"part is not XML"});
    CHECK(
        refused(
            "hikvision",
            "<ResponseStatus><statusCode>4</statusCode><statusString>Invalid</statusString></"
            "ResponseStatus>"
        ) == "the camera reports an error"
    );
}

TEST_CASE("trap: every region of an alert is counted", "[formats]") {
    const auto counting = [](int region, int enter) {
        return "<peopleCounting><statisticalMethods>realTime</statisticalMethods><enter>" +
               std::to_string(enter) + "</enter><exit>0</exit><regionsID>" +
               std::to_string(region) + "</regionsID></peopleCounting>";
    };
    const Report report = parsed("hikvision", alert(kCounting + counting(1, 4) + counting(2, 7)));
    const std::string behind = " @1587317700000 of 10.0.0.2";
    CHECK(
        lines_of(report) ==
        HikLines{
            "store.footfall.in{door=channel 1} counter 4" + behind,
            "store.footfall.out{door=channel 1} counter 0" + behind,
            "store.footfall.in{door=channel 1 region 2} counter 7" + behind,
            "store.footfall.out{door=channel 1 region 2} counter 0" + behind}
    );
}

std::string targets(const std::string& lists) {
    return alert(
        "<eventType>regionTargetNumberCounting</eventType><eventState>active</eventState>" + lists
    );
}

std::string target(const std::string& way, const std::string& count) {
    return "<DataList><statisticalDirection>" + way + "</statisticalDirection>" + count +
           "</DataList>";
}

TEST_CASE("trap: counted targets come in forward and go out backward", "[formats]") {
    const std::string both = "<CountingList>" + target("forward", "<humanCount>114</humanCount>") +
                             target("backward", "<humanCount>93</humanCount>") + "</CountingList>";
    CHECK(
        lines_of(parsed("hikvision", targets("<ruleID>2</ruleID>" + both))) ==
        HikLines{
            "store.footfall.in{door=channel 1 region 2} counter 114 @1587317700000 of 10.0.0.2",
            "store.footfall.out{door=channel 1 region 2} counter 93 @1587317700000 of 10.0.0.2"}
    );
    const std::string range =
        "<statisticalMethod>timeRange</statisticalMethod>"
        "<startTime>2020-04-19T19:33:00+02:00</startTime><endTime>2020-04-19T19:35:00+02:00</"
        "endTime>";
    const HikLines increments = lines_of(parsed("hikvision", targets(range + both)));
    REQUIRE(increments.size() == 2);
    CHECK(
        increments[0] ==
        "store.footfall.in{door=channel 1} delta 114 @1587317700000 from 1587317580000 of 10.0.0.2"
    );
    const std::string place = "/EventNotificationAlert/CountingList";
    CHECK(bad_of(parsed("hikvision", targets(""))) == HikLines{place + " is missing"});
    CHECK(
        bad_of(parsed(
            "hikvision",
            targets("<CountingList>" + target("up", "") + target("back", "") + "</CountingList>")
        )) ==
        HikLines{
            place + "/DataList[1]/statisticalDirection is neither forward nor backward",
            place + "/DataList[2]/humanCount is missing"}
    );
}

TEST_CASE("trap: a count of an unknown kind is told", "[formats]") {
    const auto bad = [](const std::string& type) {
        return bad_of(parsed(
            "hikvision", alert("<eventType>" + type + "</eventType><eventState>active</eventState>")
        ));
    };
    CHECK(
        bad("mixedTargetCounting") ==
        HikLines{"/EventNotificationAlert/eventType counts something in a way that is not known"}
    );
    CHECK(bad("heartBeat").empty());
}

TEST_CASE("trap: a search result as JSON is a list of matches", "[formats]") {
    const std::string match =
        R"({"timeSpan":{"startTime":"2026-11-22T08:00:00Z","endTime":"2026-11-22T08:59:59Z"},)"
        R"("enterCount":4,"exitCount":5})";
    for (const std::string& item : {R"({"matchElement":)" + match + "}", match}) {
        CHECK(
            lines_of(
                parsed("hikvision", R"({"CountingStatisticsResult":{"matchList":[)" + item + "]}}")
            ) ==
            HikLines{
                "store.footfall.in delta 4 @1795338000000 from 1795334400000",
                "store.footfall.out delta 5 @1795338000000 from 1795334400000"}
        );
    }
    CHECK(parsed("hikvision", R"({"CountingStatisticsResult":{"matchList":[]}})").readings.empty());
    CHECK(parsed("hikvision", "<countingStatisticsResult/>").bad_elements.empty());
}

TEST_CASE("trap: a queue in the field of a form is read", "[formats]") {
    const std::string queue =
        "%7B%22ipAddress%22:%2210.0.0.2%22,%22dateTime%22:%222020-04-19T19:35:00%2B02:00%22,"
        "%22eventType%22:%22personQueueCounting%22,%22RegionCapture%22:"
        "%7B%22humanCounting%22:%7B%22count%22:9%7D,%22rule%22:%7B%22ruleID%22:1%7D%7D%7D";
    for (const std::string& form : {"personQueueCounting=" + queue, "n=1&q=" + queue + "&x"}) {
        CHECK(
            lines_of(parsed("hikvision", form)) ==
            HikLines{"store.queue.length{queue=region 1} gauge 9 @1587317700000 of 10.0.0.2"}
        );
    }
    CHECK_FALSE(refused("hikvision", "personQueueCounting=%7B%2").empty());
    CHECK_FALSE(refused("hikvision", "hello&").empty());
}

}  // namespace
}  // namespace cxedge::devices::test
