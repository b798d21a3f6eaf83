// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>
#include <random>
#include <sstream>

#include "plugins/_devices/formats.hpp"
#include "plugins/_devices/privacy.hpp"

#include "tests/plugins/case_folder.hpp"
#include "tests/plugins/mqtt_local/report_lines.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using Lines = std::vector<std::string>;

std::filesystem::path shared_devices() {
    const char* const given = std::getenv("CXEDGE_SHARED");
    return std::filesystem::path(given == nullptr ? SHARED : given) / "data/devices";
}

Lines zigbee(std::string_view topic, std::string_view body) {
    return parsed_lines("zigbee2mqtt", topic, body);
}

Lines shelly(std::string_view topic, std::string_view body) {
    return parsed_lines("shelly", topic, body);
}

Lines tasmota(std::string_view topic, std::string_view body) {
    return parsed_lines("tasmota", topic, body);
}

Lines esphome(std::string_view topic, std::string_view body) {
    return parsed_lines("esphome", topic, body);
}

}  // namespace

TEST_CASE("zigbee2mqtt: contact true is closed", "[plugins][mqtt_local]") {
    CHECK(
        zigbee("zigbee2mqtt/front", R"({"contact":true,"linkquality":1})") ==
        Lines{"store.door.open{door=front} front 0", "device front"}
    );
    CHECK(
        zigbee("zigbee2mqtt/front", R"({"contact":false})") ==
        Lines{"store.door.open{door=front} front 1", "device front"}
    );
}

TEST_CASE("zigbee2mqtt: everything that a sensor measures", "[plugins][mqtt_local]") {
    CHECK(
        zigbee("site/zigbee2mqtt/hall/air", R"({"temperature":21.5,"humidity":"40","co2":700,
            "illuminance":900,"illuminance_lux":12,"power":-3,"presence":false,"occupancy":true,
            "battery":"87.5","last_seen":1700000000000,"pressure":990,"action":"single"})") ==
        Lines{
            "store.env.temperature{room=hall/air} hall/air 21.5",
            "store.env.humidity{room=hall/air} hall/air 40",
            "store.env.co2{room=hall/air} hall/air 700",
            "store.env.illuminance{room=hall/air} hall/air 12",
            "store.power{circuit=hall/air} hall/air -3",
            "store.presence{room=hall/air} hall/air 0",
            "device hall/air battery 87.5 seen 1700000000000"}
    );
    CHECK(
        zigbee("zigbee2mqtt/x", R"({"water_leak":true,"illuminance":5,"local_temperature":20})") ==
        Lines{
            "store.env.temperature{room=x} x 20",
            "store.env.illuminance{room=x} x 5",
            "store.water_leak{room=x} x 1",
            "device x",
            "raise device.water_leak x"}
    );
}

TEST_CASE("zigbee2mqtt: one wrong field does not spoil the others", "[plugins][mqtt_local]") {
    CHECK(
        zigbee("zigbee2mqtt/x", R"({"temperature":"warm","contact":"maybe","humidity":null,
            "battery":{},"last_seen":"soon","co2":500,"occupancy":[]})") ==
        Lines{
            "store.env.co2{room=x} x 500",
            "device x",
            "bad /temperature is not a number",
            "bad /contact is not true or false",
            "bad /occupancy is not true or false",
            "bad /last_seen is not a time",
            "bad /battery is not a number"}
    );
    CHECK(zigbee("zigbee2mqtt/x", "{") == Lines{"error is not JSON"});
    CHECK(zigbee("zigbee2mqtt/x", "[]") == Lines{"error is not a JSON object"});
    CHECK(zigbee("zigbee2mqtt/x", "").empty());
}

TEST_CASE("zigbee2mqtt: attributes on topics of their own", "[plugins][mqtt_local]") {
    CHECK(
        zigbee("zigbee2mqtt/front/contact", "false") ==
        Lines{"store.door.open{door=front} front 1", "device front"}
    );
    CHECK(
        zigbee("zigbee2mqtt/a/b/temperature", "19.5") ==
        Lines{"store.env.temperature{room=a/b} a/b 19.5", "device a/b"}
    );
}

TEST_CASE("zigbee2mqtt: availability in both forms", "[plugins][mqtt_local]") {
    CHECK(zigbee("zigbee2mqtt/front/availability", "offline") == Lines{"device front down"});
    CHECK(
        zigbee("zigbee2mqtt/a/b/availability", R"({"state":"online"})") == Lines{"device a/b up"}
    );
    CHECK(
        zigbee("zigbee2mqtt/a/availability", R"({"state":7})") ==
        Lines{"error says neither online nor offline"}
    );
    CHECK(zigbee("zigbee2mqtt/a/availability", "").empty());
}

TEST_CASE("zigbee2mqtt: the bridge, its devices, and what is ignored", "[plugins][mqtt_local]") {
    CHECK(zigbee("zb/bridge/state", "offline") == Lines{"raise device.bridge_offline zb"});
    CHECK(
        zigbee("zigbee2mqtt/floor/bridge/state", "offline") ==
        Lines{"raise device.bridge_offline zigbee2mqtt/floor"}
    );
    CHECK(
        zigbee("zb/bridge/state", R"({"state":"online"})") ==
        Lines{"clear device.bridge_offline zb"}
    );
    CHECK(
        zigbee("zigbee2mqtt/bridge/devices", R"([
            {"type":"Coordinator","friendly_name":"Coordinator","ieee_address":"0x00"},
            {"type":"EndDevice","friendly_name":"front","ieee_address":"0x00158d0001dc1234",
             "software_build_id":"1.2","definition":{"model":"MCCGQ11LM","vendor":"Aqara"}},
            {"type":"Router","friendly_name":"plug","model_id":"TS011F","definition":null},
            {"type":"EndDevice"}, null, 7])") ==
        Lines{
            "listed front model MCCGQ11LM fw 1.2",
            "listed plug model TS011F",
            "bad /3 is no device with a name",
            "bad /4 is no device with a name",
            "bad /5 is no device with a name",
            "private mac 1"}
    );
    CHECK(
        zigbee("zigbee2mqtt/bridge/devices", "{}") == Lines{"error is not a JSON list of devices"}
    );
    for (const char* const topic :
         {"zigbee2mqtt/bridge/logging",
          "zigbee2mqtt/bridge/groups",
          "zigbee2mqtt/front/set",
          "zigbee2mqtt/front/get",
          "zigbee2mqtt/front/set/state"}) {
        CHECK(zigbee(topic, "[{}").empty());
    }
    // A group's state has nothing that only a radio says.
    CHECK(zigbee("zigbee2mqtt/all_lamps", R"({"state":"ON","brightness":200})").empty());
}

TEST_CASE("shelly: a full status overlays a partial one", "[plugins][mqtt_local]") {
    CHECK(
        shelly("shop/one/events/rpc", R"({"src":"shellyplus1pm-aabbccddeeff","method":
            "NotifyStatus","params":{"ts":1700000000.25,"switch:0":{"id":0,"apower":12.5}}})") ==
        Lines{
            "store.power{circuit=shop/one} shop/one 12.5 @1700000000250",
            "device shop/one model shellyplus1pm"}
    );
    CHECK(
        shelly("s/events/rpc", R"({"src":"s","method":"NotifyFullStatus","params":{"ts":null,
            "switch:0":{"output":true,"apower":0},"switch:1":{"output":false,"apower":7},
            "input:0":{"state":false},"input:1":{"state":null},"temperature:100":{"tC":3.5},
            "humidity:0":{"rh":44},"illuminance:0":{"lux":80,"illumination":"dark"},
            "flood:0":{"alarm":true},"devicepower:0":{"battery":{"V":5,"percent":93}},
            "sys":{"available_updates":{"stable":{"version":"9"}}},"wifi":{"ssid":"x"},
            "script:1":null,"em:0":{"total_act_power":100}}})") ==
        Lines{
            "store.power{circuit=s} s 100",
            "store.water_leak{room=s} s 1",
            "store.env.humidity{room=s} s 44",
            "store.env.illuminance{room=s} s 80",
            "device.input{input=input:0} s 0",
            "store.power{circuit=s} s 0",
            "device.output{output=switch:0} s 1",
            "store.power{circuit=s/1} s 7",
            "device.output{output=switch:1} s 0",
            "store.env.temperature{room=s/100} s 3.5",
            "device s battery 93",
            "raise device.water_leak s",
            "raise device.update_available s"}
    );
}

TEST_CASE("trap: a device without time (null)", "[plugins][mqtt_local]") {
    for (const char* const ts : {"null", "\"\"", "12.5", "{}"}) {
        const std::string body =
            std::string(R"({"src":"s","method":"NotifyStatus","params":{"ts":)") + ts +
            R"(,"temperature:0":{"tC":20},"sys":{"time":null}}})";
        CHECK(
            shelly("s/events/rpc", body) ==
            Lines{
                "store.env.temperature{room=s} s 20",
                "device s",
            }
        );
    }
}

TEST_CASE("shelly: broken parts are said, the rest counts", "[plugins][mqtt_local]") {
    CHECK(
        shelly("s/events/rpc", R"({"method":"NotifyStatus","params":{"temperature:0":{"tC":null},
            "humidity:0":{"rh":"wet"},"switch:0":7,"devicepower:0":{"battery":{"percent":"x"}},
            "temperature:1":{"tC":4}}})") ==
        Lines{
            "store.env.temperature{room=s} s lost",
            "store.env.temperature{room=s/1} s 4",
            "device s",
            "bad /devicepower/battery/percent is not a number",
            "bad /humidity:0/rh is not a number",
            "bad /switch:0 is no object"}
    );
    CHECK(
        shelly("s/events/rpc", R"({"method":"NotifyEvent","params":{"ts":1700000000,
            "events":[{"component":"input:0","event":"single_push"},{},null]}})") ==
        Lines{"device s", "bad /params/events/1 is no event", "bad /params/events/2 is no event"}
    );
    CHECK(shelly("s/events/rpc", "{}") == Lines{"error has neither params nor result"});
    CHECK(shelly("s/events/rpc", "nonsense") == Lines{"error is not JSON"});
}

TEST_CASE("shelly: other topics", "[plugins][mqtt_local]") {
    CHECK(shelly("a/b/online", "false") == Lines{"device a/b down"});
    CHECK(shelly("a/b/online", "true") == Lines{"device a/b up"});
    CHECK(
        shelly("shellypmmini-aabbccddeeff/status/pm1:0", R"({"id":0,"apower":5})") ==
        Lines{
            "store.power{circuit=shellypmmini-aabbccddeeff} shellypmmini-aabbccddeeff 5",
            "device shellypmmini-aabbccddeeff model shellypmmini"}
    );
    CHECK(
        shelly("", R"({"id":1,"src":"s","result":{"mac":"AABBCCDDEEFF","model":"SNSW","ver":"1.1",
            "temperature:0":{"tC":1}}})") ==
        Lines{"store.env.temperature{room=s} s 1", "device s model SNSW fw 1.1", "private mac 1"}
    );
    CHECK(shelly("a/command/switch:0", "on").empty());
}

TEST_CASE("tasmota: sensors, energy and power", "[plugins][mqtt_local]") {
    CHECK(
        tasmota("tele/fridge/SENSOR", R"({"Time":"2023-11-14T22:13:20","AM2301":{"Temperature":41,
            "Humidity":50.5,"DewPoint":5},"ENERGY":{"Power":[10,"20"],"Total":3},
            "ESP32":{"Temperature":60},"Switch1":"ON","TempUnit":"F"})") ==
        Lines{
            "store.env.temperature{room=fridge} fridge 5 @1700000000000L",
            "store.env.humidity{room=fridge} fridge 50.5 @1700000000000L",
            "store.power{circuit=fridge} fridge 10 @1700000000000L",
            "store.power{circuit=fridge/1} fridge 20 @1700000000000L",
            "device.input{input=Switch1} fridge 1 @1700000000000L",
            "device fridge"}
    );
    CHECK(
        tasmota("shop/two/tele/SENSOR", R"({"DS18B20-1":{"Temperature":1},"DS18B20-2":
            {"Temperature":null},"SCD40":{"CarbonDioxide":"thick"},"RDM6300":{"UID":"12AB"}})") ==
        Lines{
            "store.env.temperature{room=shop/two/DS18B20-1} shop/two 1",
            "store.env.temperature{room=shop/two/DS18B20-2} shop/two lost",
            "device shop/two",
            "bad /SCD40/CarbonDioxide is not a number",
            "private identity 1"}
    );
    CHECK(
        tasmota("tele/p/STATE", R"({"Time":"x","POWER1":"ON","POWER2":"OFF","POWERONSTATE":1})") ==
        Lines{
            "device.output{output=POWER1} p 1",
            "device.output{output=POWER2} p 0",
            "device p",
            "bad /Time is not a time"}
    );
    CHECK(
        tasmota("stat/p/STATUS10", R"({"StatusSNS":{"BH1750":{"Illuminance":7}}})") ==
        Lines{"store.env.illuminance{room=p} p 7", "device p"}
    );
}

TEST_CASE("tasmota: who is there, and what is plain text", "[plugins][mqtt_local]") {
    CHECK(tasmota("tele/p/LWT", "Online") == Lines{"device p up"});
    CHECK(tasmota("p/tele/LWT", "Offline") == Lines{"device p down"});
    CHECK(tasmota("stat/p/POWER", "OFF") == Lines{"device.output{output=POWER} p 0", "device p"});
    CHECK(tasmota("stat/p/POWER", "?") == Lines{"error is neither ON nor OFF"});
    CHECK(
        tasmota("tele/p/INFO1", R"x({"Info1":{"Module":"Plug","Version":"13.1(tasmota)"}})x") ==
        Lines{"device p model Plug fw 13.1(tasmota)"}
    );
    CHECK(tasmota("tele/p/SENSOR", "5") == Lines{"error is not a JSON object"});
    CHECK(tasmota("cmnd/p/POWER", "ON").empty());
    CHECK(tasmota("stat/p/LOGGING", "text").empty());
}

TEST_CASE("esphome: names say what is measured", "[plugins][mqtt_local]") {
    CHECK(
        esphome("node/sensor/kitchen_temperature/state", "21.5") ==
        Lines{"store.env.temperature{room=node/kitchen} node 21.5", "device node"}
    );
    CHECK(
        esphome("a/b/sensor/humidity/state", "nan") ==
        Lines{"store.env.humidity{room=a/b} a/b lost", "device a/b"}
    );
    CHECK(esphome("n/sensor/battery_level/state", "50") == Lines{"device n battery 50"});
    CHECK(
        esphome("n/sensor/co2/state", R"({"value":"600"})") ==
        Lines{"store.env.co2{room=n} n 600", "device n"}
    );
    CHECK(esphome("n/sensor/humidity/state", "wet") == Lines{"error is not a number"});
    for (const char* const other :
         {"cpu_temperature", "target_temperature", "apparent_power", "wifi_signal", "ip_address"}) {
        CHECK(esphome("n/sensor/" + std::string(other) + "/state", "1") == Lines{"device n"});
    }
}

TEST_CASE("esphome: contacts, presence, switches, status", "[plugins][mqtt_local]") {
    CHECK(
        esphome("n/binary_sensor/back_door/state", "ON") ==
        Lines{"store.door.open{door=n/back} n 1", "device n"}
    );
    CHECK(
        esphome("n/binary_sensor/motion/state", "OFF") ==
        Lines{"store.presence{room=n} n 0", "device n"}
    );
    CHECK(
        esphome("n/switch/relay/state", "ON") ==
        Lines{"device.output{output=relay} n 1", "device n"}
    );
    CHECK(esphome("n/status", "offline") == Lines{"device n down"});
    CHECK(esphome("n/debug", "[E] text").empty());
    CHECK(esphome("n/switch/relay/command", "ON").empty());
    CHECK(esphome("n/binary_sensor/door/state", "ajar") == Lines{"error is neither ON nor OFF"});
}

TEST_CASE("privacy: an address within a name does not pass", "[plugins][mqtt_local]") {
    const std::string one = devices::without_addresses("shellyplusht-b8d61a8b17cc");
    CHECK(one.starts_with("shellyplusht-"));
    CHECK(one.find("b8d61a8b17cc") == std::string::npos);
    CHECK(one == devices::without_addresses("shellyplusht-B8D61A8B17CC"));
    CHECK(devices::without_addresses("0x00158d0001dc1234").size() == 8);
    CHECK(devices::without_addresses("a/0x00158d0001dc1234/x").ends_with("/x"));
    for (const char* const name : {"", "front door", "tasmota_1A2B3C", "123456789012", "a/b-c"}) {
        CHECK(devices::without_addresses(name) == name);
    }
}

TEST_CASE("brokered formats: any bytes give a report or an error", "[plugins][mqtt_local]") {
    std::mt19937 random(7);
    constexpr std::string_view kSeeds[] = {
        R"({"contact":true,"last_seen":"2023-09-01T18:11:52-04:00","battery":1})",
        R"({"src":"s","method":"NotifyStatus","params":{"ts":1,"switch:0":{"apower":1}}})",
        R"({"Time":"2023-11-14T22:13:20","A":{"Temperature":41},"ENERGY":{"Power":[1]}})",
        R"([{"friendly_name":"x"}])"};
    constexpr std::string_view kTopics[] = {
        "zigbee2mqtt/x",
        "zigbee2mqtt/bridge/devices",
        "x/events/rpc",
        "x/status/switch:0",
        "tele/x/SENSOR",
        "n/sensor/temperature/state",
        "n/binary_sensor/door/state",
        "",
        "/",
        "a"};
    for (int i = 0; i < 20'000; ++i) {
        std::string body(kSeeds[random() % std::size(kSeeds)]);
        for (unsigned j = random() % 4; j > 0; --j) {
            body[random() % body.size()] = static_cast<char>(random() % 256);
        }
        const std::string_view topic = kTopics[random() % std::size(kTopics)];
        for (const devices::Format& format : devices::formats()) {
            const auto report = format.parse({body, {}, topic});
            CHECK((report.ok() || !report.error().message.empty()));
        }
    }
}

TEST_CASE("brokered formats: the recorded lines are understood", "[plugins][mqtt_local]") {
    if (!std::filesystem::exists(shared_devices() / "zigbee2mqtt_lines.txt")) {
        WARN("skipped: needs shared/data/devices");
        return;
    }
    Lines all;
    std::istringstream lines(read_text(shared_devices() / "zigbee2mqtt_lines.txt"));
    for (std::string line; std::getline(lines, line);) {
        const std::size_t blank = line.find(' ');
        for (const auto& one : zigbee(line.substr(0, blank), line.substr(blank + 1))) {
            all.push_back(one);
        }
    }
    CHECK(
        all ==
        Lines{
            "store.door.open{door=door1} door1 0",
            "device door1",
            "store.water_leak{room=leak1} leak1 0",
            "device leak1 battery 100",
            "clear device.water_leak leak1",
            "store.env.illuminance{room=pir1} pir1 28",
            "store.presence{room=pir1} pir1 1",
            "device pir1 battery 100 seen 1693606312000",
            "clear device.bridge_offline zigbee2mqtt"}
    );
    const std::string id = "shellyplusht-b8d61a8b17cc";
    CHECK(
        shelly(
            id + "/events/rpc", read_text(shared_devices() / "shelly_gen2_notifyfullstatus.json")
        ) ==
        Lines{
            "store.env.humidity{room=" + id + "} " + id + " 42.2 @1680962879620",
            "store.env.temperature{room=" + id + "} " + id + " 19.8 @1680962879620",
            "device " + id + " model shellyplusht battery 0",
            "private mac 1"}
    );
}

TEST_CASE("trap: names in a message do not come back in a complaint", "[plugins][mqtt_local]") {
    const auto bad = [](const Lines& lines) {
        return lines.empty() ? std::string() : lines.back();
    };
    CHECK(
        bad(shelly("s/events/rpc", R"({"params":{"temperature:Jane Doe":{"tC":"x"}}})")) ==
        "bad /temperature:*/tC is not a number"
    );
    CHECK(
        bad(shelly("s/events/rpc", R"({"params":{"humidity:4915112345678":4}})")) ==
        "bad /humidity:* is no object"
    );
    CHECK(
        bad(shelly("s/events/rpc", R"({"params":{"humidity:100":4}})")) ==
        "bad /humidity:100 is no object"
    );
    CHECK(bad(shelly("s/status/sys", "4")) == "bad /sys is no object");
    CHECK(
        bad(tasmota("tele/t/SENSOR", R"({"Jane Doe":{"Temperature":"x"}})")) ==
        "bad /*/Temperature is not a number"
    );
    CHECK(
        bad(tasmota("tele/t/SENSOR", R"({"DS18B20-Jane":{"Temperature":"x"}})")) ==
        "bad /DS18B20/Temperature is not a number"
    );
}

}  // namespace cxedge::test
