// SPDX-License-Identifier: Apache-2.0
// LINK.md is read by people who write plugins in other languages: its bytes must be true.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "agent/base/ids.hpp"
#include "agent/wire/link_codec.hpp"

#include "tests/support/catch.hpp"

namespace cxedge {
namespace {

namespace link = wire::link;

std::string document() {
    std::ifstream file(CXEDGE_LINK_MD);
    REQUIRE(file);
    return {std::istreambuf_iterator<char>(file), {}};
}

// The block of hex digits under "<!-- frame: name -->".
std::string hex_of(const std::string& name) {
    const std::string text = document();
    const std::size_t mark = text.find("<!-- frame: " + name + " -->");
    REQUIRE(mark != std::string::npos);
    const std::size_t begin = text.find('\n', text.find("```", mark)) + 1;
    std::string hex = text.substr(begin, text.find("```", begin) - begin);
    hex.erase(
        std::remove_if(hex.begin(), hex.end(), [](char c) { return c == ' ' || c == '\n'; }),
        hex.end()
    );
    return hex;
}

TEST_CASE("LINK.md: its frames are what the agent writes and reads", "[plugin_api]") {
    link::Declare declare;
    declare.info = {{"shop.doorbell", {{"door", "main"}}}, Kind::delta, "1", {}, 0};
    link::Readings readings;
    readings.readings.push_back({0, 1.0, false, 123'456, 0});
    const std::map<std::string, link::Frame> examples{
        {"hello", link::Hello{1, "doorbell", "0.1", 4711}},
        {"declare", declare},
        {"readings", readings},
        {"heartbeat", link::Heartbeat{1}},
        {"bye", link::Bye{}},
    };

    for (const auto& [name, frame] : examples) {
        CAPTURE(name);
        CHECK(hex_of(name) == to_hex(link::encode(frame)));
    }
}

TEST_CASE("LINK.md: its limits are the program's", "[plugin_api]") {
    const std::string text = document();
    const auto says = [&](const std::string& part) {
        return text.find(part) != std::string::npos;
    };

    CHECK(says(std::to_string(link::kMaxFrameBytes) + " bytes"));
    CHECK(says(std::to_string(link::kMaxReadingsPerFrame) + " readings"));
    CHECK(says("`protocol` = " + std::to_string(link::kProtocol)));
}

}  // namespace
}  // namespace cxedge
