// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/link_codec.hpp"

#include <limits>
#include <memory>
#include <string>

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

namespace link = wire::link;

template <class T>
T round_trip(const T& frame) {
    const auto decoded = link::decode(link::encode(frame));
    INFO((decoded ? "" : decoded.error().message));
    REQUIRE(decoded);
    REQUIRE(std::holds_alternative<T>(*decoded));
    return std::get<T>(*decoded);
}

std::string link_error(const std::string& bytes) {
    const auto decoded = link::decode(bytes);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == ErrorCode::corrupt);
    return decoded.error().message;
}

SettingsNode leaf(decltype(SettingsNode::value) value) {
    SettingsNode node;
    node.value = std::move(value);
    return node;
}

SettingsNode nested(int depth) {
    SettingsNode node = leaf(true);
    for (int i = 1; i < depth; ++i) {
        SettingsNode outer = leaf(SettingsNode::Table{});
        outer.table()->emplace_back("t", std::move(node));
        node = std::move(outer);
    }
    return node;
}

}  // namespace

TEST_CASE("link: hello, heartbeat, problem, checked, commit and committed arrive", "[wire]") {
    const link::Hello hello = round_trip(link::Hello{1, "camera", "0.1.0", 4711});
    CHECK(hello.protocol == 1);
    CHECK(hello.plugin == "camera");
    CHECK(hello.version == "0.1.0");
    CHECK(hello.pid == 4711);
    CHECK(round_trip(link::Heartbeat{1ULL << 60U}).readings == 1ULL << 60U);
    CHECK(round_trip(link::Problem{"no signal"}).text == "no signal");
    const DeviceNote note{"door", "PC2S", "5.1", 80.0, false};
    CHECK(round_trip(link::DeviceFrame{note}).note == note);
    CHECK(round_trip(link::DeviceFrame{{"door", "", "", {}, true}}).note.battery == std::nullopt);
    CHECK(round_trip(link::Keep{std::string("\0\xff", 2)}).bytes == std::string("\0\xff", 2));
    CHECK(round_trip(link::Checked{}).problems.empty());
    CHECK(round_trip(link::Checked{{"a", "b"}}).problems == std::vector<std::string>{"a", "b"});
    CHECK(round_trip(link::Commit{7}).ticket == 7);
    CHECK(round_trip(link::Committed{8, "disk full"}).error == "disk full");
    CHECK(round_trip(link::Committed{8, ""}).ticket == 8);
}

TEST_CASE("link: log lines keep their level and lose bytes that are not text", "[wire]") {
    for (const auto level :
         {log::Level::debug, log::Level::info, log::Level::warn, log::Level::error}) {
        CHECK(round_trip(link::LogLine{level, "x"}).level == level);
    }
    CHECK(round_trip(link::LogLine{log::Level::info, "\xFF!"}).text == "\xEF\xBF\xBD!");
    CHECK(
        round_trip(link::LogLine{log::Level::info, std::string(100'000, 'x')}).text.size() == 8192
    );
}

TEST_CASE("link: bye keeps every code", "[wire]") {
    CHECK_FALSE(round_trip(link::Bye{}).failed);
    for (const auto code :
         {ErrorCode::invalid_argument,
          ErrorCode::not_found,
          ErrorCode::unavailable,
          ErrorCode::corrupt,
          ErrorCode::exhausted}) {
        const link::Bye bye = round_trip(link::Bye{true, code, "why"});
        CHECK(bye.failed);
        CHECK(bye.code == code);
        CHECK(bye.text == "why");
    }
}

TEST_CASE("link: declared series arrive whole", "[wire]") {
    link::Declare declare;
    declare.id = 3;
    declare.info.key = {"net.bytes", {{"if", "eth0"}, {"way", "in"}}};
    declare.info.kind = Kind::counter;
    declare.info.unit = "By";
    declare.info.counter_bits = 64;
    CHECK(round_trip(declare).info == declare.info);
    CHECK(round_trip(declare).id == 3);
    declare.info.kind = Kind::state;
    declare.info.counter_bits = 0;
    declare.info.states = {"down", "up"};
    CHECK(round_trip(declare).info == declare.info);
}

TEST_CASE("link: a full frame of readings fits a datagram", "[wire]") {
    link::Readings readings;
    for (std::uint32_t i = 0; i < link::kMaxReadingsPerFrame; ++i) {
        readings.readings.push_back(
            {i, i * 0.1, i % 5 == 0, 86'400'000LL + i, 1'700'000'000'000 + i}
        );
    }
    CHECK(link::encode(readings).size() < link::kMaxFrameBytes);
    const link::Readings got = round_trip(readings);
    REQUIRE(got.readings.size() == readings.readings.size());
    for (std::size_t i = 0; i < got.readings.size(); ++i) {
        CHECK(got.readings[i].id == readings.readings[i].id);
        CHECK(got.readings[i].value == readings.readings[i].value);
        CHECK(got.readings[i].lost == readings.readings[i].lost);
        CHECK(got.readings[i].boot_ms == readings.readings[i].boot_ms);
        CHECK(got.readings[i].device_ms == readings.readings[i].device_ms);
    }
}

TEST_CASE("link: events arrive with either kind of time", "[wire]") {
    link::EventFrame frame;
    frame.event.name = "fb.rating";
    frame.event.severity = Severity::critical;
    frame.event.state = EventState::ack;
    frame.event.id.fill(0xAB);
    frame.event.subject = "terminal/2";
    frame.event.text = "four of five";
    frame.event.attrs = {{"stars", "4"}};
    for (const SampleTime time :
         {at_boot(BootTime(77)), at_wall(from_unix_ms(1'700'000'000'000)), SampleTime{}}) {
        frame.event.time = time;
        const Event got = round_trip(frame).event;
        CHECK(got.name == frame.event.name);
        CHECK(got.severity == frame.event.severity);
        CHECK(got.state == frame.event.state);
        CHECK(got.id == frame.event.id);
        CHECK(got.subject == frame.event.subject);
        CHECK(got.text == frame.event.text);
        CHECK(got.attrs == frame.event.attrs);
        CHECK(got.time == time);
    }
}

TEST_CASE("link: settings keep their types and places", "[wire]") {
    const auto file = std::make_shared<const std::string>("site.toml");
    link::Welcome welcome;
    welcome.source = "entrance";
    welcome.heartbeat_ms = 500;
    welcome.check_only = true;
    welcome.kept = std::string("\xfe\0", 2);
    welcome.box = {"operator", "store-7", "probe-1"};
    welcome.settings = leaf(SettingsNode::Table{});
    welcome.settings.position = {file, 12, 1, "site"};
    SettingsNode number = leaf(std::numeric_limits<std::int64_t>::min());
    number.position = {file, 13, 8, "remote"};
    number.key_position = {file, 13, 1, "remote"};
    auto& table = *welcome.settings.table();
    table.emplace_back("port", number);
    table.emplace_back("gain", leaf(0.1));
    table.emplace_back("on", leaf(false));
    table.emplace_back("url", leaf(std::string("rtsp://10.0.0.9/main")));
    table.emplace_back(
        "line", leaf(SettingsNode::List{leaf(std::int64_t{1}), leaf(SettingsNode::Table{})})
    );

    const link::Welcome got = round_trip(welcome);
    CHECK(got.source == "entrance");
    CHECK(got.heartbeat_ms == 500);
    CHECK(got.check_only);
    CHECK(got.kept == welcome.kept);
    CHECK(got.box.tenant == "operator");
    CHECK(got.box.site == "store-7");
    CHECK(got.box.node == "probe-1");
    CHECK(to_string(got.settings.position) == to_string(welcome.settings.position));
    CHECK(got.settings.position.layer == "site");
    const SettingsNode* port = got.settings.find("port");
    REQUIRE(port != nullptr);
    CHECK(std::get<std::int64_t>(port->value) == std::numeric_limits<std::int64_t>::min());
    CHECK(port->position.layer == "remote");
    CHECK(port->key_position.line == 13);
    CHECK(*port->key_position.file == "site.toml");
    CHECK(std::get<double>(got.settings.find("gain")->value) == 0.1);
    CHECK_FALSE(std::get<bool>(got.settings.find("on")->value));
    CHECK_FALSE(got.settings.find("on")->position.file);
    CHECK(std::get<std::string>(got.settings.find("url")->value) == "rtsp://10.0.0.9/main");
    REQUIRE(got.settings.find("line")->list() != nullptr);
    CHECK(got.settings.find("line")->list()->size() == 2);
    CHECK((*got.settings.find("line")->list())[1].table() != nullptr);
}

TEST_CASE("link: settings with a thousand values and long file names fit a datagram", "[wire]") {
    const auto file =
        std::make_shared<const std::string>("/etc/cxedge/" + std::string(80, 'x') + ".toml");
    link::Welcome welcome;
    SettingsNode::List list;
    for (std::uint32_t i = 0; i < 1000; ++i) {
        list.push_back(leaf(i * 0.001));
        list.back().position = {file, 100 + i, 9, "site"};
    }
    welcome.settings = leaf(std::move(list));
    CHECK(link::encode(welcome).size() < link::kMaxFrameBytes / 2);
    CHECK(round_trip(welcome).settings.list()->size() == 1000);
}

TEST_CASE("link: settings nest as deep as stated and no deeper", "[wire]") {
    link::Welcome welcome;
    welcome.settings = nested(link::kMaxSettingsDepth);
    round_trip(welcome);
    welcome.settings = nested(link::kMaxSettingsDepth + 1);
    CHECK(
        link_error(link::encode(welcome)) ==
        "frame: welcome: settings: more than 24 tables within each other"
    );
    welcome.settings = nested(2000);
    CHECK(link_error(link::encode(welcome)).find("are not a Frame") != std::string::npos);
}

TEST_CASE("link: frames out of range say which field", "[wire]") {
    using namespace std::string_literals;
    CHECK(link_error("") == "frame: no kind that this version knows");
    CHECK(link_error("\xFF") == "frame: 1 bytes are not a Frame");
    CHECK(
        link_error(std::string(link::kMaxFrameBytes + 1, '\0')) ==
        "frame: 65537 bytes, at most 65536 allowed"
    );
    CHECK(link_error("\x1A\x02\x18\x05"s) == "frame: declare: kind 5 is unknown");
    CHECK(link_error("\x1A\x02\x38\x09"s) == "frame: declare: counter_bits 9 is unknown");
    CHECK(link_error("\x1A\x03\x2A\x01k"s) == "frame: declare: dim: a key without a value");
    CHECK(link_error("\x2A\x02\x10\x05"s) == "frame: event: severity or state 5 is unknown");
    CHECK(link_error("\x2A\x03\x22\x01x"s) == "frame: event: id has 1 bytes");
    CHECK(link_error("\x3A\x02\x08\x04"s) == "frame: log: level 4 is unknown");
    CHECK(link_error("\x4A\x02\x08\x06"s) == "frame: bye: code 6 is unknown");
    CHECK(link_error("\x12\x00"s) == "frame: welcome: settings: a setting without a value");
    std::string many;
    for (std::size_t i = 0; i <= link::kMaxReadingsPerFrame; ++i) {
        many += "\x0A\x00"s;
    }
    CHECK(
        link_error("\x22\x82\x10"s + many) ==
        "frame: readings: 1025 readings, at most 1024 in a frame"
    );
}

}  // namespace cxedge::test
