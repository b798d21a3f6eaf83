// SPDX-License-Identifier: Apache-2.0
#include "agent/base/log.hpp"

#include <string>

#include "tests/support/captured_stderr.hpp"
#include "tests/support/catch.hpp"

namespace cxedge {
namespace {

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST_CASE("log: lines below the level are dropped", "[base]") {
    const test::CapturedStderr captured;

    log::set_level(log::Level::warn);
    log::info("test", "quiet");
    log::warn("test", "loud");
    log::error("test", "louder");
    log::set_level(log::Level::debug);
    log::debug("test", "whisper");

    const std::string text = captured.text();
    CHECK_FALSE(has(text, "quiet"));
    CHECK(has(text, "test: loud\n"));
    CHECK(has(text, "test: louder\n"));
    CHECK(has(text, "test: whisper\n"));
}

TEST_CASE("log: the last lines are kept, those that were written", "[base]") {
    const test::CapturedStderr captured;

    log::set_level(log::Level::info);
    log::debug("test", "not written");
    for (std::size_t i = 0; i < log::kRecentLines + 5; ++i) {
        log::info("test", "line " + std::to_string(i));
    }
    const std::vector<std::string> lines = log::recent();
    log::set_level(log::Level::debug);

    REQUIRE(lines.size() == log::kRecentLines);
    CHECK(has(lines.front(), "Z info  test: line 5"));
    CHECK(has(lines.back(), "test: line " + std::to_string(log::kRecentLines + 4)));
    CHECK_FALSE(has(lines.back(), "\n"));
}

TEST_CASE("log: a message is data, not a format", "[base]") {
    const test::CapturedStderr captured;

    log::warn("statsd/apps", "odd {} %s {0} {");

    CHECK(has(captured.text(), "statsd/apps: odd {} %s {0} {\n"));
}

TEST_CASE("log: levels have names", "[base]") {
    log::Level level = log::Level::info;

    CHECK(log::parse_level("error", level));
    CHECK(level == log::Level::error);
    CHECK(log::parse_level("debug", level));
    CHECK(level == log::Level::debug);
    CHECK_FALSE(log::parse_level("loud", level));
    CHECK_FALSE(log::parse_level("", level));
    CHECK(level == log::Level::debug);
}

}  // namespace
}  // namespace cxedge
