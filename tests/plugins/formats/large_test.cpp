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
    CHECK(ratio("xovis", large_xovis(10'000, good), large_xovis(100'000, good)) < kMostTimesLonger);
    CHECK(
        ratio("xovis", large_xovis(2'000, broken), large_xovis(20'000, broken)) < kMostTimesLonger
    );
    CHECK(
        ratio("xovis", large_xovis_element(2'000), large_xovis_element(20'000)) < kMostTimesLonger
    );
    CHECK(
        ratio("brickstream", large_brickstream(2'000), large_brickstream(20'000)) < kMostTimesLonger
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

}  // namespace
}  // namespace cxedge::devices::test
