// SPDX-License-Identifier: Apache-2.0
// Messages with many elements: what they cost, and how many complaints are kept.
#include <algorithm>
#include <ctime>

#include <fmt/core.h>

#include "tests/plugins/formats/format_case.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::devices::test {
namespace {

std::string repeated(const std::string& text, std::size_t times) {
    std::string out;
    out.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i) {
        out += text;
    }
    return out;
}

// What is shared stands behind the many: the worst place for whoever looks for it each time.
std::string large_xovis(std::size_t values, const std::string& value) {
    return "<data><sensor-info/><content><element><measurement><to>2026-11-22T10:00:00Z</to>" +
           repeated(value, values) + "</measurement></element></content></data>";
}

std::string large_xovis_element(std::size_t measurements) {
    return "<data><sensor-info/><content><element>" +
           repeated("<measurement><fw>1</fw></measurement>", measurements) +
           "<to>2026-11-22T10:00:00Z</to></element></content></data>";
}

std::string large_brickstream(std::size_t counts) {
    return R"(<Metrics DeviceId="b"><ReportData><Report Date="2026-11-22"><Object Id="0">)" +
           repeated(
               R"(<Count StartTime="10:00:00" EndTime="10:01:00" Enters="1" Exits="0"/>)", counts
           ) +
           "</Object></Report></ReportData></Metrics>";
}

// Of the processor: others use this machine, too.
double seconds_of(std::string_view format, const std::string& body) {
    const Format* const found = find_format(format);
    REQUIRE(found != nullptr);
    const std::clock_t begin = std::clock();
    const Result<Report> report = found->parse({body, {}, {}});
    const std::clock_t end = std::clock();
    REQUIRE(report.ok());
    return static_cast<double>(end - begin) / CLOCKS_PER_SEC;
}

constexpr double kMostTimesLonger = 40;

TEST_CASE("trap: ten times as many elements take not a hundred times as long", "[formats]") {
    const auto ratio = [](std::string_view format, const std::string& few, const std::string& many
                       ) {
        const double short_one = seconds_of(format, few);
        return seconds_of(format, many) / std::max(short_one, 1e-6);
    };
    const std::string good = R"(<value label="fw">1</value>)";
    const std::string broken = R"(<value label="fw">x</value>)";
    CHECK(ratio("xovis", large_xovis(2'000, good), large_xovis(20'000, good)) < kMostTimesLonger);
    CHECK(ratio("xovis", large_xovis(500, broken), large_xovis(5'000, broken)) < kMostTimesLonger);
    CHECK(ratio("xovis", large_xovis_element(500), large_xovis_element(5'000)) < kMostTimesLonger);
    CHECK(
        ratio("brickstream", large_brickstream(500), large_brickstream(5'000)) < kMostTimesLonger
    );
}

TEST_CASE("formats: siblings are counted to a thousand", "[formats]") {
    const std::string good = R"(<value label="fw">1</value>)";
    const std::string broken = R"(<value label="fw">x</value>)";
    const auto bad = [&](std::size_t before) {
        return bad_of(parsed("xovis", large_xovis(1, repeated(good, before) + broken)));
    };
    const std::string path = "/data/content/element/measurement/value";
    CHECK(bad(0) == std::vector<std::string>{path + " is not a count"});
    CHECK(bad(998) == std::vector<std::string>{path + "[999] is not a count"});
    CHECK(bad(2000) == std::vector<std::string>{path + "[many] is not a count"});
}

TEST_CASE("trap: a report keeps 32 bad elements, and one for all others", "[formats]") {
    const auto check = [](const Report& report) {
        const std::vector<std::string> bad = bad_of(report);
        REQUIRE(bad.size() == 33);
        CHECK(bad[31].find("more of the same") == std::string::npos);
        CHECK(bad[32] == " more of the same");
    };
    check(parsed("xovis", large_xovis(40, R"(<value label="fw">x</value>)")));
    check(parsed("axis", "start,end,in,out\n" + repeated("a,b,1,1\n", 40)));
    std::string components;
    for (int i = 0; i < 40; ++i) {
        components += fmt::format(R"({}"humidity:{}":4)", i == 0 ? "" : ",", i);
    }
    check(parsed("shelly", R"({"params":{)" + components + "}}"));
    const std::string exactly = large_xovis(32, R"(<value label="fw">x</value>)");
    CHECK(parsed("xovis", exactly).bad_elements.size() == 32);
}

TEST_CASE("trap: a member that leads to what was looked for is not named", "[formats]") {
    const Report report = parsed(
        "xovis",
        R"({"Jane Doe":{"content":{"element":[{"measurement":[{"to":1700000000,"fw":"x"}]}]}}})"
    );
    CHECK(
        bad_of(report) ==
        std::vector<std::string>{"/*/content/element/0/measurement/0/fw is not a count"}
    );
}

}  // namespace
}  // namespace cxedge::devices::test
