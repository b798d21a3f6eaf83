// SPDX-License-Identifier: Apache-2.0
#include "plugins/serial/serial.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <memory>
#include <random>
#include <string>

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "plugins/serial/line_matcher.hpp"
#include "plugins/serial/line_shape.hpp"
#include "plugins/serial/serial_port.hpp"

#include "tests/plugins/case_run.hpp"
#include "tests/plugins/plugin_fixture.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"

namespace cxedge::test {
namespace {

namespace fs = std::filesystem;
using plugins::Serial;

// Two ends of a cable: `port` for the source, `far` for the device.
class Cable {
public:
    explicit Cable(const TempDir& dir)
        : port_(dir.file("port")),
          socat_(
              {"socat",
               "-d",
               "-d",
               "pty,raw,echo=0,link=" + port_,
               "pty,raw,echo=0,link=" + dir.file("far")}
          ) {
        if (!socat_.line_with("starting data transfer", std::chrono::seconds(20))) {
            throw std::runtime_error("socat did not start");
        }
        far_.reset(::open(dir.file("far").c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    }
    void say(const std::string& text) const {
        if (::write(far_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
            throw std::runtime_error("the cable is full");
        }
    }
    // What the device has heard until now.
    std::string heard() {
        std::array<char, 256> bytes{};
        const ssize_t got = ::read(far_.get(), bytes.data(), bytes.size());
        heard_.append(bytes.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
        return heard_;
    }
    void cut() {
        socat_.signal(SIGTERM);
        socat_.wait(std::chrono::seconds(20));
    }

private:
    std::string port_;
    Process socat_;
    UniqueFd far_;
    std::string heard_;
};

const std::string kBeam = R"(
plugin = "serial"
port = "${dir}/port"
settle_ms = 0
[[source.match]]
pattern = 'IN=(?P<in>\d+) OUT=(?P<out>\d+)'
[[source.match.value]]
group = "in"
metric = "store.footfall.in"
kind = "counter"
[[source.match.value]]
group = "out"
metric = "store.footfall.out"
kind = "counter"
)";

const std::string kIn = "store.footfall.in{device=test}";
using Values = std::vector<double>;

struct SerialRun : Running<Serial> {
    std::unique_ptr<Cable> cable = std::make_unique<Cable>(dir);
    bool until(std::size_t count) {
        return host.run_until([&] { return host.values_of(kIn).size() >= count; });
    }
};

// Sends the case's input over the cable.
void check_cases() {
    std::unique_ptr<Cable> cable;
    check_plugin(
        {"serial",
         make_source<Serial>,
         [&](CaseRun& run, Source& source) {
             static_cast<void>(source);
             cable->say(read_text(run.folder / "input.txt"));
             const std::size_t wanted = read_lines(run.folder / "expected.txt").size();
             REQUIRE(run.host.run_until([&] { return run.host.reading_lines().size() >= wanted; }));
         },
         [&](CaseRun& run) {
             cable = std::make_unique<Cable>(run.dir);
         }}
    );
}

}  // namespace

TEST_CASE("serial: does what its cases say", "[plugins][serial]") {
    check_cases();
}

TEST_CASE("serial: lines in pieces, with noise between them", "[plugins][serial]") {
    SerialRun run;
    REQUIRE(run.start(kBeam));
    run.cable->say("IN=1 OUT=0\r\nIN=2 O");
    REQUIRE(run.until(1));
    run.cable->say("UT=1\n\x01\xff garbage IN=7 OUT=7\nIN=3 OUT=\nXIN=4 OUT=4\nIN=5 OUT=4\n");
    REQUIRE(run.until(3));
    CHECK(run.host.values_of(kIn) == Values{1, 2, 5});
    CHECK(run.host.values_of("device.bad_elements{source=test}").size() == 3);
}

TEST_CASE("serial: a line that fits nothing is told in its form only", "[plugins][serial]") {
    SerialRun run;
    REQUIRE(run.start(kBeam));
    run.cable->say("Card 4711 Smith\nCard 4712 Jones\nIN=1 OUT=0\n");
    REQUIRE(run.until(1));
    CHECK(run.host.logged("1 lines fit no match; the last one has the form \"Aaaa 9999 Aaaaa\""));
    CHECK_FALSE(run.host.logged("Smith"));
    const auto forms =
        std::count_if(run.host.logs.begin(), run.host.logs.end(), [](const auto& log) {
            return log.find("form") != std::string::npos;
        });
    CHECK(forms == 1);
    CHECK(run.host.events.size() == 1);
    CHECK(plugins::shape_of("\xc3\xa4z-9\t") == "??a-9?");
    CHECK(plugins::shape_of(std::string(500, 'x')).size() == 60);
}

TEST_CASE("serial: a line that is too long is skipped", "[plugins][serial]") {
    SerialRun run;
    REQUIRE(run.start(kBeam));
    run.cable->say(std::string(2'000, '7') + "\nIN=1 OUT=0\n");
    REQUIRE(run.until(1));
    CHECK(run.host.values_of("device.bad_elements{source=test}").size() == 1);
}

TEST_CASE("serial: trap: the end of a line that began before is no line", "[plugins][serial]") {
    SerialRun run;
    const std::string digits = R"(
plugin = "serial"
port = "${dir}/port"
settle_ms = 300
[[source.match]]
pattern = '(?P<in>\d+)'
[[source.match.value]]
group = "in"
metric = "store.footfall.in"
)";
    REQUIRE(run.start(digits));
    run.cable->say("456\n457\n");  // of 123456
    REQUIRE(run.until(1));
    CHECK(run.host.values_of(kIn) == Values{457});
}

TEST_CASE("serial: a device that must be asked is asked", "[plugins][serial]") {
    SerialRun run;
    std::string config = kBeam;
    config.replace(
        config.find("settle_ms"), 13, "settle_ms = 50\nsend = \"READ\\r\\n\"\nsend_every_s = 0.1"
    );
    REQUIRE(run.start(config));
    REQUIRE(run.host.run_until([&] { return run.cable->heard().find("READ\r\n") == 0; }));
    run.cable->say("IN=1 OUT=0\r\n");
    REQUIRE(run.until(1));
    CHECK(run.host.problems.empty());
    REQUIRE(run.host.run_until([&] { return !run.host.problems.empty(); }));
    CHECK(run.host.problems.back().find("does not answer") != std::string::npos);
    run.cable->say("IN=2 OUT=0\r\n");
    REQUIRE(run.host.run_until([&] { return run.host.problems.back().empty(); }));
}

TEST_CASE("serial: unplugged is a problem, plugged in again it goes on", "[plugins][serial]") {
    SerialRun run;
    REQUIRE(run.start(kBeam));
    run.cable->say("IN=1 OUT=0\nIN=2 OU");
    REQUIRE(run.until(1));
    run.cable->cut();
    REQUIRE(run.host.run_until([&] { return !run.host.problems.empty(); }));
    CHECK(run.host.problems.back().find("went away") != std::string::npos);
    run.cable = std::make_unique<Cable>(run.dir);
    REQUIRE(run.host.run_until([&] { return run.host.problems.back().empty(); }));
    run.cable->say("IN=3 OUT=0\n");
    REQUIRE(run.until(2));
    CHECK(run.host.values_of(kIn) == Values{1, 3});
}

TEST_CASE("serial: no port yet is worth a retry, no port at all is not", "[plugins][serial]") {
    Running<Serial> run;
    const Status none = run.start(kBeam);
    REQUIRE_FALSE(none);
    CHECK(none.error().code == ErrorCode::unavailable);
    run.source.stop();
    fs::create_symlink("/dev/null", run.dir.file("port"));
    const Status wrong = run.source.start(run.host);
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().code == ErrorCode::invalid_argument);
    run.source.stop();
    fs::remove(run.dir.file("port"));
    const Cable cable(run.dir);
    REQUIRE(run.source.start(run.host));
}

TEST_CASE(
    "serial: the line is set as asked, and is ours alone", "[plugins][serial][native][TIOCGEXCL]"
) {
    const TempDir dir;
    const Cable cable(dir);
    plugins::LineSettings settings;
    settings.port = dir.file("port");
    settings.baud = 57'600;
    settings.stop_bits = 2;
    settings.flow = "xonxoff";
    const Result<UniqueFd> port = plugins::open_serial_port(settings);
    REQUIRE(port);
    termios line{};
    REQUIRE(::tcgetattr(port->get(), &line) == 0);
    CHECK(::cfgetispeed(&line) == B57600);
    CHECK((line.c_cflag & CSTOPB) != 0);
    CHECK((line.c_iflag & IXON) != 0);
    CHECK((line.c_lflag & (ICANON | ECHO | ISIG)) == 0);
    int is_exclusive = 0;
    REQUIRE(::ioctl(port->get(), TIOCGEXCL, &is_exclusive) == 0);
    CHECK(is_exclusive != 0);
    const Result<UniqueFd> second = plugins::open_serial_port(settings);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::unavailable);
    CHECK(plugins::is_standard_baud(9'600));
    CHECK_FALSE(plugins::is_standard_baud(9'601));
}

TEST_CASE("serial: random bytes never give a reading that is none", "[plugins][serial]") {
    SettingsProblems problems;
    plugins::MatchRule rule;
    rule.pattern = R"((?P<in>[-+.0-9e]+) ?(?P<state>\w*))";
    plugins::GroupRule number;
    number.group = "in";
    number.metric = "a";
    plugins::GroupRule state;
    state.group = "state";
    state.metric = "b";
    state.kind = "state";
    state.states = {"closed", "open"};
    rule.values = {number, state};
    const auto matcher = plugins::LineMatcher::make({rule}, SettingsNode{}, problems);
    REQUIRE(matcher);
    constexpr std::string_view kAlphabet = "+-.0123456789e opn\xff";
    std::mt19937 random(20261122);
    for (int i = 0; i < 20'000; ++i) {
        std::string text(random() % 20, ' ');
        std::generate(text.begin(), text.end(), [&] {
            return kAlphabet[random() % kAlphabet.size()];
        });
        const auto report = matcher->read(text);
        CHECK((!report || report->readings.size() + report->bad_elements.size() == 2));
    }
    CHECK(matcher->read("12 open")->readings.size() == 2);
    CHECK(matcher->read("12 ajar")->bad_elements.size() == 1);
    CHECK_FALSE(matcher->read("12 open please"));
}

}  // namespace cxedge::test
