// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/json_text.hpp"

#include <limits>
#include <random>

#include <nlohmann/json.hpp>

#include "tests/support/catch.hpp"

namespace cxedge::ctl {
namespace {

template <class T>
std::string json(T value) {
    std::string out;
    append_json(out, value);
    return out;
}

std::string json(const char* text) {
    return json(std::string_view(text));
}

}  // namespace

TEST_CASE("json_text: texts are escaped", "[ctl]") {
    CHECK(json("plain") == R"("plain")");
    CHECK(json("a\"b\\c\n\r\t\x01\x1f") == R"("a\"b\\c\n\r\t\u0001\u001f")");
    CHECK(json("\x7f") == "\"\x7f\"");
    CHECK(json(std::string_view("a\0b", 3)) == R"("a\u0000b")");
    CHECK(
        json("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80") ==
        "\"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\""
    );
}

TEST_CASE("json_text: what is not UTF-8 is replaced", "[ctl]") {
    const std::string bad = GENERATE(
        "\x80",
        "\xC3",
        "\xC0\xAF",
        "\xE0\x80\x80",
        "\xED\xA0\x80",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xFF",
        "\xE2\x82",
        "\xC3\x28"
    );
    const std::string text = json(std::string_view("x" + bad + "y"));
    CHECK(text.find("\xEF\xBF\xBD") != std::string::npos);
    const auto parsed = nlohmann::json::parse(text, nullptr, false);
    REQUIRE(parsed.is_string());
    CHECK(parsed.get<std::string>().back() == 'y');
}

TEST_CASE("json_text: random bytes always become JSON", "[ctl]") {
    std::mt19937 random(7);
    for (int round = 0; round < 2000; ++round) {
        std::string bytes(random() % 40, '\0');
        for (char& byte : bytes) {
            byte = static_cast<char>(random() & 0xFFU);
        }
        const auto parsed = nlohmann::json::parse(json(std::string_view(bytes)), nullptr, false);
        REQUIRE(parsed.is_string());
    }
}

TEST_CASE("json_text: numbers read back exactly", "[ctl]") {
    CHECK(json(3.0) == "3");
    CHECK(json(0.1) == "0.1");
    CHECK(json(-0.0) == "-0");
    CHECK(json(1e300) == "1e+300");
    CHECK(json(std::numeric_limits<double>::quiet_NaN()) == R"("NaN")");
    CHECK(json(std::numeric_limits<double>::infinity()) == R"("Infinity")");
    CHECK(json(-std::numeric_limits<double>::infinity()) == R"("-Infinity")");
    CHECK(json(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
    CHECK(json(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
    const double value = GENERATE(take(200, random(-1e9, 1e9)));
    CHECK(nlohmann::json::parse(json(value)).get<double>() == value);
}

TEST_CASE("json_text: an epoch is 16 hexadecimal digits", "[ctl]") {
    std::string out;
    append_json_hex(out, 0xABCDEF);
    CHECK(out == R"("0000000000abcdef")");
}

}  // namespace cxedge::ctl
