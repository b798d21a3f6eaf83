// SPDX-License-Identifier: Apache-2.0
// Axis and Hikvision.
#include "tests/plugins/formats/format_case.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::devices::test {
namespace {

using CameraLines = std::vector<std::string>;

TEST_CASE("trap: Axis times have no zone and its sums begin anew at midnight", "[formats]") {
    const Report report = parsed(
        "axis", R"({"serial":"ACCC01","name":"Door","timestamp":"20261122091400","in":0,"out":3})"
    );
    CHECK(
        lines_of(report) ==
        CameraLines{
            "store.footfall.in{door=Door} counter 0 @1795338840000L of ACCC01",
            "store.footfall.out{door=Door} counter 3 @1795338840000L of ACCC01"}
    );
    CHECK(report.readings[1].info.resets_at == std::chrono::minutes(0));
}

TEST_CASE("axis: what is missing, null or empty is a bad element", "[formats]") {
    const Report report =
        parsed("axis", R"({"serial":"A","name":null,"timestamp":"","in":null,"out":"7"})");
    CHECK(lines_of(report) == CameraLines{"store.footfall.out counter 7 of A"});
    CHECK(bad_of(report) == CameraLines{"/timestamp is empty", "/in is empty"});
}

TEST_CASE("axis: exports are intervals, as JSON and as CSV", "[formats]") {
    const CameraLines expected{
        "store.footfall.in delta 4 @1592874000000L from 1592870400000L",
        "store.footfall.out delta 0 @1592874000000L from 1592870400000L"};
    CHECK(
        lines_of(parsed(
            "axis",
            R"({"data":[{"start":"2020-06-23 00:00:00","end":"2020-06-23 01:00:00","in":4,"out":0}]})"
        )) == expected
    );
    CHECK(
        lines_of(
            parsed("axis", "start,end,in,out\r\n2020-06-23 00:00:00,2020-06-23 01:00:00,4,0\r\n")
        ) == expected
    );
    const Report named = parsed(
        "axis",
        "Interval start,Interval stop,Camera serial number,Counter name,People in,People out\n"
        "2020-06-23 00:00:00,2020-06-23 01:00:00,ACCC01,\"Door, south\",4,\n"
        "yesterday,2020-06-23 01:00:00,ACCC01,Door,1,1\n"
    );
    CHECK(
        lines_of(named) ==
        CameraLines{
            "store.footfall.in{door=Door, south} delta 4 @1592874000000L from 1592870400000L of "
            "ACCC01"}
    );
    CHECK(bad_of(named) == CameraLines{"line 2 is empty", "line 3 is not a time"});
    CHECK(
        refused("axis", R"({"error":{"message":"Validation failed"}})") ==
        "the camera reports an error"
    );
}

TEST_CASE("trap: an export of an empty list says that nobody came", "[formats]") {
    const Report report = parsed("axis", R"({"data":[]})");
    CHECK(report.readings.empty());
    CHECK(report.bad_elements.empty());
    CHECK_FALSE(refused("axis", R"({"data":null})").empty());
    CHECK_FALSE(refused("axis", R"({"data":[1]})").empty());
}

std::string retail_push(const std::string& measurements) {
    return R"({"apiName":"Axis Retail Data","apiVersion":"0.4","data":{)"
           R"("utcFrom":"2026-11-22T09:00:00Z","utcTo":"2026-11-22T09:15:00Z","measurements":[)" +
           measurements +
           R"(]},"sensor":{"serial":"ACCC01","name":"Door","applicationVersion":"10.2.1",)"
           R"("timeZone":"Europe/Berlin"}})";
}

TEST_CASE("trap: the data push of Axis is read", "[formats]") {
    const Report report = parsed(
        "axis",
        retail_push(
            R"({"kind":"people-counts","utcFrom":"2026-11-22T09:00:00Z",)"
            R"("utcTo":"2026-11-22T09:15:00Z","items":[{"direction":"in","count":1,"adults":0},)"
            R"({"direction":"out","count":0,"adults":null},{"direction":"in","count":-1},)"
            R"({"direction":"up","count":1},{"direction":"out"}]},)"
            R"({"kind":"people-counts","utcFrom":"2026-11-22T09:00:00Z","items":[]})"
        )
    );
    CHECK(
        lines_of(report) ==
        CameraLines{
            "store.footfall.in{door=Door} delta 1 @1795338900000 from 1795338000000 of ACCC01",
            "store.footfall.out{door=Door} delta 0 @1795338900000 from 1795338000000 of ACCC01"}
    );
    CHECK(
        bad_of(report) ==
        CameraLines{
            "/data/measurements/0/items/2/count is not a count",
            "/data/measurements/0/items/3/direction is neither in nor out",
            "/data/measurements/0/items/4/count is missing",
            "/data/measurements/1/utcTo is missing"}
    );
    CHECK(report.private_fields.at("age") == 1);
    REQUIRE(report.devices.size() == 1);
    CHECK(report.devices[0].device == "ACCC01");
    CHECK(report.devices[0].firmware == "10.2.1");
}

TEST_CASE("axis: a data push without measurements tests the connection", "[formats]") {
    const Report report = parsed("axis", retail_push(""));
    CHECK(report.readings.empty());
    CHECK(report.bad_elements.empty());
    REQUIRE(report.devices.size() == 1);
    CHECK(report.devices[0].up == true);
}

TEST_CASE("axis: the occupancy comes with sums of the day", "[formats]") {
    const Report report = parsed(
        "axis",
        R"({"occupancy":4,"serial":"ACCC01","timestamp":"20261122091400","total_in":9,"total_out":5})"
    );
    CHECK(
        lines_of(report) ==
        CameraLines{
            "store.occupancy gauge 4 @1795338840000L of ACCC01",
            "store.footfall.in counter 9 @1795338840000L of ACCC01",
            "store.footfall.out counter 5 @1795338840000L of ACCC01"}
    );
    CHECK(report.readings[1].info.resets_at == std::chrono::minutes(0));
    CHECK(report.readings[2].info.resets_at == std::chrono::minutes(0));
}

TEST_CASE("axis: direction events are one person each, pictures stay out", "[formats]") {
    const Report report = parsed(
        "axis",
        R"({"topic":"t","device":"A","name":"Door","direction":"out","value":-1,"image":"/9j/4AA=",)"
        R"("timestamp":1586793127914})"
    );
    CHECK(
        lines_of(report) == CameraLines{"store.footfall.out{door=Door} delta 1 @1586793127914 of A"}
    );
    CHECK(report.private_fields.at("picture") == 1);
    CHECK_FALSE(report.readings[0].id.empty());
}

TEST_CASE("axis: queue monitor and object analytics", "[formats]") {
    CHECK(
        lines_of(parsed(
            "axis",
            R"({"serial":"A","name":"N","timestamp":"20170113181132","region1name":"Desk",)"
            R"("region1people":3,"region2people":0})"
        )) ==
        CameraLines{
            "store.queue.length{queue=Desk} gauge 3 @1484331092000L of A",
            "store.queue.length{queue=region 2} gauge 0 @1484331092000L of A"}
    );
    CHECK(
        lines_of(parsed(
            "axis",
            R"({"topic":"axis:CameraApplicationPlatform/ObjectAnalytics/Device1Scenario1",)"
            R"("timestamp":1700000000000,)"
            R"("serial":"A","message":{"source":{},"key":{},"data":{"reason":"human","total":"12",)"
            R"("totalHuman":"9","totalCar":"3"}}})"
        )) == CameraLines{"store.footfall.in{door=Device1Scenario1} counter 9 @1700000000000 of A"}
    );
    CHECK(
        lines_of(parsed(
            "axis",
            R"({"topic":"tnsaxis:CameraApplicationPlatform/ObjectAnalytics/Device1Scenario2",)"
            R"("timestamp":1700000000000,)"
            R"("serial":"A","message":{"data":{"scenario":"Door out","totalHuman":2}}})"
        )) == CameraLines{"store.footfall.out{door=Door out} counter 2 @1700000000000 of A"}
    );
    CHECK(
        lines_of(parsed(
            "axis",
            R"(<tt:MetadataStream xmlns:tt="a" xmlns:wsnt="b"><tt:Event><wsnt:NotificationMessage>)"
            R"(<wsnt:Topic>tnsaxis:CameraApplicationPlatform/ObjectAnalytics/Device1Scenario3</wsnt:Topic>)"
            R"(<wsnt:Message><tt:Message UtcTime="2026-11-22T09:14:00Z"><tt:Data>)"
            R"(<tt:SimpleItem Name="scenarioType" Value="OccupancyInArea"/>)"
            R"(<tt:SimpleItem Name="totalHuman" Value="5"/>)"
            R"(</tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage></tt:Event></tt:MetadataStream>)"
        )) == CameraLines{"store.occupancy{zone=Device1Scenario3} gauge 5 @1795338840000"}
    );
}

TEST_CASE("trap: accumulated counts are sums, whatever their members are called", "[formats]") {
    const auto answer = [](const std::string& method, const std::string& counts) {
        return lines_of(parsed(
            "axis",
            R"({"serial":"Q1","apiVersion":"1.6","method":")" + method +
                R"(","data":{"timestamp":"2026-11-22T09:14:00Z",)" + counts + "}}"
        ));
    };
    const std::string human = R"("total":12,"human":7,"car":5)";
    CHECK(
        answer("getAccumulatedCounts", human) ==
        CameraLines{"store.footfall.in counter 7 @1795338840000 of Q1"}
    );
    CHECK(
        answer("getOccupancy", human) == CameraLines{"store.occupancy gauge 7 @1795338840000 of Q1"}
    );
    CHECK(answer("getAccumulatedCounts", R"("total":12)").size() == 1);
    CHECK(answer("getAccumulatedCounts", R"("total":12,"car":12)").empty());
}

}  // namespace
}  // namespace cxedge::devices::test
