// SPDX-License-Identifier: Apache-2.0
#include "plugins/prometheus/prometheus.hpp"

#include <algorithm>
#include <fstream>

#include "tests/plugins/case_run.hpp"
#include "tests/plugins/plugin_fixture.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/http_device.hpp"

namespace cxedge::test {
namespace {

using plugins::Prometheus;

std::string scrapes(const std::string& outcome) {
    return "prometheus.scrapes{outcome=" + outcome + ",source=test}";
}

std::size_t told(const FakeHost& host, const std::string& series) {
    return host.values_of(series).size();
}

std::size_t lost_of(const FakeHost& host) {
    return static_cast<std::size_t>(std::count_if(
        host.readings.begin(),
        host.readings.end(),
        [](const auto& reading) { return !reading.value.has_value(); }
    ));
}

// An exporter that shows each of `texts` in turn.
struct Exporter {
    explicit Exporter(const std::vector<std::string>& texts) : device(make(texts)) {}

    std::string settings(const std::string& more = "") const {
        return "plugin = \"prometheus\"\ndevice = \"till\"\ninterval_s = 0.5\nurl = \"" +
               device.url("/files") + "\"\n" + more;
    }

    TempDir dir;
    HttpDevice device;

private:
    std::vector<std::string> make(const std::vector<std::string>& texts) const {
        for (std::size_t i = 0; i < texts.size(); ++i) {
            const bool raw = texts[i].starts_with("HTTP/");
            std::ofstream(dir.file(std::to_string(i) + (raw ? ".raw" : ".txt"))) << texts[i];
        }
        return {"--root", dir.path().string()};
    }
};

void wait_for_scrapes(FakeHost& host, std::size_t wanted) {
    REQUIRE(host.run_until([&] {
        return told(host, scrapes("ok")) + told(host, scrapes("failed")) >= wanted;
    }));
}

}  // namespace

TEST_CASE("prometheus does what its cases say", "[prometheus]") {
    std::unique_ptr<HttpDevice> device;
    const auto prepare = [&](CaseRun& run) {
        device = std::make_unique<HttpDevice>(std::vector<std::string>{
            "--root", (run.folder / "input").string()});
        run.variables["port"] = device->port();
        run.host.manual_clock.set_wall(from_unix_ms(1'795'338'877'000));
    };
    const auto feed = [&](CaseRun& run, Source&) {
        wait_for_scrapes(run.host, entries(run.folder / "input").size());
    };
    check_plugin({"prometheus", make_source<Prometheus>, feed, prepare});
}

TEST_CASE("prometheus: a target that fails is down, loses its gauges, recovers", "[prometheus]") {
    const std::string good = "# TYPE sold_total counter\nsold_total 5\nload 0.5\n";
    const Exporter exporter(
        {good,
         "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
         "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nload 0.5\n",
         good}
    );
    Running<Prometheus> run;
    REQUIRE(run.start(exporter.settings()));
    wait_for_scrapes(run.host, 4);
    CHECK(run.host.values_of("device.up{device=till}") == std::vector<double>{1, 0, 1});
    CHECK(run.host.values_of("load{device=till}") == std::vector<double>{0.5, 0.5});
    CHECK(lost_of(run.host) == 2);
    const std::string who = "127.0.0.1:" + exporter.device.port();
    CHECK(
        run.host.problems ==
        std::vector<std::string>{
            who + ": 503: the device has a problem", who + ": the answer ended too early", ""}
    );
}

TEST_CASE("prometheus: a log-in page is no exposition", "[prometheus]") {
    HttpDevice device;
    Running<Prometheus> run;
    REQUIRE(run.start(
        "plugin = \"prometheus\"\ninterval_s = 0.5\nurl = \"" + device.url("/html") + "\"\n"
    ));
    wait_for_scrapes(run.host, 1);
    REQUIRE(run.host.problems.size() == 1);
    CHECK(run.host.problems[0].ends_with("is not Prometheus text (is the path right?)"));
    CHECK(device.request_with("GET /html"));
}

TEST_CASE("prometheus: what the agent refuses is said once and counted", "[prometheus]") {
    const Exporter exporter({"unknown_a 1\nunknown_a{x=\"y\"} 1\nunknown_b 2\nknown 3\n"});
    Running<Prometheus> run;
    run.host.on_declare = [](const SeriesInfo& info) {
        return info.key.metric.starts_with("unknown") ? Status(invalid_argument("no unit"))
                                                      : Status();
    };
    REQUIRE(run.start(exporter.settings()));
    wait_for_scrapes(run.host, 3);
    CHECK(run.host.values_of("known{device=till}") == std::vector<double>{3, 3, 3});
    CHECK(run.host.values_of("prometheus.refused{source=test}") == std::vector<double>{3, 3, 3});
    CHECK(run.host.values_of("prometheus.samples{source=test}") == std::vector<double>{1, 1, 1});
    REQUIRE(run.host.events.size() == 1);
    CHECK(run.host.events[0].name == "prometheus.refused");
    CHECK(run.host.events[0].text.find("unknown_a, unknown_b") != std::string::npos);
}

TEST_CASE("prometheus: more series than allowed are told", "[prometheus]") {
    std::string text;
    for (int i = 0; i < 50; ++i) {
        text += "m{pod=\"" + std::to_string(i) + "\"} 1\n";
    }
    const Exporter exporter({text});
    Running<Prometheus> run;
    REQUIRE(run.start(exporter.settings("max_series = 10\n")));
    wait_for_scrapes(run.host, 2);
    CHECK(run.host.values_of("prometheus.samples{source=test}") == std::vector<double>{10, 10});
    CHECK(run.host.values_of("prometheus.refused{source=test}") == std::vector<double>{40, 40});
    REQUIRE(run.host.events.size() == 1);
    CHECK(run.host.events[0].name == "prometheus.too_many_series");
    CHECK(run.host.events[0].text.find("more than 10 series") != std::string::npos);
}

TEST_CASE("prometheus: nothing personal passes in labels", "[prometheus]") {
    const Exporter exporter(
        {"session_total{customer=\"anna\",till=\"1\"} 5\n"
         "seen_total{customer=\"anna\"} 5\n"
         "seen_total{customer=\"bert\"} 900\n"
         "link{address=\"00:6e:02:aa:bb:cc\",device=\"eth0\"} 1\n"}
    );
    Running<Prometheus> run;
    REQUIRE(run.start(exporter.settings()));
    wait_for_scrapes(run.host, 3);
    // Two that differ in the customer only cannot be told apart: none of them counts.
    CHECK(run.host.values_of("seen_total{device=till}").size() <= 1);
    CHECK(run.host.values_of("session_total{device=till,till=1}") == std::vector<double>{5, 5, 5});
    CHECK(
        run.host.values_of("privacy.dropped_fields{field=identity,source=test}") ==
        std::vector<double>{3, 3, 3}
    );
    for (const SeriesInfo& series : run.host.series) {
        const std::string name = to_string(series.key);
        CHECK(name.find("anna") == std::string::npos);
        CHECK(name.find("aa:bb") == std::string::npos);
        CHECK((!name.starts_with("link") || name.find("exported_device=eth0") != name.npos));
    }
}

}  // namespace cxedge::test
