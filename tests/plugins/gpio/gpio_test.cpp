// SPDX-License-Identifier: Apache-2.0
#include "plugins/gpio/gpio.hpp"

#include <algorithm>
#include <filesystem>

#include "tests/plugins/case_folder.hpp"
#include "tests/plugins/case_run.hpp"
#include "tests/plugins/gpio/fake_chip.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using namespace std::chrono_literals;
using Values = std::vector<double>;

const std::string kDoor =
    "debounce_ms = 0\n[[source.beam]]\nname = \"main\"\nline_a = 4\nline_b = 5\nblocked_s = 1\n";
const std::string kIn = "store.footfall.in{device=test,door=main}";
const std::string kOut = "store.footfall.out{device=test,door=main}";

struct GpioBench {
    FakeHost host;
    FakePins pins{host};
    plugins::Gpio source{pins.maker()};

    ~GpioBench() { source.stop(); }

    Status start(const std::string& settings) {
        SettingsProblems problems;
        source.init(source_settings("[[source]]\nplugin = \"gpio\"\n" + settings), problems);
        REQUIRE(problems.lines() == std::vector<std::string>());
        return source.start(host);
    }
    // "A" breaks beam a at line 4, "b" makes beam b at line 5 whole; 10 ms apart.
    void walk(const std::string& changes) {
        for (const char c : changes) {
            host.manual_clock.advance(10ms);
            pins.set(c == 'A' || c == 'a' ? 4 : 5, c == 'A' || c == 'B');
        }
    }
};

// Lines of input/edges.txt: "<ms> <line> <0|1>" in the order of time.
void feed_edges(FakePins& pins, CaseRun& run) {
    for (const std::string& line : read_lines(run.folder / "input" / "edges.txt")) {
        int ms = 0;
        unsigned offset = 0;
        int level = 0;
        REQUIRE(std::sscanf(line.c_str(), "%d %u %d", &ms, &offset, &level) == 3);
        run.host.manual_clock.advance(std::chrono::milliseconds(ms));
        pins.set(offset, level != 0);
    }
}

}  // namespace

TEST_CASE("gpio: does what its cases say", "[plugins][gpio]") {
    std::optional<FakePins> pins;
    const devices::MakeGpioChip make = [&](const std::string& chip) {
        return pins->maker()(chip);
    };
    check_plugin(
        {"gpio",
         [&]() -> std::unique_ptr<Source> { return std::make_unique<plugins::Gpio>(make); },
         [&](CaseRun& run, Source&) { feed_edges(*pins, run); },
         [&](CaseRun& run) {
             pins.emplace(run.host);
         }}
    );
}

TEST_CASE("gpio: people walk through a door", "[plugins][gpio]") {
    GpioBench bench;
    REQUIRE(bench.start(kDoor));
    bench.walk("ABab");
    bench.walk("ABba");
    bench.walk("BAba");
    bench.walk("ABab");
    CHECK(bench.host.values_of(kIn) == Values{1, 1});
    CHECK(bench.host.values_of(kOut) == Values{1});
    CHECK(bench.host.values_of("device.up{device=test}") == Values{1});
}

TEST_CASE("gpio: a bouncing beam counts one person", "[plugins][gpio]") {
    GpioBench bench;
    REQUIRE(
        bench.start("debounce_ms = 5\n[[source.beam]]\nname = \"main\"\nline_a = 4\nline_b = 5\n")
    );
    const auto bounce = [&](std::uint32_t line, bool last) {
        bench.host.manual_clock.advance(20ms);
        for (const bool level : {last, !last, last, !last, last}) {
            bench.host.manual_clock.advance(1ms);
            bench.pins.set(line, level);
        }
    };
    bounce(4, true);
    bounce(5, true);
    bounce(4, false);
    bounce(5, false);
    bench.host.manual_clock.advance(20ms);
    REQUIRE(bench.host.run_until([&] { return !bench.host.values_of(kIn).empty(); }));
    CHECK(bench.host.values_of(kIn) == Values{1});
    CHECK(bench.host.values_of(kOut).empty());
}

TEST_CASE("gpio: a blocked beam is an alarm, once, and its end", "[plugins][gpio]") {
    GpioBench bench;
    REQUIRE(bench.start(kDoor));
    bench.walk("AB");
    bench.host.manual_clock.advance(2s);
    REQUIRE(bench.host.run_until([&] { return !bench.host.events.empty(); }));
    CHECK(bench.host.events.front().name == "gpio.beam_blocked");
    CHECK(bench.host.events.front().state == EventState::raise);
    CHECK(bench.host.events.front().attrs == std::vector<Dimension>{{"door", "main"}});
    bench.walk("ab");
    REQUIRE(bench.host.events.size() == 2);
    CHECK(bench.host.events.back().state == EventState::clear);
    CHECK(bench.host.events.back().id == bench.host.events.front().id);
    CHECK(bench.host.values_of(kIn).empty());
    bench.walk("ABab");
    CHECK(bench.host.values_of(kIn) == Values{1});
}

TEST_CASE("gpio: contacts of both kinds, at the start and on change", "[plugins][gpio]") {
    GpioBench bench;
    bench.pins.set(7, true);
    REQUIRE(bench.start(
        "debounce_ms = 0\n"
        "[[source.contact]]\nname = \"front\"\nline = 7\n"
        "[[source.contact]]\nname = \"back\"\nline = 8\nnormally = \"open\"\nbias = \"pull_down\"\n"
        "active_low = false\n"
    ));
    const std::string front = "store.door.open{device=test,door=front}";
    const std::string back = "store.door.open{device=test,door=back}";
    CHECK(bench.host.values_of(front) == Values{0});
    CHECK(bench.host.values_of(back) == Values{0});
    bench.pins.set(7, false);
    bench.pins.set(8, true);
    bench.pins.set(7, true);
    CHECK(bench.host.values_of(front) == Values{0, 1, 0});
    CHECK(bench.host.values_of(back) == Values{0, 1});
    CHECK(bench.pins.lines[0].active_low);
    CHECK(bench.pins.lines[0].bias == "pull_up");
    CHECK_FALSE(bench.pins.lines[1].active_low);
    CHECK(bench.host.events.empty());
}

TEST_CASE("gpio: pulses are gathered for a second, none is lost at the end", "[plugins][gpio]") {
    GpioBench bench;
    REQUIRE(bench.start(
        "debounce_ms = 0\n[[source.pulse]]\nline = 9\nmetric = \"box.energy\"\nunit = \"Wh\"\n"
        "factor = 0.5\ndims = { meter = \"hvac\" }\n"
    ));
    const std::string meter = "box.energy{device=test,meter=hvac}";
    const auto pulse = [&](int count) {
        for (int i = 0; i < count; ++i) {
            bench.pins.set(9, true);
            bench.pins.set(9, false);
        }
    };
    pulse(4);
    CHECK(bench.host.values_of(meter).empty());
    REQUIRE(bench.host.run_until([&] { return !bench.host.values_of(meter).empty(); }));
    pulse(3);
    bench.source.stop();
    CHECK(bench.host.values_of(meter) == Values{2, 1.5});
}

TEST_CASE("gpio: a chip that goes away and comes back", "[plugins][gpio]") {
    GpioBench bench;
    REQUIRE(bench.start(kDoor));
    bench.walk("A");
    bench.pins.unplug();
    CHECK(bench.host.values_of("device.up{device=test}") == Values{1, 0});
    CHECK(bench.host.problems.back() == "/dev/gpiochip0: No such device");
    REQUIRE(bench.host.run_until([&] { return bench.pins.made == 2; }));
    CHECK(bench.host.problems.back() == "/dev/gpiochip0: No such file or directory");
    bench.pins.there = true;
    bench.pins.set(4, false);
    REQUIRE(bench.host.run_until([&] { return bench.host.problems.back().empty(); }));
    bench.walk("ABab");
    CHECK(bench.host.values_of(kIn) == Values{1});
    CHECK(bench.host.values_of("device.up{device=test}").back() == 1);
}

TEST_CASE("gpio: no chip at the start is worth a retry", "[plugins][gpio]") {
    GpioBench bench;
    bench.pins.there = false;
    const Status started = bench.start(kDoor);
    REQUIRE_FALSE(started);
    CHECK(started.error().code == ErrorCode::unavailable);
    bench.source.stop();
    bench.pins.there = true;
    REQUIRE(bench.source.start(bench.host));
    bench.walk("BAba");
    CHECK(bench.host.values_of(kOut) == Values{1});
}

TEST_CASE("gpio: the kernel's chip says clearly that it is not there", "[plugins][gpio]") {
    EventLoop loop;
    const auto chip = devices::kernel_gpio_chip("/dev/gpiochip-of-nobody");
    const Status watched = chip->watch({{17, false, "pull_up"}}, loop, {}, {});
    REQUIRE_FALSE(watched);
    CHECK(watched.error().code == ErrorCode::unavailable);
    CHECK(
        watched.error().message == "GPIO chip /dev/gpiochip-of-nobody: No such file or directory"
    );
    CHECK(chip->levels()->empty());
    // Something that is no GPIO chip.
    const auto null = devices::kernel_gpio_chip("/dev/null");
    const Status refused = null->watch({{0, false, "as_is"}}, loop, {}, {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::unavailable);
    CHECK(refused.error().message.rfind("GPIO chip /dev/null: ", 0) == 0);
}

}  // namespace cxedge::test
