// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/targets.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "plugins/_probes/quiet_hours.hpp"
#include "plugins/_probes/result.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/time_zone.hpp"

using namespace cxedge;
using namespace cxedge::probes;

namespace {

const BoxName kBox{"acme", "store-7", "probe-1"};

}  // namespace

TEST_CASE("targets: have a name, or are their own", "[probes]") {
    CHECK(parse_target("192.0.2.1").name == "192.0.2.1");
    CHECK(parse_target("gw = 192.0.2.1").name == "gw");
    CHECK(parse_target("gw = 192.0.2.1").address == "192.0.2.1");
    const Target url = parse_target("https://example.net/?q=1");
    CHECK(url.name == "https://example.net/");
    CHECK(parse_target("?=h://").name == "?=h://");  // no URL has a query there
    CHECK(url.address == "https://example.net/?q=1");
    CHECK(parse_target("shop=https://example.net/?q=1").address == "https://example.net/?q=1");
}

TEST_CASE("targets: the box's own names are filled in", "[probes]") {
    CHECK(*fill_in("gw.${site}.${tenant}.example", kBox) == "gw.store-7.acme.example");
    CHECK(*fill_in("${node}", kBox) == "probe-1");
    CHECK_THAT(fill_in("${region}", kBox).error().message, Catch::Contains("${site}"));
    CHECK_FALSE(fill_in("${site", kBox));
}

TEST_CASE("targets: a list's mistakes are told, the rest runs", "[probes]") {
    const TargetList list = read_targets(
        "# the region\n"
        "gw=gw.${site}.example   # the router\n"
        "\n"
        "\t192.0.2.7\r\n"
        "bad=\n"
        "worse=${region}\n"
        "https://example.net/#top\n"
        "shop=nonsense\n",
        "targets.txt",
        kBox,
        [](const std::string& address) {
            return address == "nonsense" ? std::string("is no address") : std::string();
        }
    );
    REQUIRE(list.targets.size() == 3);
    CHECK(list.targets[0].address == "gw.store-7.example");
    CHECK(list.targets[1].address == "192.0.2.7");
    CHECK(list.targets[2].address == "https://example.net/#top");
    REQUIRE(list.problems.size() == 3);
    CHECK_THAT(list.problems[0], Catch::StartsWith("targets.txt:5: "));
    CHECK_THAT(list.problems[1], Catch::StartsWith("targets.txt:6: "));
    CHECK(list.problems[2] == "targets.txt:8: is no address");
}

TEST_CASE("targets: the lists that are shipped are sound", "[probes]") {
    std::size_t lists = 0;
    for (const auto& entry : std::filesystem::directory_iterator(TARGET_LISTS)) {
        std::ifstream file(entry.path());
        std::stringstream text;
        text << file.rdbuf();
        const TargetList list = read_targets(text.str(), entry.path().filename(), kBox, {});
        INFO(entry.path().string());
        CHECK(list.problems.empty());
        CHECK_FALSE(list.targets.empty());
        for (const Target& target : list.targets) {
            CHECK(target.address.find('$') == std::string::npos);
        }
        ++lists;
    }
    CHECK(lists >= 5);
}

TEST_CASE("quiet hours: local time, over midnight, with summer time", "[probes]") {
    const cxedge::test::TimeZone berlin(cxedge::test::kCentralEurope);
    const auto night = parse_quiet_hours("22:00-06:00");
    REQUIRE(night);
    // 2026-07-01: UTC+2.
    const auto july = from_unix_ms(1'782'864'000'000);
    CHECK(is_quiet({*night}, july));                                // 02:00
    CHECK_FALSE(is_quiet({*night}, july + std::chrono::hours(4)));  // 06:00
    CHECK(is_quiet({*night}, july + std::chrono::hours(20)));       // 22:00
    CHECK_FALSE(is_quiet({}, july));
    for (const char* wrong : {"", "22:00", "25:00-26:00", "22:00-22:00", "2-4"}) {
        CHECK_FALSE(parse_quiet_hours(wrong));
    }
}

TEST_CASE("results: one word each, in the order of the state", "[probes]") {
    CHECK(result_words().size() == 12);
    CHECK(to_string(ProbeResult::ok) == "ok");
    CHECK(to_string(ProbeResult::no_permission) == "no_permission");
    CHECK(to_string(result_of_errno(ENETUNREACH)) == "no_route");
    CHECK(to_string(result_of_errno(ECONNREFUSED)) == "refused");
    CHECK(to_string(result_of_errno(EPERM)) == "no_permission");
    CHECK(to_string(result_of_errno(ETIMEDOUT)) == "timeout");
    // A route that prohibits it is a route, but a socket that is not allowed is none.
    CHECK(to_string(result_of_errno(EACCES)) == "no_route");
    CHECK(to_string(result_of_socket(EACCES)) == "no_permission");
    CHECK(to_string(result_of_socket(EPERM)) == "no_permission");
    CHECK(to_string(result_of_socket(ENODEV)) == "no_route");
    CHECK(words_of_errno(EACCES).find("prohibits") != std::string::npos);
    CHECK(words_of_errno(EINVAL).find("blackhole") != std::string::npos);
    CHECK(words_of_errno(EADDRNOTAVAIL).find("no route") == 0);
    CHECK(words_of_socket(ENODEV, "nosuch0") == "there is no interface nosuch0");
}
