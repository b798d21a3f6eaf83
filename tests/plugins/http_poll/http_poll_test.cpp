// SPDX-License-Identifier: Apache-2.0
#include "plugins/http_poll/http_poll.hpp"

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <mutex>

#include "tests/plugins/case_run.hpp"
#include "tests/plugins/http_poll/threaded_host.hpp"
#include "tests/plugins/http_poll/time_zone.hpp"
#include "tests/plugins/plugin_fixture.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/http_device.hpp"

namespace cxedge::test {
namespace {

using plugins::HttpPoll;

// What /json answers, as one device.
std::string settings_for(const std::string& url, const std::string& more = "") {
    return "plugin = \"http_poll\"\ndevice = \"entrance\"\ninterval_s = 0.5\ntimeout_s = 0.4\n"
           "url = \"" +
           url + "\"\n" + more + R"(
[[source.value]]
at = "/in"
metric = "store.footfall.in"
kind = "counter"
[[source.value]]
at = "/temperature"
metric = "store.env.temperature"
kind = "gauge"
)";
}

std::string stream_settings(const std::string& url, const std::string& more = "") {
    return "plugin = \"http_poll\"\nmode = \"stream\"\ndevice = \"entrance\"\nurl = \"" + url +
           "\"\n" + more + R"(
[[source.value]]
at = "/in"
metric = "store.footfall.in"
kind = "counter"
)";
}

const std::string kIn = "store.footfall.in{device=entrance}";
const std::string kUp = "device.up{device=entrance}";

std::string polls(const std::string& outcome) {
    return "http_poll.polls{outcome=" + outcome + ",source=test}";
}

double last_of(const FakeHost& host, const std::string& series) {
    const std::vector<double> values = host.values_of(series);
    return values.empty() ? -1 : values.back();
}

std::size_t times(const FakeHost& host, const std::string& series) {
    return host.values_of(series).size();
}

std::size_t losses(const FakeHost& host) {
    return static_cast<std::size_t>(std::count_if(
        host.readings.begin(),
        host.readings.end(),
        [](const auto& reading) { return !reading.value.has_value(); }
    ));
}

std::string last_problem(const FakeHost& host) {
    return host.problems.empty() ? "none" : host.problems.back();
}

void become(HttpDevice& device, const std::string& what) {
    REQUIRE(run({"curl", "-sf", device.url("/become?what=" + what)}).status == 0);
}

}  // namespace

TEST_CASE("http_poll does what its cases say", "[http_poll]") {
    std::unique_ptr<HttpDevice> device;
    const auto prepare = [&](CaseRun& run) {
        device = std::make_unique<HttpDevice>(std::vector<std::string>{
            "--root", (run.folder / "input").string()});
        run.variables["port"] = device->port();
        run.host.manual_clock.set_wall(from_unix_ms(1'795'338'877'000));
    };
    const auto feed = [&](CaseRun& run, Source&) {
        const std::size_t wanted = entries(run.folder / "input").size();
        REQUIRE(run.host.run_until([&] {
            return times(run.host, polls("ok")) + times(run.host, polls("failed")) >= wanted;
        }));
    };
    const TimeZone utc("UTC0");
    check_plugin({"http_poll", make_source<HttpPoll>, feed, prepare});
}

TEST_CASE("http_poll: a device's own format is asked at any rhythm", "[plugins][http_poll]") {
    HttpPoll poll;
    SettingsProblems problems;
    poll.init(
        source_settings(
            "[[source]]\nplugin = \"http_poll\"\nname = \"door\"\nformat = \"axis\"\n"
            "url = \"http://192.0.2.22/local/tvpc/.api?live-sum.json\"\ninterval_s = 30\n"
        ),
        problems
    );
    CHECK(problems.lines().empty());
}

TEST_CASE("http_poll: a device that fails is down, loses what was due, recovers", "[http_poll]") {
    HttpDevice device;
    Running<HttpPoll> poll;
    REQUIRE(poll.start(settings_for(device.url("/json"))));
    REQUIRE(poll.host.run_until([&] { return times(poll.host, kIn) == 2; }));
    CHECK(last_of(poll.host, kUp) == 1);
    CHECK(losses(poll.host) == 0);
    become(device, "500");
    REQUIRE(poll.host.run_until([&] { return times(poll.host, polls("failed")) == 2; }));
    CHECK(last_of(poll.host, kUp) == 0);
    CHECK(losses(poll.host) == 2);  // the temperature, twice; a counter is not due
    CHECK(
        last_problem(poll.host) == "127.0.0.1:" + device.port() + ": 500: the device has a problem"
    );
    CHECK(poll.host.problems.size() == 1);
    become(device, "");
    const std::size_t before = times(poll.host, kIn);
    REQUIRE(poll.host.run_until([&] { return times(poll.host, kIn) > before; }));
    CHECK(last_of(poll.host, kUp) == 1);
    CHECK(last_problem(poll.host).empty());
    // Down once, up once: a poll that fails is no sign of life.
    CHECK(poll.host.values_of(kUp) == std::vector<double>{1, 0, 1});
}

TEST_CASE("http_poll: an answer that is something else is told and costs nothing", "[http_poll]") {
    HttpDevice device;
    Running<HttpPoll> poll;
    REQUIRE(poll.start(settings_for(device.url("/json"))));
    REQUIRE(poll.host.run_until([&] { return times(poll.host, kIn) == 1; }));
    become(device, "html");
    REQUIRE(poll.host.run_until([&] { return times(poll.host, polls("failed")) == 1; }));
    CHECK(last_of(poll.host, kUp) == 1);
    CHECK(losses(poll.host) == 1);
    CHECK(last_problem(poll.host).find("is not JSON") != std::string::npos);
    REQUIRE(poll.host.events.size() == 1);
    CHECK(poll.host.events[0].name == "device.bad_message");
    for (const std::string& line : poll.host.logs) {
        CHECK(line.find("secret") == std::string::npos);
    }
}

TEST_CASE("http_poll: a request that still waits is not stacked", "[http_poll]") {
    HttpDevice device;
    Running<HttpPoll> poll;
    REQUIRE(poll.start(
        "plugin = \"http_poll\"\ninterval_s = 0.5\ntimeout_s = 20\nurl = \"" +
        device.url("/stall") + "\"\n[[source.value]]\nat = \"/x\"\nmetric = \"x\"\n"
    ));
    REQUIRE(poll.host.run_until([&] { return times(poll.host, polls("skipped")) == 3; }));
    poll.source.stop();
    CHECK(device.request_with("GET /stall"));
    CHECK(device.end().empty());
}

TEST_CASE("http_poll: one dead target does not stop the others", "[http_poll]") {
    HttpDevice device;
    Running<HttpPoll> poll;
    REQUIRE(
        poll.start(
            R"(plugin = "http_poll"
interval_s = 0.5
timeout_s = 0.3
[[source.target]]
device = "dead"
url = ")" + device.url("/stall") +
            R"("
[[source.target]]
device = "well"
url = ")" + device.url("/json") +
            R"("
[[source.target]]
url = ")" + device.url("/search") +
            R"("
[[source.value]]
at = "/in"
metric = "store.footfall.in"
kind = "counter"
)"
        )
    );
    const std::string unnamed = "store.footfall.in{device=127.0.0.1:" + device.port() + "}";
    REQUIRE(poll.host.run_until([&] {
        return times(poll.host, "store.footfall.in{device=well}") >= 2 &&
               times(poll.host, unnamed) >= 2 && times(poll.host, polls("failed")) >= 2;
    }));
    CHECK(poll.host.values_of("device.up{device=dead}") == std::vector<double>{0});
    CHECK(poll.host.values_of("device.up{device=well}") == std::vector<double>{1});
    CHECK(last_problem(poll.host) == "127.0.0.1:" + device.port() + ": no complete answer in time");
}

TEST_CASE("http_poll: a dead name server stops neither targets nor the source", "[http_poll]") {
    HttpDevice device;
    FakeHost fake;
    std::mutex mutex;
    std::condition_variable free;
    bool released = false;
    {
        ThreadedHost host(fake);
        HttpPoll source([&](const std::string&) {
            std::unique_lock lock(mutex);
            free.wait(lock, [&] { return released; });
            return Result<std::vector<std::string>>(unavailable("no such name"));
        });
        SettingsProblems problems;
        std::string settings =
            "[[source]]\nplugin = \"http_poll\"\ninterval_s = 0.5\n"
            "connect_timeout_s = 0.2\n";
        for (const char* name : {"a.test", "b.test", "c.test"}) {
            settings += "[[source.target]]\nurl = \"http://" + std::string(name) + "/\"\n";
        }
        settings += "[[source.target]]\ndevice = \"entrance\"\nurl = \"" + device.url("/json") +
                    "\"\n[[source.value]]\nat = \"/in\"\nmetric = \"store.footfall.in\"\n"
                    "kind = \"counter\"\n";
        source.init(source_settings(settings), problems);
        REQUIRE(problems.lines() == std::vector<std::string>());
        REQUIRE(source.start(host));
        REQUIRE(fake.run_until([&] {
            return times(fake, kIn) >= 2 && times(fake, polls("failed")) >= 3;
        }));
        CHECK(last_problem(fake).find("the name server does not answer") != std::string::npos);
        source.stop();
        const std::lock_guard lock(mutex);
        released = true;
        free.notify_all();
    }
    fake.loop().poll();
}

TEST_CASE("http_poll: signs in, and a password that comes later is enough", "[http_poll]") {
    HttpDevice device;
    Running<HttpPoll> poll;
    REQUIRE(poll.start(settings_for(
        device.url("/digest"), "user = \"counter\"\npassword_file = \"${dir}/password\"\n"
    )));
    REQUIRE(poll.host.run_until([&] { return times(poll.host, polls("failed")) == 1; }));
    CHECK(last_problem(poll.host).find("no such file") != std::string::npos);
    std::ofstream(poll.dir.file("password")) << "wrong\n";
    REQUIRE(poll.host.run_until([&] {
        return last_problem(poll.host).ends_with("401: user or password is wrong");
    }));
    std::ofstream(poll.dir.file("password")) << "open sesame\n";
    REQUIRE(poll.host.run_until([&] { return times(poll.host, kIn) == 1; }));
    CHECK(last_problem(poll.host).empty());
}

TEST_CASE("http_poll: a search asks for whole hours and sends its template", "[http_poll]") {
    const TimeZone utc("UTC0");
    HttpDevice device;
    Running<HttpPoll> poll;
    poll.host.manual_clock.set_wall(from_unix_ms(1'795'338'877'000));
    std::ofstream(poll.dir.file("search.xml")) << "<s><a>{from}</a><b>{to}</b></s>";
    REQUIRE(poll.start(settings_for(
        device.url("/search?day={from:%Y%m%d}"),
        "method = \"POST\"\nbody_file = \"${dir}/search.xml\"\n"
    )));
    REQUIRE(poll.host.run_until([&] { return times(poll.host, kIn) >= 1; }));
    CHECK(
        device.end().find("POST /search?day=20261122 auth=none key=none "
                          "body=<s><a>2026-11-22T07:00:00</a><b>2026-11-22T09:00:00</b></s>"
        ) != std::string::npos
    );
}

TEST_CASE("trap: a stream that drops comes back and nothing is silent", "[http_poll]") {
    HttpDevice device;
    for (const char* length : {"1", "0"}) {
        Running<HttpPoll> poll;
        REQUIRE(poll.start(
            stream_settings(device.url("/stream?parts=3&with_length=" + std::string(length)))
        ));
        REQUIRE(poll.host.run_until([&] { return times(poll.host, polls("dropped")) == 2; }));
        const std::vector<double> counts = poll.host.values_of(kIn);
        CHECK(counts.size() >= (length[0] == '1' ? 6U : 4U));
        CHECK(poll.host.values_of(kUp) == std::vector<double>{1});
        CHECK(poll.host.problems.empty());
        CHECK(poll.host.logged("the stream ended"));
    }
}

TEST_CASE("trap: a broken part does not end the stream", "[http_poll]") {
    HttpDevice device;
    Running<HttpPoll> poll;
    REQUIRE(poll.start(stream_settings(device.url("/stream?parts=3&broken=1&picture=1&then=hang")))
    );
    REQUIRE(poll.host.run_until([&] { return times(poll.host, kIn) == 2; }));
    CHECK(poll.host.values_of("device.bad_elements{source=test}") == std::vector<double>{1});
    CHECK(times(poll.host, "privacy.dropped_fields{field=picture,source=test}") > 0);
    REQUIRE(poll.host.events.size() == 1);
    CHECK(poll.host.events[0].name == "device.bad_message");
}

TEST_CASE("http_poll: a stream that says nothing is down and asked again", "[http_poll]") {
    HttpDevice device;
    for (const char* path : {"/silent-stream", "/dripping-stream", "/stall"}) {
        INFO(path);
        Running<HttpPoll> poll;
        REQUIRE(poll.start(stream_settings(device.url(path), "silence_s = 0.5\n")));
        REQUIRE(poll.host.run_until([&] { return times(poll.host, polls("failed")) == 2; }));
        CHECK(last_of(poll.host, kUp) == 0);
        CHECK(last_problem(poll.host).ends_with("says nothing any more"));
    }
}

TEST_CASE("http_poll: a stream that is none is told", "[http_poll]") {
    HttpDevice device;
    Running<HttpPoll> poll;
    REQUIRE(poll.start(stream_settings(device.url("/json"))));
    REQUIRE(poll.host.run_until([&] { return times(poll.host, polls("failed")) == 1; }));
    CHECK(last_problem(poll.host).ends_with("what it sends is not a multipart stream"));
}

TEST_CASE("http_poll: stops at any time and starts again", "[http_poll]") {
    HttpDevice device;
    Running<HttpPoll> poll;
    REQUIRE(poll.start(settings_for(device.url("/drip"))));
    poll.poll();
    poll.source.stop();
    poll.source.stop();
    REQUIRE(poll.source.start(poll.host));
    REQUIRE(poll.host.run_until([&] { return times(poll.host, polls("failed")) == 1; }));
    poll.source.stop();
    poll.poll();
}

}  // namespace cxedge::test
