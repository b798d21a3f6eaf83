// SPDX-License-Identifier: Apache-2.0
#include "plugins/http_poll/request_template.hpp"

#include "tests/plugins/http_poll/time_zone.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using plugins::check_times;
using plugins::fill_in;
using plugins::fill_in_url;
using plugins::SearchPeriod;

// 2026-11-22 09:14:37 UTC.
const WallTime kNow = from_unix_ms(1'795'338'877'000);

}  // namespace

TEST_CASE("times in requests: a search ends with an interval that is over", "[http_poll]") {
    const TimeZone berlin("CET-1CEST,M3.5.0,M10.5.0/3");
    const SearchPeriod hours{std::chrono::seconds(7'200), std::chrono::seconds(3'600)};
    CHECK(
        fill_in("<s>{from}</s><e>{to}</e> {now} {today}", kNow, hours) ==
        "<s>2026-11-22T08:00:00</s><e>2026-11-22T10:00:00</e> 2026-11-22T10:14:37 2026-11-22"
    );
    const SearchPeriod quarters{std::chrono::seconds(900), std::chrono::seconds(900)};
    CHECK(fill_in("{from:%H%M}-{to:%H%M}", kNow, quarters) == "0945-1000");
    const SearchPeriod days{std::chrono::seconds(86'400), std::chrono::seconds(86'400)};
    CHECK(fill_in("{from:%Y%m%d}{to:%d}", kNow, days) == "2026112122");
}

TEST_CASE("times in requests: braces of JSON stay", "[http_poll]") {
    const std::string json = R"({"a":{"b":1},"c":{},"d":"{x}","e":"{to:%s}"})";
    CHECK(
        fill_in(json, from_unix_ms(1'795'338'000'000), {}) ==
        R"({"a":{"b":1},"c":{},"d":"{x}","e":"1795338000"})"
    );
}

TEST_CASE("times in requests: in a URL they are encoded", "[http_poll]") {
    const TimeZone india("IST-5:30");
    CHECK(
        fill_in_url("http://x/?a={now:%F %T%z}&b=%20{today}", kNow, {}) ==
        "http://x/?a=2026-11-22%2014:44:37%2B0530&b=%202026-11-22"
    );
}

TEST_CASE("times in requests: mistakes are told", "[http_poll]") {
    CHECK(check_times("http://x/{from:%Y-%m-%dT%H:%M:%S}/{to}", true).empty());
    CHECK(check_times("http://x/{form}", true).find("{form}") != std::string::npos);
    CHECK(check_times(R"({"x":"{form}"})", false).empty());
    CHECK_FALSE(check_times("{now:%A}", false).empty());
    CHECK_FALSE(check_times("{now:%}", false).empty());
    CHECK_FALSE(check_times("{now:" + std::string(100, 'x') + "}", false).empty());
}

}  // namespace cxedge::test
