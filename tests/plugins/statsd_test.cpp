// SPDX-License-Identifier: Apache-2.0
#include "plugins/statsd/statsd.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <random>

#include <sys/socket.h>
#include <sys/un.h>

#include "plugins/statsd/statsd_line.hpp"

#include "tests/plugins/plugin_fixture.hpp"
#include "tests/plugins/sockets.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using plugins::Statsd;

const std::string kAnyPort = "plugin = \"statsd\"\nlisten = \"127.0.0.1:0\"\n";

double total(const FakeHost& host, const std::string& series) {
    const std::vector<double> values = host.values_of(series);
    return std::accumulate(values.begin(), values.end(), 0.0);
}

// Near-misses find more than pure noise: the alphabet is that of the format.
std::string random_datagram(std::mt19937& random) {
    constexpr std::string_view kAlphabet = "ab1.:|@#,cgmsh+-eT\x01\xff\n\r ";
    std::string text(1 + random() % 40, ' ');
    std::generate(text.begin(), text.end(), [&] { return kAlphabet[random() % kAlphabet.size()]; });
    return text;
}

}  // namespace

TEST_CASE("statsd: ten thousand random datagrams are all counted", "[plugins][statsd]") {
    Running<Statsd> run;
    REQUIRE(run.start(kAnyPort + "max_series = 500\n"));
    std::mt19937 random(20261122);
    std::uint64_t lines = 0;
    std::uint64_t bad = 0;
    for (int i = 0; i < 10'000; ++i) {
        const std::string packet = random_datagram(random);
        std::string_view rest = packet;
        std::string_view line;
        while (plugins::next_line(rest, line)) {
            ++lines;
            const auto parsed = plugins::parse_statsd_line(line);
            bad += !parsed || (parsed->type != plugins::StatsdType::set &&
                               !plugins::has_only_numbers(parsed->values))
                       ? 1U
                       : 0U;
        }
        send_udp(run.source.port(), packet);
        if (i % 50 == 0) {
            run.poll();
        }
    }
    run.poll();
    run.source.stop();
    CHECK(total(run.host, "statsd.lines{source=test}") == static_cast<double>(lines));
    CHECK(total(run.host, "statsd.bad_lines{source=test}") == static_cast<double>(bad));
    CHECK(bad > 9'000);
    CHECK(run.host.events.size() == 1);
    CHECK(run.host.logs.size() < 30);
}

TEST_CASE("statsd: a burst larger than one wake is taken completely", "[plugins][statsd]") {
    Running<Statsd> run;
    REQUIRE(run.start(kAnyPort));
    for (int i = 0; i < 20'000; i += 100) {
        for (int j = 0; j < 10; ++j) {
            std::string packet;
            for (int k = 0; k < 10; ++k) {
                packet += "sales:1|c|#till:" + std::to_string(k) + "\n";
            }
            send_udp(run.source.port(), packet);
        }
        run.poll();
    }
    CHECK(run.host.readings.size() == 20'000);
    // Names seen before cost no declaration: 10 series and the source's own 4.
    CHECK(run.host.declares == 14);
}

TEST_CASE("statsd: a refused name is said once and counted always", "[plugins][statsd]") {
    Running<Statsd> run;
    run.host.on_declare = [](const SeriesInfo& info) {
        return info.key.metric == "unknown" ? Status(invalid_argument("no unit is known"))
                                            : Status();
    };
    REQUIRE(run.start(kAnyPort));
    send_udp(run.source.port(), "unknown:1|c\nunknown:2|c\nunknown:3|c|#a:b\nknown:1|c");
    run.poll();
    run.source.stop();
    CHECK(total(run.host, "statsd.refused{source=test}") == 3);
    CHECK(run.host.values_of("known") == std::vector<double>{1});
    CHECK(std::count_if(run.host.logs.begin(), run.host.logs.end(), [](const std::string& line) {
              return line.find("\"unknown\" is refused: no unit is known") != std::string::npos;
          }) == 1);
}

TEST_CASE("statsd: made-up names stop at max_series", "[plugins][statsd]") {
    Running<Statsd> run;
    REQUIRE(run.start(kAnyPort + "max_series = 3\n"));
    for (int i = 0; i < 100; ++i) {
        send_udp(run.source.port(), "n" + std::to_string(i) + ":1|c");
        run.poll();
    }
    run.source.stop();
    CHECK(total(run.host, "statsd.refused{source=test}") == 97);
    CHECK(run.host.declares == 3 + 4);
    CHECK(run.host.logged("only counted"));
    CHECK(run.host.logs.size() <= 22);
}

TEST_CASE("statsd: refused readings are counted", "[plugins][statsd]") {
    Running<Statsd> run;
    run.host.on_emit = [](const SeriesInfo& info, double) {
        return info.key.metric == "sales" ? Status(exhausted("disk full")) : Status();
    };
    REQUIRE(run.start(kAnyPort));
    send_udp(run.source.port(), "sales:1:2:3|c");
    run.poll();
    run.source.stop();
    CHECK(total(run.host, "statsd.refused{source=test}") == 3);
}

TEST_CASE("statsd: sets begin anew each interval and are bounded", "[plugins][statsd]") {
    Running<Statsd> run;
    REQUIRE(run.start(kAnyPort + "interval_s = 0.05\nmax_members = 2\n"));
    send_udp(run.source.port(), "u:a|s\nu:b|s\nu:c|s");
    REQUIRE(run.host.run_until([&] { return run.host.values_of("u").size() == 1; }));
    send_udp(run.source.port(), "u:a|s");
    REQUIRE(run.host.run_until([&] { return run.host.values_of("u").size() == 2; }));
    CHECK(run.host.values_of("u") == std::vector<double>{2, 1});
    CHECK(run.host.logged("max_members"));
}

TEST_CASE("statsd: of a datagram that is too long only whole lines count", "[plugins][statsd]") {
    Running<Statsd> run;
    REQUIRE(run.start("plugin = \"statsd\"\nlisten = \"\"\nsocket = \"${dir}/s\"\n"));
    std::string packet = "sales:1|c\n";
    packet += "level:5" + std::string(70'000, '5') + "|g";
    send_unix_datagram(run.dir.file("s"), packet);
    run.poll();
    run.source.stop();
    CHECK(run.host.values_of("sales") == std::vector<double>{1});
    CHECK(total(run.host, "statsd.bad_lines{source=test}") == 1);
    CHECK(run.host.series.size() == 5);
}

// [SO_RXQ_OVFL]: qemu-user refuses this option of a socket (ENOPROTOOPT).
TEST_CASE("statsd: drops of the kernel are reported", "[plugins][statsd][native][SO_RXQ_OVFL]") {
    Running<Statsd> run;
    REQUIRE(run.start(kAnyPort + "receive_buffer_kib = 16\n"));
    const std::string packet = "sales:1|c\n" + std::string(1'000, ' ') + "\n";
    for (int i = 0; i < 1'000; ++i) {
        send_udp(run.source.port(), packet);
    }
    run.poll();
    send_udp(run.source.port(), packet);  // tells about the drops before it
    run.poll();
    run.source.stop();
    const auto received = static_cast<double>(run.host.values_of("sales").size());
    CHECK(received < 1'001);
    CHECK(total(run.host, "statsd.kernel_drops{source=test}") == 1'001 - received);
}

TEST_CASE("statsd: IPv6, and both sockets at once", "[plugins][statsd]") {
    Running<Statsd> run;
    REQUIRE(run.start(kAnyPort + "socket = \"${dir}/s\"\n"));
    send_udp(run.source.port(), "a:1|c");
    send_unix_datagram(run.dir.file("s"), "b:1|c");
    run.poll();
    CHECK(run.host.values_of("a").size() == 1);
    CHECK(run.host.values_of("b").size() == 1);
    CHECK(plugins::check_udp_address("[::1]:8125").empty());
    CHECK_FALSE(plugins::check_udp_address("[::1]").empty());
    CHECK_FALSE(plugins::check_udp_address("127.0.0.1:70000").empty());
    CHECK_FALSE(plugins::check_udp_address("127.0.0.1:").empty());
    CHECK_FALSE(plugins::check_udp_address("[]:1").empty());
}

TEST_CASE(
    "statsd: a taken port is worth a retry, and start works again after stop", "[plugins][statsd]"
) {
    Running<Statsd> first;
    REQUIRE(first.start(kAnyPort));
    const std::string address = "127.0.0.1:" + std::to_string(first.source.port());
    Running<Statsd> second;
    const Status taken = second.start("plugin = \"statsd\"\nlisten = \"" + address + "\"\n");
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == ErrorCode::unavailable);
    second.source.stop();
    first.source.stop();
    REQUIRE(second.source.start(second.host));
    send_udp(second.source.port(), "a:1|c");
    second.poll();
    CHECK(second.host.values_of("a").size() == 1);
}

TEST_CASE("statsd: socket files are replaced only if nobody listens", "[plugins][statsd]") {
    const std::string settings =
        "plugin = \"statsd\"\nlisten = \"\"\nsocket = \"${dir}/s\"\nsocket_mode = \"0622\"\n";
    Running<Statsd> run;
    SECTION("a stale socket is replaced, and removed at the end") {
        {
            // A bound socket whose process closes without unlinking.
            const UniqueFd stale(::socket(AF_UNIX, SOCK_DGRAM, 0));
            sockaddr_un address{};
            address.sun_family = AF_UNIX;
            run.dir.file("s").copy(address.sun_path, sizeof(address.sun_path) - 1);
            const void* const generic = &address;
            REQUIRE(
                ::bind(stale.get(), static_cast<const sockaddr*>(generic), sizeof(address)) == 0
            );
        }
        REQUIRE(run.start(settings));
        const auto mode = std::filesystem::status(run.dir.file("s")).permissions();
        CHECK(static_cast<unsigned>(mode) == 0622U);
        run.source.stop();
        CHECK_FALSE(std::filesystem::exists(run.dir.file("s")));
    }
    SECTION("one in use is left alone") {
        Running<Statsd> other;
        REQUIRE(other.start(
            "plugin = \"statsd\"\nlisten = \"\"\nsocket = \"" + run.dir.file("s") + "\"\n"
        ));
        const Status status = run.start(settings);
        REQUIRE_FALSE(status);
        CHECK(status.error().code == ErrorCode::unavailable);
        run.source.stop();
        send_unix_datagram(run.dir.file("s"), "a:1|c");
        other.poll();
        CHECK(other.host.values_of("a").size() == 1);
    }
    SECTION("another file is left alone") {
        std::ofstream(run.dir.file("s")) << "precious";
        const Status status = run.start(settings);
        REQUIRE_FALSE(status);
        CHECK(status.error().code == ErrorCode::invalid_argument);
        run.source.stop();
        CHECK(read_text(run.dir.file("s")) == "precious");
    }
}

}  // namespace cxedge::test
