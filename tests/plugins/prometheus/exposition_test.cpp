// SPDX-License-Identifier: Apache-2.0
#include "plugins/prometheus/exposition.hpp"

#include <random>

#include <fmt/core.h>

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using plugins::ExposedSample;
using plugins::Exposition;
using plugins::ExpositionSummary;

struct Exposed {
    std::vector<std::string> lines;  // "name{label=value} 5 c @ms"; c: cumulative
    ExpositionSummary summary;
};

Exposed read(std::string_view text, bool open_metrics = false) {
    Exposed out;
    out.summary = Exposition(open_metrics).read(text, [&](const ExposedSample& sample) {
        std::string line(sample.name);
        for (const auto& [label, value] : sample.labels) {
            line += fmt::format("{{{}={}}}", label, value);
        }
        line += fmt::format(" {}{}", sample.value, sample.cumulative ? " c" : "");
        line += sample.time_ms ? fmt::format(" @{}", *sample.time_ms) : "";
        out.lines.push_back(line);
    });
    return out;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("exposition: counters, gauges, untyped, times", "[prometheus]") {
    const Exposed exposed = read(
        "# HELP http_requests_total The total number.\n"
        "# TYPE http_requests_total counter\n"
        "http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n"
        "http_requests_total{method=\"post\",code=\"400\",}    3 1395066363000\n"
        "# TYPE level gauge\r\n"
        "level -1.5e2\r\n"
        "\n"
        "# a comment\n"
        "without_timestamp_and_labels 12.47\n"
        "\t  something_total { a = \"b\" , c=\"\" } +7\n"
        "weird:name{problem=\"division by zero\"} +Inf -3982045\n"
    );
    CHECK(
        exposed.lines ==
        Lines{
            "http_requests_total{method=post}{code=200} 1027 c @1395066363000",
            "http_requests_total{method=post}{code=400} 3 c @1395066363000",
            "level -150",
            "without_timestamp_and_labels 12.47",
            "something_total{a=b}{c=} 7 c"}
    );
    CHECK(exposed.summary.bad_lines == 1);  // a time before 1970
    CHECK(exposed.summary.first_bad_line == 11);
    CHECK_FALSE(exposed.summary.truncated);
}

TEST_CASE("exposition: escapes", "[prometheus]") {
    CHECK(
        read("m{path=\"C:\\\\DIR\\\\F\",error=\"Cannot \\\"find\\\"\\n\\x}\"} 1\n").lines ==
        Lines{"m{path=C:\\DIR\\F}{error=Cannot \"find\"\n\\x}} 1"}
    );
}

TEST_CASE("exposition: histograms and summaries", "[prometheus]") {
    const Exposed exposed = read(
        "# TYPE d histogram\n"
        "d_bucket{le=\"0.05\"} 24054\n"
        "d_bucket{le=\"+Inf\"} 144320\n"
        "d_sum 53423\n"
        "d_count 144320\n"
        "# TYPE s summary\n"
        "s{quantile=\"0.5\"} NaN\n"
        "s_sum 1.7560473e+07\n"
        "s_count 2693\n"
        "# TYPE own_count gauge\n"
        "own_count 5\n"
    );
    CHECK(
        exposed.lines ==
        Lines{
            "d_bucket{le=0.05} 24054 c",
            "d_bucket{le=+Inf} 144320 c",
            "d_sum 53423 c",
            "d_count 144320 c",
            "s{quantile=0.5} nan",
            "s_sum 17560473 c",
            "s_count 2693 c",
            "own_count 5"}
    );
    CHECK(exposed.summary.bad_lines == 0);
}

TEST_CASE("exposition: OpenMetrics", "[prometheus]") {
    const std::string text =
        "# TYPE acme_http_router_request_seconds summary\n"
        "# UNIT acme_http_router_request_seconds seconds\n"
        "# HELP acme_http_router_request_seconds Latency though all of ACME's HTTP.\n"
        "acme_http_router_request_seconds_sum{path=\"/api\"} 9036.32\n"
        "acme_http_router_request_seconds_created{path=\"/api\"} 1605281325.0\n"
        "# TYPE go_goroutines gauge\n"
        "go_goroutines 69\n"
        "# TYPE foo counter\n"
        "foo_total 17.0 1520879607.789 # {trace_id=\"KOO5S4vxi0o\"} 0.67\n"
        "foo_created 1520872607.123\n"
        "# TYPE h histogram\n"
        "h_bucket{le=\"0.1\"} 8 # {} 0.054\n"
        "# TYPE gh gaugehistogram\n"
        "gh_bucket{le=\"1\"} 4\n"
        "gh_gcount 4\n"
        "# TYPE build info\n"
        "build_info{version=\"8.2.7\"} 1\n"
        "# TYPE feature stateset\n"
        "feature{feature=\"a\"} 1\n";
    const Lines lines{
        "acme_http_router_request_seconds_sum{path=/api} 9036.32 c",
        "go_goroutines 69",
        "foo_total 17 c @1520879607789",
        "h_bucket{le=0.1} 8 c",
        "gh_bucket{le=1} 4",
        "gh_gcount 4",
        "build_info{version=8.2.7} 1",
        "feature{feature=a} 1"};
    const Exposed whole = read(text + "# EOF\n", true);
    CHECK(whole.lines == lines);
    CHECK(whole.summary.bad_lines == 0);
    CHECK_FALSE(whole.summary.truncated);
    CHECK_FALSE(read(text + "# EOF", true).summary.truncated);
    const Exposed cut = read(text, true);
    CHECK(cut.lines == lines);
    CHECK(cut.summary.truncated);
}

TEST_CASE("exposition: bad lines are left out, the others count", "[prometheus]") {
    for (const char* bad :
         {"9lives 1", "m",          "m ",          "m{} ",           "m{a=\"b\" 1",
          "m{a=b} 1", "m{a=\"b} 1", "m{=\"b\"} 1", "m{a:b=\"c\"} 1", "m{a=\"b\"c=\"d\"} 1",
          "m 1 2 3",  "m one",      "m 0x10",      "m 1,5",          "m --1",
          "m +-1",    "m 1 1e999",  "m 1 x",       "{a=\"b\"} 1",    "m{a=\"b\\",
          "<html>",   "m 1 # {} 1", "m nano",      "m infinite",     "m{\"a\"} 1"}) {
        INFO(bad);
        const Exposed exposed = read("good 1\n" + std::string(bad) + "\nbetter 2\n");
        CHECK(exposed.lines == Lines{"good 1", "better 2"});
        CHECK(exposed.summary.bad_lines == 1);
        CHECK(exposed.summary.first_bad_line == 2);
    }
    // Half a number is a number, too.
    const Exposed cut = read("a 1\nb 1234");
    CHECK(cut.lines == Lines{"a 1"});
    CHECK(cut.summary.truncated);
}

TEST_CASE("exposition: noise is read without harm", "[prometheus]") {
    std::mt19937 random(20261122);
    constexpr std::string_view kAlphabet = "ma1.{}=\",\\n \n#TYPE_total+-eInfNa";
    for (int i = 0; i < 5'000; ++i) {
        std::string text(random() % 120, ' ');
        for (char& c : text) {
            c = kAlphabet[random() % kAlphabet.size()];
        }
        const Exposed exposed = read(text, i % 2 == 0);
        CHECK(exposed.lines.size() <= exposed.summary.samples);
    }
}

}  // namespace cxedge::test
