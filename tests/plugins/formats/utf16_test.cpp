// SPDX-License-Identifier: Apache-2.0
// Messages as UTF-16, with a byte order mark.
#include "plugins/_devices/plain_text.hpp"

#include "tests/plugins/formats/format_case.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::devices::test {
namespace {

// Of ASCII.
std::string utf16(std::string_view text, bool little) {
    std::string out = little ? "\xFF\xFE" : "\xFE\xFF";
    for (const char c : text) {
        out += little ? std::string{c, '\0'} : std::string{'\0', c};
    }
    return out;
}

TEST_CASE("trap: UTF-16 with its mark is read, as JSON and as XML", "[formats]") {
    const std::string axis =
        R"({"serial":"A","name":"Door","timestamp":1700000000,"in":3,"out":1})";
    const std::string hikvision =
        R"(<?xml version="1.0" encoding="UTF-16"?><EventNotificationAlert><ipAddress>a</ipAddress>)"
        "<dateTime>2020-04-19T19:35:00Z</dateTime><peopleCounting><enter>3</enter><exit>1</exit>"
        "</peopleCounting></EventNotificationAlert>\n";
    const std::string xovis =
        R"({"values":[{"timestamp":1632385264305,"type":"FillLevelChanged","fillLevel":5,)"
        R"("countItem":{"name":"Zone"}}]})"
        "\n";
    const std::string milesight = R"({"devEUI":"24e1","data":"04CC12001600"})";
    const std::pair<const char*, std::string> messages[] = {
        {"axis", axis}, {"hikvision", hikvision}, {"xovis", xovis}, {"milesight", milesight}};
    for (const auto& [format, message] : messages) {
        INFO(format);
        const auto lines = lines_of(parsed(format, message));
        CHECK_FALSE(lines.empty());
        CHECK(lines_of(parsed(format, utf16(message, true))) == lines);
        CHECK(lines_of(parsed(format, utf16(message, false))) == lines);
        CHECK(lines_of(parsed(format, "\xEF\xBB\xBF" + message)) == lines);
    }
}

TEST_CASE("trap: a mapping reads UTF-16, too", "[formats]") {
    const char* const value = "[[source.value]]\nmetric = \"store.occupancy\"\nkind = \"gauge\"\n";
    const auto json = make_reader(std::string("format = \"json\"\n") + value + "at = \"/n\"\n");
    REQUIRE(json.reader);
    CHECK(read(*json.reader, utf16(R"({"n":4})", true)).readings.size() == 1);
    const auto xml = make_reader(std::string("format = \"xml\"\n") + value + "at = \"/n\"\n");
    REQUIRE(xml.reader);
    CHECK(read(*xml.reader, utf16("<n>4</n>", false)).readings.size() == 1);
}

TEST_CASE("trap: broken UTF-16 is refused", "[formats]") {
    CHECK(refused("xovis", utf16("{}", true) + "x") == "is broken UTF-16");
    CHECK(refused("axis", std::string("\xFE\xFF\xD8\x3D", 4)) == "is broken UTF-16");
    CHECK(refused("hikvision", std::string("\xFF\xFE\x3D\xDC<\0", 6)) == "is broken UTF-16");
    CHECK(refused("xovis", std::string("\xFF\xFE\x3D\xD8<\0", 6)) == "is broken UTF-16");
}

TEST_CASE("formats: code points of one to four bytes", "[formats]") {
    const std::string body("\xFF\xFE\x41\x00\xE4\x00\xAC\x20\x3D\xD8\x00\xDE", 12);
    const auto plain = PlainText::of(body);
    REQUIRE(plain.ok());
    CHECK(plain->text() == "A\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
}

TEST_CASE("trap: bytes of a device that begin like a text's mark are bytes", "[formats]") {
    const std::string totals("\xFF\xFE\x01\x04\xCC\x12\x00\x16\x00", 9);
    const std::string battery("\x01\x75\x64", 3);
    for (const std::string& bytes : {totals, totals + battery}) {
        CHECK(parsed("milesight", bytes).readings.size() == 2);
    }
}

}  // namespace
}  // namespace cxedge::devices::test
