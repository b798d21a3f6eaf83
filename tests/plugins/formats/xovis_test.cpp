// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <string_view>

#include <fmt/core.h>

#include "tests/plugins/formats/format_case.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::devices::test {
namespace {

using XovisLines = std::vector<std::string>;

std::string logics(const std::string& logic) {
    return R"({"logics_data":{"package_info":{"version":"5.0","id":7,"agent_id":1},)"
           R"("sensor_info":{"serial_number":"80:1F:12:AA:BB:CC","device_type":"PC2SE"},)"
           R"("logics":[)" +
           logic + "]}}";
}

std::string line_logic(const std::string& counts, std::int64_t from = 1'700'000'000'000) {
    return fmt::format(
        R"({{"id":2,"name":"Main","info":"XLT_LINE_IN_OUT_COUNT","records":[{{"from":{},"to":{},)"
        R"("counts":[{}]}}]}})",
        from,
        from + 60'000,
        counts
    );
}

TEST_CASE("trap: zero records are real data", "[formats]") {
    const Report report =
        parsed("xovis", logics(line_logic(R"({"name":"fw","value":0},{"name":"bw","value":0})")));
    REQUIRE(report.readings.size() == 2);
    CHECK(report.readings[0].value == 0);
    CHECK(report.bad_elements.empty());
}

TEST_CASE("trap: male and female counts are dropped and counted", "[formats]") {
    const Report report = parsed(
        "xovis",
        logics(line_logic(
            R"({"name":"fw","value":3},{"name":"bw","value":1},{"name":"fw-male","value":2},)"
            R"({"name":"fw-female","value":1},{"name":"bw-mask","value":0},{"name":"fw-child","value":1},)"
            R"({"name":"balance","value":2})"
        ))
    );
    CHECK(report.readings.size() == 2);
    CHECK(report.private_fields.at("gender") == 2);
    CHECK(report.private_fields.at("face") == 1);
    CHECK(report.private_fields.at("age") == 1);
}

TEST_CASE("trap: a package that comes again names the same readings", "[formats]") {
    const std::string counts =
        logics(line_logic(R"({"name":"fw","value":3},{"name":"bw","value":1})"));
    const Report first = parsed("xovis", counts);
    const Report again = parsed("xovis", counts);
    CHECK(first.readings[0].from == again.readings[0].from);
    CHECK(first.readings[0].time == again.readings[0].time);
    // A restarted sensor numbers its packages from the beginning: intervals name, numbers do not.
    const Report later = parsed(
        "xovis",
        logics(line_logic(R"({"name":"fw","value":3},{"name":"bw","value":1})", 1'700'000'060'000))
    );
    CHECK(later.readings[0].id == first.readings[0].id);
    CHECK(later.readings[0].from != first.readings[0].from);
}

TEST_CASE("xovis 5: zones give occupancy and visits", "[formats]") {
    const Report report = parsed(
        "xovis",
        logics(
            R"({"name":"Desk","info":"XLT_ZONE_OCCUPANCY_COUNT","records":[{"from":1000,"to":2000,)"
            R"("counts":[{"name":"count","value":4},{"name":"fw","value":2},{"name":"bw","value":1}]}]})"
        )
    );
    CHECK(
        lines_of(report) ==
        XovisLines{
            "store.occupancy{zone=Desk} gauge 4 @2000000 from 1000000 of 80:1F:12:AA:BB:CC",
            "store.zone.visits{zone=Desk} delta 2 @2000000 from 1000000 of 80:1F:12:AA:BB:CC"}
    );
}

TEST_CASE("trap: a zone that tells only its balance tells the people in it", "[formats]") {
    const auto zone = [](const std::string& counts) {
        return parsed(
            "xovis",
            logics(
                R"({"name":"Desk","info":"XLT_4X_ZONE_COUNT","records":[{"from":1000,"to":2000,)"
                R"("counts":[)" +
                counts + "]}]}"
            )
        );
    };
    CHECK(
        lines_of(zone(R"({"name":"balance","value":3},{"name":"max","value":9})")) ==
        XovisLines{"store.occupancy{zone=Desk} gauge 3 @2000000 of 80:1F:12:AA:BB:CC"}
    );
    CHECK(zone(R"({"name":"balance","value":0})").readings.size() == 1);
    CHECK(
        lines_of(zone(R"({"name":"balance","value":3},{"name":"count","value":4})")) ==
        XovisLines{"store.occupancy{zone=Desk} gauge 4 @2000000 from 1000000 of 80:1F:12:AA:BB:CC"}
    );
    CHECK(
        bad_of(zone(R"({"name":"balance","value":-1})")) ==
        XovisLines{"/logics_data/logics/0/records/0/counts/0/value is not a count"}
    );
    const Report line = parsed("xovis", logics(line_logic(R"({"name":"balance","value":3})")));
    CHECK(line.readings.empty());
    CHECK(line.bad_elements.empty());
}

TEST_CASE("trap: a missing, null or wrong value is one bad element", "[formats]") {
    const Report report = parsed(
        "xovis",
        logics(
            line_logic(R"({"name":"fw"},{"name":"bw","value":1})") + "," +
            line_logic(R"({"name":"fw","value":null},{"name":"bw","value":2})") + "," +
            line_logic(R"({"name":"fw","value":"many"},{"name":"bw","value":-1})") + "," +
            R"({"name":"X","info":"LINE","records":[{"from":2,"to":1,"counts":[]},{"to":5}]})"
        )
    );
    CHECK(report.readings.size() == 2);
    CHECK(
        bad_of(report) ==
        XovisLines{
            "/logics_data/logics/0/records/0/counts/0/value is missing",
            "/logics_data/logics/1/records/0/counts/0/value is empty",
            "/logics_data/logics/2/records/0/counts/0/value is not a count",
            "/logics_data/logics/2/records/0/counts/1/value is not a count",
            "/logics_data/logics/3/records/0/to the interval does not end after it begins",
            "/logics_data/logics/3/records/1/from is missing"}
    );
}

std::string named_logic(const std::string& id, const std::string& info, int count) {
    return fmt::format(
        R"({{"id":{},"name":"Main","info":"{}","records":[{{"from":1700000000000,)"
        R"("to":1700000060000,"counts":[{{"name":"{}","value":{}}}]}}]}})",
        id,
        info,
        info.find("ZONE") == std::string::npos ? "fw" : "count",
        count
    );
}

TEST_CASE("trap: groups, prams and wheelchairs are no people of their own", "[formats]") {
    std::string list = named_logic("1", "XLT_LINE_IN_OUT_COUNT", 3);
    for (const char* other : {"GROUP", "PRAM", "WHEELCHAIR", "SHOPPING_CART", "BICYCLE"}) {
        list += "," + named_logic("1", fmt::format("XLT_{}_LINE_IN_OUT_COUNT", other), 5);
    }
    const Report report = parsed("xovis", logics(list));
    CHECK(
        lines_of(report) ==
        XovisLines{"store.footfall.in{door=Main} delta 3 @1700000060000 from 1700000000000 of "
                   "80:1F:12:AA:BB:CC"}
    );
    CHECK(report.bad_elements.empty());
}

TEST_CASE("trap: two lines of one name are two doors", "[formats]") {
    const auto line = [](const std::string& door, int count, const std::string& device) {
        return fmt::format(
            "store.footfall.in{{door={}}} delta {} @1700000060000 from 1700000000000 of {}",
            door,
            count,
            device
        );
    };
    const std::string v5 = "80:1F:12:AA:BB:CC";
    const auto two = [](const std::string& id, const std::string& info) {
        return lines_of(parsed(
            "xovis", logics(named_logic("1", "XLT_LINE", 3) + "," + named_logic(id, info, 5))
        ));
    };
    CHECK(two("2", "XLT_LINE") == XovisLines{line("Main", 3, v5), line("Main 2", 5, v5)});
    CHECK(two("1", "XLT_LINE") == XovisLines{line("Main", 3, v5), line("Main", 5, v5)});
    CHECK(two("2", "XLT_ZONE")[1].starts_with("store.occupancy{zone=Main} gauge 5"));
    const auto element = [](int id, int count) {
        return fmt::format(
            R"({{"element-id":{},"element-name":"Main","data-type":"LINE","measurement":[{{)"
            R"("from":1700000000000,"to":1700000060000,"fw":{}}}]}})",
            id,
            count
        );
    };
    CHECK(
        lines_of(parsed(
            "xovis",
            R"({"sensor-info":{"serial-number":"S9"},"content":{"element":[)" + element(0, 3) +
                "," + element(1, 5) + "]}}"
        )) == XovisLines{line("Main", 3, "S9"), line("Main 1", 5, "S9")}
    );
}

TEST_CASE("trap: a Xovis 5 as XML, its data as root and its lists in lists", "[formats]") {
    const auto xml = [](const std::string& records) {
        return "<x:logics_data xmlns:x=\"u\"><sensor_info><serial_number>S5</serial_number>"
               "</sensor_info><logics><logic><id>1</id><name>Main</name><info>XLT_LINE</info>" +
               records + "</logic></logics></x:logics_data>";
    };
    const std::string times = "<from>1700000000000</from><to>1700000060000</to>";
    const std::string nested =
        xml("<records><record>" + times +
            "<counts><count><name>fw</name><value>3</value></count>"
            "<count><name>bw</name><value>1</value></count></counts></record></records>");
    const XovisLines expected{
        "store.footfall.in{door=Main} delta 3 @1700000060000 from 1700000000000 of S5",
        "store.footfall.out{door=Main} delta 1 @1700000060000 from 1700000000000 of S5"};
    CHECK(lines_of(parsed("xovis", nested)) == expected);
    CHECK(lines_of(parsed("xovis", "<push>" + nested + "</push>")) == expected);
    const std::string flat = "<records>" + times +
                             "<counts><name>fw</name><value>3</value></counts>"
                             "<counts><name>bw</name><value>1</value></counts></records>";
    CHECK(lines_of(parsed("xovis", xml(flat))) == expected);
    CHECK(
        bad_of(parsed("xovis", xml(""))) ==
        XovisLines{"/logics_data/logics/logic/records is missing"}
    );
    CHECK(
        bad_of(parsed("xovis", xml("<records/>"))) ==
        XovisLines{"/logics_data/logics/logic/records is empty"}
    );
    CHECK(
        parsed(
            "xovis",
            "<live_data><frames><frame><time>1700000000000</time><events><event>"
            "<type>ZONE_ENTRY</type><attributes><geometry_name>Desk</geometry_name>"
            "</attributes></event></events></frame></frames></live_data>"
        )
            .readings.size() == 1
    );
    CHECK(
        alarms_of(parsed(
            "xovis",
            "<status_data><states><device><state><state>ERROR</state></state></device></states>"
            "</status_data>"
        )) == XovisLines{"+device.alarm.device of "}
    );
}

TEST_CASE("xovis 5: the status gives firmware and alarms", "[formats]") {
    const Report report = parsed(
        "xovis",
        R"({"status_data":{"sensor_info":{"serial_number":"S1"},"states":{)"
        R"("device":{"state":{"state":"OK"}},"time":{"state":{"state":"NOT_SYNCED",)"
        R"("details":{"ntp_rms_offset":0.25}}},"updates":{"state":{"state":"OK","version":"5.0.3"}},)"
        R"("singlesensor":{"status":{"illumination":"SUFFICIENT"}}}}})"
    );
    CHECK(report.devices[0].firmware == "5.0.3");
    CHECK(report.readings.empty());
    CHECK(
        alarms_of(report) ==
        XovisLines{
            "-device.alarm.device of S1", "+device.alarm.time of S1", "-device.alarm.updates of S1"}
    );
}

TEST_CASE("trap: a status tells of its sensor among its states only", "[formats]") {
    const std::string device =
        R"("device":{"info":{"fw_version":"5.0.3-97","prod_code":"PC2SUL","serial":"S7",)"
        R"("type":"PC2S"},"state":{"state":"OK"}})";
    for (const std::string& data : {R"("states":{)" + device + "}", device}) {
        const Report report = parsed("xovis", R"({"status_data":{)" + data + "}}");
        REQUIRE(report.devices.size() == 1);
        CHECK(report.devices[0].device == "S7");
        CHECK(report.devices[0].firmware == "5.0.3-97");
        CHECK(report.devices[0].model == "PC2S");
        CHECK(alarms_of(report) == XovisLines{"-device.alarm.device of S7"});
        CHECK(report.bad_elements.empty());
    }
}

TEST_CASE("xovis 4: XML says the same as JSON", "[formats]") {
    const Report report = parsed(
        "xovis",
        R"(<?xml version="1.0"?><x:data xmlns:x="http://xovis"><x:sensor-info><x:serial-number>)"
        R"(S9</x:serial-number>)"
        R"(</x:sensor-info><x:status><x:code>OK</x:code></x:status><x:content><x:element>)"
        R"(<x:element-name>Door</x:element-name><x:data-type>LINE</x:data-type>)"
        R"(<x:resolution>ONE_MINUTE</x:resolution>)"
        R"(<x:measurement><x:from>2026-11-22T10:00:00+01:00</x:from><x:to>2026-11-22T10:01:00+01:00</x:to>)"
        R"(<x:value label="fw">3</x:value><x:value><x:value>1</x:value><x:label>bw</x:label></x:value>)"
        R"(</x:measurement><x:measurement to="2026-11-22T10:02:00+01:00"><x:fw>2</x:fw><x:bw/></x:measurement>)"
        R"(</x:element></x:content></x:data>)"
    );
    CHECK(
        lines_of(report) ==
        XovisLines{
            "store.footfall.in{door=Door} delta 3 @1795338060000 from 1795338000000 of S9",
            "store.footfall.out{door=Door} delta 1 @1795338060000 from 1795338000000 of S9",
            "store.footfall.in{door=Door} delta 2 @1795338120000 from 1795338060000 of S9"}
    );
    CHECK(bad_of(report) == XovisLines{"/data/content/element/measurement[2]/bw is empty"});
}

TEST_CASE("xovis 4: events count once, by the counted one", "[formats]") {
    const Report report = parsed(
        "xovis",
        R"({"values":[)"
        R"({"timestamp":1632385264305,"type":"LineCrossing","serial":"S1","direction":"forward",)"
        R"("object":{"id":3},"countItem":{"id":0,"name":"Line 0"}},)"
        R"({"timestamp":1632385264305,"type":"LineCount","serial":"S1","direction":"forward",)"
        R"("object":{"id":3,"gender":"MALE"},"countItem":{"id":0,"name":"Line 0"}},)"
        R"({"timestamp":1632385264305,"type":"FillLevelChanged","serial":"S1","fillLevel":5,)"
        R"("countItem":{"id":0,"name":"Zone 0"}},)"
        R"({"timestamp":1632385264305,"type":"ZoneDwellTime","serial":"S1","dwellTime":2500,)"
        R"("countItem":{"id":0,"name":"Zone 0"}},)"
        R"({"timestamp":1632385264305,"type":"LineCount","serial":"S1","direction":"up",)"
        R"("countItem":{"id":0,"name":"Line 0"}}]})"
    );
    CHECK(
        lines_of(report) ==
        XovisLines{
            "store.footfall.in{door=Line 0} delta 1 @1632385264305 of S1",
            "store.occupancy{zone=Zone 0} gauge 5 @1632385264305 of S1",
            "store.dwell{zone=Zone 0} histogram 2.5 @1632385264305 of S1"}
    );
    CHECK(bad_of(report) == XovisLines{"/values/4/direction is neither forward nor backward"});
    CHECK(report.private_fields.at("gender") == 1);
}

TEST_CASE("trap: a wrong schema gives one clear error", "[formats]") {
    CHECK(refused("xovis", R"({"in":1,"out":2})") == "is no message of a Xovis sensor");
    CHECK(refused("xovis", "hello") == "is neither JSON nor XML");
    CHECK(refused("xovis", "") == "is neither JSON nor XML");
    CHECK(refused("xovis", "<a><b></a>") == "is not XML");
    // Behind a broker the topic says what is whose; that of others is nobody's mistake.
    const std::set<std::string_view> brokered{"esphome", "shelly", "tasmota", "zigbee2mqtt"};
    for (const Format& format : formats()) {
        INFO(format.name);
        if (brokered.count(format.name) != 0) {
            continue;
        }
        CHECK_FALSE(refused(format.name, R"({"something":"else"})").empty());
        CHECK_FALSE(refused(format.name, "[1,2]").empty());
        CHECK_FALSE(refused(format.name, "<other/>").empty());
        CHECK_FALSE(refused(format.name, std::string(5000, '[')).empty());
    }
}

TEST_CASE("formats: they are sorted and found by name", "[formats]") {
    for (std::size_t i = 1; i < formats().size(); ++i) {
        CHECK(formats()[i - 1].name < formats()[i].name);
    }
    CHECK(find_format("xovis") != nullptr);
    CHECK(find_format("Xovis") == nullptr);
}

}  // namespace
}  // namespace cxedge::devices::test
