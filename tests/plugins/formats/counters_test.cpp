// SPDX-License-Identifier: Apache-2.0
// Brickstream, VIAS, Qminder, IMBuildings, Milesight.
#include "tests/plugins/formats/format_case.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::devices::test {
namespace {

using CounterLines = std::vector<std::string>;

const std::string kBrickXml =
    R"(<?xml version="1.0"?><Metrics SiteId="s" Sitename="Shop" DeviceId="d1" Devicename="Door"><Properties>)"
    R"(<Version>5</Version><MacAddress>00:b0:9d:be:30:13</MacAddress><HwPlatform>2300</HwPlatform>)"
    R"(<SwRelease>5.9.21</SwRelease></Properties><ReportData Interval="1"><Report Date="2025-06-15">)"
    R"(<Object Id="0" ObjectType="0" Name="Main">)"
    R"(<Count StartTime="17:37:00" EndTime="17:38:00" UnixStartTime="1750001820" Enters="0" Exits="2" Status="0"/>)"
    R"(<Count StartTime="23:59:00" EndTime="00:00:00" Enters="1" Exits=""/>)"
    R"(<Count StartTime="17:39:00" EndTime="17:40:00" UnixStartTime="1750001940" Enters="0" Exits="0" Status="1"/>)"
    R"(</Object><Object Id="1" Name="Queue"/></Report></ReportData></Metrics>)";

TEST_CASE("brickstream: metrics of XML and of JSON", "[formats]") {
    const Report report = parsed("brickstream", kBrickXml);
    CHECK(
        lines_of(report) ==
        CounterLines{
            "store.footfall.in{door=Main} delta 0 @1750001880000 from 1750001820000 of d1",
            "store.footfall.out{door=Main} delta 2 @1750001880000 from 1750001820000 of d1",
            "store.footfall.in{door=Main} delta 1 @1750032000000L from 1750031940000L of d1",
            "store.footfall.in{door=Main} delta 0 @1750002000000 from 1750001940000 of d1 lost",
            "store.footfall.out{door=Main} delta 0 @1750002000000 from 1750001940000 of d1 lost"}
    );
    CHECK(report.devices[0].firmware == "5.9.21");
    CHECK(report.private_fields.at("mac") == 1);
    CHECK(
        bad_of(report) ==
        CounterLines{
            "/Metrics/ReportData/Report/Object[1]/Count[2]/@Exits is empty",
            "/Metrics/ReportData/Report/Object[2]/Count is missing"}
    );
    CHECK(
        lines_of(parsed(
            "brickstream",
            R"({"Metrics":{"@DeviceId":"d1","ReportData":{"Report":[{"Date":"2025-06-15",)"
            R"("Objects":[{"Name":"Main",)"
            R"("Count":{"StartTime":"17:37:00","EndTime":"17:38:00","UnixStartTime":1750001820,)"
            R"("Enters":3,"Exits":0}}]}]}}})"
        )) ==
        CounterLines{
            "store.footfall.in{door=Main} delta 3 @1750001880000 from 1750001820000 of d1",
            "store.footfall.out{door=Main} delta 0 @1750001880000 from 1750001820000 of d1"}
    );
}

TEST_CASE("brickstream: real-time sums and heartbeats", "[formats]") {
    CHECK(
        lines_of(parsed(
            "brickstream",
            R"(<RTMetrics DeviceId="d1"><RTReport Date="2026-11-22T09:14:00"><RTObject Name="Main">)"
            R"(<RTCount TotalEnters="78" TotalExits="73"/></RTObject></RTReport></RTMetrics>)"
        )) ==
        CounterLines{
            "store.footfall.in{door=Main} counter 78 @1795338840000L of d1",
            "store.footfall.out{door=Main} counter 73 @1795338840000L of d1"}
    );
    const Report beat =
        parsed("brickstream", R"(<Heartbeat DeviceId="d1"><SwRelease>5.9</SwRelease></Heartbeat>)");
    CHECK(beat.devices[0].device == "d1");
    CHECK(beat.devices[0].up == true);
}

TEST_CASE("vias: sides by number or by name", "[formats]") {
    const auto message = [](const std::string& event) {
        return R"({"task_id":"t","stream_id":"cam","event_type":131073,"timestamp":1535546730,"message_id":"m1",)"
               R"("image_base64":"/3j2","data":{"interval":60,"event_set":[)" +
               event + "]}}";
    };
    const Report report = parsed(
        "vias",
        message(
            R"({"line_id":2,"side1_count":1,"side2_count":0,"side1_name":"exit","side2_name":"enter"},)"
            R"({"line_id":3,"side1_count":null},{"crowd_count":14},{"x":1})"
        )
    );
    CHECK(
        lines_of(report) ==
        CounterLines{
            "store.footfall.out{door=line 2} delta 1 @1535546730000 from 1535546670000 of cam",
            "store.footfall.in{door=line 2} delta 0 @1535546730000 from 1535546670000 of cam",
            "store.occupancy{zone=region 3} gauge 14 @1535546730000 of cam"}
    );
    CHECK(
        bad_of(report) ==
        CounterLines{
            "/data/event_set/1/side1_count is empty",
            "/data/event_set/1/side2_count is missing",
            "/data/event_set/3 has no count that is known"}
    );
    CHECK(report.private_fields.at("picture") == 1);
}

std::string ticket(const std::string& type, const std::string& more) {
    return R"({"type":")" + type +
           R"(","data":{"id":"15920","line":64612,"firstName":"A","lastName":"B","phoneNumber":3725551111,)"
           R"("email":"a@b.c","created":{"date":"2026-11-22T09:00:00Z"})" +
           more + "}}";
}

TEST_CASE("qminder: tickets become counts and times, and nobody is named", "[formats]") {
    const Report created = parsed("qminder", ticket("ticket_created", ""));
    CHECK(
        lines_of(created) == CounterLines{"store.queue.arrived{queue=64612} delta 1 @1795338000000"}
    );
    CHECK(created.private_fields.at("name") == 2);
    CHECK(created.private_fields.at("identity") == 2);
    const std::string called = R"(,"called":{"date":"2026-11-22T09:05:00Z","desk":4,"caller":99})";
    CHECK(
        lines_of(parsed("qminder", ticket("TICKET_CALLED", called))) ==
        CounterLines{"store.queue.wait{queue=64612} histogram 300 @1795338300000"}
    );
    const std::string served = called + R"(,"served":{"date":"2026-11-22T09:07:30Z"})";
    const Report done = parsed("qminder", ticket("ticket_served", served));
    CHECK(
        lines_of(done) ==
        CounterLines{
            "store.queue.served{queue=64612} delta 1 @1795338450000",
            "store.queue.service{counter=4,queue=64612} histogram 150 @1795338450000"}
    );
    CHECK(done.readings[0].id == parsed("qminder", ticket("ticket_served", served)).readings[0].id);
    CHECK(
        lines_of(parsed("qminder", ticket("ticket_changed", R"(,"status":"NOSHOW")" + called))) ==
        CounterLines{"store.queue.abandoned{queue=64612} delta 1 @1795338300000"}
    );
    CHECK(parsed("qminder", ticket("ticket_changed", R"(,"status":"NEW")")).readings.empty());
    CHECK(parsed("qminder", R"({"type":"location_created","data":{"id":1}})").readings.empty());
}

TEST_CASE("qminder: what is missing or backwards is told, free text is dropped", "[formats]") {
    const Report report = parsed(
        "qminder",
        R"({"type":"ticket_served","data":{"id":7,"line":{"name":"Sales"},)"
        R"("called":{"date":"2026-11-22T09:05:00Z"},)"
        R"("served":{"date":"2026-11-22T09:04:00Z"},"extra":[{"title":"Order","value":"AB"},)"
        R"({"title":"x","value":""}],)"
        R"("messages":[{"body":"hi"}]}})"
    );
    CHECK(
        lines_of(report) == CounterLines{"store.queue.served{queue=Sales} delta 1 @1795338240000"}
    );
    CHECK(bad_of(report) == CounterLines{"/data/called the interval does not end after it begins"});
    CHECK(report.private_fields.at("identity") == 2);
}

TEST_CASE("trap: a ticket of nothing is no arrival", "[formats]") {
    for (const char* data : {"null", "{}", R"({"ticket":null})", R"({"status":"NEW"})", "7"}) {
        INFO(data);
        const Report report =
            parsed("qminder", R"({"type":"ticket_created","data":)" + std::string(data) + "}");
        CHECK(report.readings.empty());
        CHECK_FALSE(report.bad_elements.empty());
    }
    CHECK(
        bad_of(parsed("qminder", R"({"type":"ticket_created","data":null})")) ==
        CounterLines{"/data is empty"}
    );
    CHECK(parsed("qminder", R"({"type":"ticket_created","data":{"line":5}})").readings.size() == 1);
}

TEST_CASE("imbuildings: sums of two channels, of JSON and of the payload", "[formats]") {
    const Report parser = parsed(
        "imbuildings",
        R"({"received_at":"2026-11-22T09:14:00Z","device_id":"0004a3","counter_a":3,"counter_b":2,)"
        R"("total_counter_a":1539,"total_counter_b":1510})"
    );
    CHECK(
        lines_of(parser) ==
        CounterLines{
            "store.footfall.in counter 1539 @1795338840000 of 0004a3",
            "store.footfall.out counter 1510 @1795338840000 of 0004a3"}
    );
    CHECK(parser.readings[0].info.counter_bits == 16);
    CHECK(
        lines_of(parsed("imbuildings", "02060004A30B00F6B5690800F80003000220060305E661")) ==
        CounterLines{
            "store.footfall.in counter 1539 of 0004a30b00f6b569",
            "store.footfall.out counter 1510 of 0004a30b00f6b569"}
    );
    CHECK(
        bad_of(parsed(
            "imbuildings",
            R"({"count_since_reset":[{"context_id":"C","value":1},{"context_id":"A"}]})"
        )) ==
        CounterLines{
            "/count_since_reset/0/context_id is no channel with a direction",
            "/count_since_reset/1/value is missing"}
    );
    CHECK_FALSE(refused("imbuildings", "hello, world!").empty());
}

TEST_CASE("trap: what a network server decoded is its device's and its time's", "[formats]") {
    const auto ttn = [](const std::string& device, const std::string& counts) {
        return parsed(
            "imbuildings",
            R"({"end_device_ids":{"device_id":")" + device +
                R"(","dev_eui":"0004A3"},"received_at":"2026-11-22T09:14:00Z","uplink_message":)"
                R"({"f_port":26,"f_cnt":3,"decoded_payload":{)" +
                counts + R"("payload_counter":42}}})"
        );
    };
    const std::string totals =
        R"("counter_a":3,"counter_b":2,"total_counter_a":9,"total_counter_b":8,)";
    for (const char* device : {"door-A", "door-B"}) {
        const std::string behind = " @1795338840000 of " + std::string(device);
        CHECK(
            lines_of(ttn(device, totals)) ==
            CounterLines{
                "store.footfall.in counter 9" + behind, "store.footfall.out counter 8" + behind}
        );
    }
    const Report periods = ttn("door-A", R"("counter_a":3,"counter_b":2,)");
    CHECK(periods.readings[0].id == "3@1795338840000");
    CHECK(ttn("door-A", R"("total_counter_a":9,"total_counter_b":8,)").readings.size() == 2);
    CHECK(
        lines_of(parsed(
            "imbuildings",
            R"({"deviceInfo":{"deviceName":"door-C","devEui":"0004a3"},"time":"2026-11-22T09:14:00Z",)"
            R"("fCnt":5,"object":{"total_counter_a":100,"total_counter_b":90}})"
        )) ==
        CounterLines{
            "store.footfall.in counter 100 @1795338840000 of door-C",
            "store.footfall.out counter 90 @1795338840000 of door-C"}
    );
}

TEST_CASE("trap: totals of 16 bits say so, and the period is not counted twice", "[formats]") {
    const Report report = parsed("milesight", "04CC12001600 05CC13001400");
    CHECK(
        lines_of(report) ==
        CounterLines{"store.footfall.in counter 18", "store.footfall.out counter 22"}
    );
    CHECK(report.readings[0].info.counter_bits == 16);
    CHECK(
        lines_of(parsed("milesight", "05CC13001400")) ==
        CounterLines{"store.footfall.in delta 19", "store.footfall.out delta 20"}
    );
    CHECK(
        lines_of(parsed("milesight", "84CC0111081101 85CCE803E90301")) ==
        CounterLines{"store.footfall.in counter 4353", "store.footfall.out counter 4360"}
    );
}

TEST_CASE("milesight: battery, temperature, history, lines and regions", "[formats]") {
    const Report power = parsed("milesight", "017564 03670C01");
    CHECK(power.devices[0].battery == 100.0);
    CHECK(lines_of(power) == CounterLines{"store.env.temperature gauge 26.8"});
    CHECK(
        lines_of(parsed("milesight", "0367F6FF")) == CounterLines{"store.env.temperature gauge -1"}
    );
    const Report past = parsed("milesight", "20CE7B3AF164000B000400");
    CHECK((past.readings[0].unless_totals && past.readings[1].unless_totals));
    CHECK(
        lines_of(past) ==
        CounterLines{
            "store.footfall.in delta 11 @1693530747000",
            "store.footfall.out delta 4 @1693530747000"}
    );
    CHECK(
        lines_of(parsed("milesight", "20CEFF3DF16401070002001D000800 0AEF7B3AF164 04CC12001600")) ==
        CounterLines{
            "store.footfall.in counter 29 @1693531647000",
            "store.footfall.out counter 8 @1693531647000",
            "store.footfall.in counter 18 @1693530747000",
            "store.footfall.out counter 22 @1693530747000"}
    );
    CHECK(
        lines_of(parsed("milesight", "03D248000000 0DD28D1A0000 0ECC05000700 0FE302100709")) ==
        CounterLines{
            "store.footfall.in{door=line 1} counter 72",
            "store.footfall.out{door=line 4} counter 6797",
            "store.occupancy{zone=region 1} gauge 2",
            "store.occupancy{zone=region 2} gauge 16",
            "store.occupancy{zone=region 3} gauge 7",
            "store.occupancy{zone=region 4} gauge 9"}
    );
    CHECK(
        lines_of(parsed("milesight", "FF1F1F07004B 04C9030800A1 06CD05")) ==
        CounterLines{"store.occupancy gauge 3"}
    );
}

TEST_CASE("milesight: base64 and the JSON of network servers", "[formats]") {
    // AXVk = 01 75 64
    CHECK(parsed("milesight", "AXVk").devices[0].battery == 100.0);
    CHECK(parsed("milesight", std::string_view("\x01\x75\x64", 3)).devices[0].battery == 100.0);
    const Report chirp = parsed(
        "milesight",
        R"({"time":"2026-11-22T09:14:00Z","deviceInfo":{"deviceName":"door","devEui":"24e124"},)"
        R"("fCnt":7,"fPort":85,"data":"BMwSABYA"})"
    );
    CHECK(
        lines_of(chirp) ==
        CounterLines{
            "store.footfall.in counter 18 @1795338840000 of door",
            "store.footfall.out counter 22 @1795338840000 of door"}
    );
    const Report ttn = parsed(
        "milesight",
        R"({"end_device_ids":{"device_id":"door","dev_eui":"24E1"},"received_at":"2026-11-22T09:14:00Z",)"
        R"("uplink_message":{"f_port":85,"f_cnt":3,"frm_payload":"BcwTABQA"}})"
    );
    CHECK(
        lines_of(ttn) ==
        CounterLines{
            "store.footfall.in delta 19 @1795338840000 of door",
            "store.footfall.out delta 20 @1795338840000 of door"}
    );
    CHECK(ttn.readings[0].id == "3@1795338840000");
    CHECK(parsed("milesight", R"({"devEUI":"24e1","data":"017564"})").devices[0].battery == 100.0);
}

TEST_CASE(
    "milesight: what is cut off or unknown is told, what stands before it counts", "[formats]"
) {
    const Report cut = parsed("milesight", "017564 04CC1200");
    CHECK(cut.devices[0].battery == 100.0);
    CHECK(bad_of(cut) == CounterLines{"byte 3 the message ends too early"});
    CHECK(
        bad_of(parsed("milesight", "017564 7777 04CC12001600")) ==
        CounterLines{"byte 3 has an unknown channel; the rest is not read"}
    );
    CHECK(refused("milesight", "!!") == "has no payload of a LoRaWAN device");
    CHECK_FALSE(refused("milesight", "777777").empty());
}

}  // namespace
}  // namespace cxedge::devices::test
