// SPDX-License-Identifier: Apache-2.0
#include "plugins/stamp_reflector/stamp_reflector.hpp"

#include <array>
#include <fstream>

#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>

#include "plugins/_probes/stamp_hmac.hpp"
#include "plugins/_probes/wires.hpp"

#include "tests/plugins/case_run.hpp"
#include "tests/plugins/plugin_fixture.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using namespace probes;
using plugins::StampReflector;

constexpr StampMode kPlain = StampMode::unauthenticated;

// A sender on loopback.
class Sender {
public:
    explicit Sender(std::uint16_t to, const std::string& host = "127.0.0.1")
        : Sender(to, host, host, 0) {}
    Sender(std::uint16_t to, const std::string& host, const std::string& from, std::uint16_t own)
        : to_(*SocketAddress::parse(host, to)),
          fd_(std::move(open_socket(to_.family(), SOCK_DGRAM, 0, "").fd)) {
        const SocketAddress here = *SocketAddress::parse(from, own);
        REQUIRE(::bind(fd_.get(), here.data(), here.size()) == 0);
        const int ttl = 33;
        ::setsockopt(fd_.get(), IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
        ::setsockopt(fd_.get(), IPPROTO_IPV6, IPV6_UNICAST_HOPS, &ttl, sizeof ttl);
    }
    void send(const std::string& bytes) const {
        REQUIRE(::sendto(fd_.get(), bytes.data(), bytes.size(), 0, to_.data(), to_.size()) >= 0);
    }
    // Empty: there is none. Loopback delivers within a call.
    [[nodiscard]] std::string receive() const {
        std::array<char, 9'300> buffer{};
        const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        return size < 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(size));
    }

private:
    SocketAddress to_;
    UniqueFd fd_;
};

std::string request(std::uint32_t number, std::size_t size = 44, std::uint16_t session = 7) {
    return encode_stamp_request(kPlain, {number, 0x1234567800000000, 0x8001, session}, size);
}

struct Bench : Running<StampReflector> {
    explicit Bench(const std::string& settings, const std::string& listen = "127.0.0.1:0") {
        REQUIRE(start("listen = \"" + listen + "\"\n" + settings));
    }
    std::string ask(const Sender& sender, const std::string& bytes) {
        sender.send(bytes);
        poll();
        return sender.receive();
    }
    [[nodiscard]] double refused(const std::string& reason) {
        source.stop();
        const auto values = host.values_of("stamp.refused{reason=" + reason + ",source=test}");
        return values.empty() ? 0 : values.front();
    }
};

// Each file is a datagram, as hex.
void feed_packets(CaseRun& run, Source& source) {
    const Sender sender(dynamic_cast<StampReflector&>(source).port());
    for (const auto& file : entries(run.folder / "input")) {
        std::string bytes;
        const std::string text = read_text(file);
        for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
            bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
        }
        sender.send(bytes);
    }
    for (int i = 0; i < 10; ++i) {
        run.host.loop().poll();
    }
}

}  // namespace

TEST_CASE("stamp_reflector: does what its cases say", "[plugins][stamp]") {
    check_plugin({"stamp_reflector", make_source<StampReflector>, feed_packets});
}

TEST_CASE("stamp_reflector: an answer says what the request was", "[plugins][stamp]") {
    for (const std::string address : {"127.0.0.1", "::1"}) {
        const bool v6 = address == "::1";
        Bench bench("", v6 ? "[::1]:0" : "127.0.0.1:0");
        const std::string shown = v6 ? "[::1]" : address;
        CHECK(bench.host.logged(fmt::format("listening on {}:{}", shown, bench.source.port())));
        const Sender sender(bench.source.port(), address);
        const std::int64_t before = realtime_ns();
        const std::string asked = request(41, 100);
        const std::string bytes = bench.ask(sender, asked);
        const std::int64_t after = realtime_ns();
        REQUIRE(bytes.size() == 100);
        CHECK(bytes.substr(44) == asked.substr(44));
        const StampReply reply = *decode_stamp_reply(kPlain, bytes);
        CHECK(reply.sequence == 0);
        CHECK(reply.request.sequence == 41);
        CHECK(reply.request.time == 0x1234567800000000);
        CHECK(reply.request.error_estimate == 0x8001);
        CHECK(reply.session == 7);
        CHECK(reply.ttl == 33);
        const std::int64_t t2 = decode_stamp_time(reply.received, false);
        const std::int64_t t3 = decode_stamp_time(reply.time, false);
        CHECK(before <= t2);
        CHECK(t2 <= t3);
        CHECK(t3 <= after);
    }
}

TEST_CASE("stamp_reflector: it counts each session, or repeats", "[plugins][stamp]") {
    Bench bench("");
    const Sender one(bench.source.port());
    const Sender other(bench.source.port());
    const auto number = [&](const Sender& sender, std::uint16_t session) {
        return decode_stamp_reply(kPlain, bench.ask(sender, request(9, 44, session)))->sequence;
    };
    CHECK(number(one, 7) == 0);
    CHECK(number(one, 7) == 1);
    CHECK(number(one, 8) == 0);
    CHECK(number(other, 7) == 0);
    CHECK(number(one, 7) == 2);
    Bench stateless("stateful = false\n");
    const Sender sender(stateless.source.port());
    CHECK(decode_stamp_reply(kPlain, stateless.ask(sender, request(9)))->sequence == 9);
    bench.source.stop();
    CHECK(bench.host.values_of("stamp.reflected{source=test}") == std::vector<double>{5});
}

TEST_CASE("stamp_reflector: it answers no more than it is asked", "[plugins][stamp]") {
    Bench bench("packets_per_s = 20\n");
    const Sender sender(bench.source.port());
    for (const std::size_t size : {0U, 1U, 14U, 40U}) {
        CHECK(bench.ask(sender, std::string(size, 'x')).empty());
    }
    for (const std::size_t size : {41U, 44U, 45U, 47U, 48U, 500U, 9'000U}) {
        CHECK(bench.ask(sender, std::string(size, 'x')).size() == size);
    }
    CHECK(bench.ask(sender, std::string(9'100, 'x')).empty());
    int answers = 0;
    for (int i = 0; i < 50; ++i) {
        answers += bench.ask(sender, request(1)).empty() ? 0 : 1;
    }
    // Its clock stands still in this test.
    CHECK(answers == 20 - 7);
    CHECK(bench.refused("malformed") == 5);
    CHECK(
        bench.host.values_of("stamp.refused{reason=rate,source=test}") == std::vector<double>{37}
    );
}

TEST_CASE("stamp_reflector: strangers and reflectors get no answer", "[plugins][stamp]") {
    Bench bench("allow = [\"10.0.0.0/8\", \"fd00::/8\"]\n");
    CHECK(bench.ask(Sender(bench.source.port()), request(1)).empty());
    CHECK(bench.refused("network") == 1);
    // Two that answer each other would never end.
    Bench other("", "127.0.0.2:0");
    const Sender reflector(other.source.port(), "127.0.0.2", "127.0.0.3", other.source.port());
    CHECK(other.ask(reflector, request(1)).empty());
    CHECK(other.refused("loop") == 1);
}

TEST_CASE("stamp_reflector: with a key only signed packets count", "[plugins][stamp]") {
    const TempDir dir;
    std::ofstream(dir.file("key")) << "correct horse\n";
    Bench bench(fmt::format("key_file = \"{}\"\n", dir.file("key")));
    const Sender sender(bench.source.port());
    std::string packet = encode_stamp_request(StampMode::authenticated, {3, 4, 5, 6}, 150);
    for (int i = 0; i < 10; ++i) {
        CHECK(bench.ask(sender, packet).empty());
    }
    CHECK(bench.host.events.size() == 1);
    bench.host.manual_clock.advance(std::chrono::seconds(59));
    CHECK(bench.ask(sender, packet).empty());
    CHECK(bench.host.events.size() == 1);
    bench.host.manual_clock.advance(std::chrono::seconds(1));
    CHECK(bench.ask(sender, packet).empty());
    REQUIRE(bench.host.events.size() == 2);
    CHECK(bench.host.events[1].name == "stamp.bad_hmac");
    CHECK(bench.host.events[1].attrs == std::vector<Dimension>{{"count", "11"}});
    sign_stamp(packet, "correct horse");
    const std::string answer = bench.ask(sender, packet);
    REQUIRE(answer.size() == 150);
    CHECK(stamp_signature_fits(answer, "correct horse"));
    CHECK(decode_stamp_reply(StampMode::authenticated, answer)->request.sequence == 3);
    CHECK(bench.ask(sender, request(1)).empty());
    CHECK(bench.refused("hmac") == 12);
}

TEST_CASE("stamp_reflector: what it cannot open it says", "[plugins][stamp]") {
    Bench first("");
    Running<StampReflector> second;
    const Status taken =
        second.start(fmt::format("listen = \"127.0.0.1:{}\"\n", first.source.port()));
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == ErrorCode::unavailable);
    CHECK(taken.error().message.find("listening on 127.0.0.1") != std::string::npos);
    second.source.stop();
    const Status no_key = second.start("key_file = \"${dir}/none\"\nlisten = \"127.0.0.1:0\"\n");
    REQUIRE_FALSE(no_key);
    CHECK(no_key.error().message.find("key_file") != std::string::npos);
}

TEST_CASE("stamp_reflector: what clock it has, it says", "[plugins][stamp]") {
    FakeHost host;
    StampReflector reflector([] { return KernelClock{true, true, true, 2'000, 10}; });
    SettingsProblems problems;
    reflector.init(source_settings("[[source]]\nlisten = \"127.0.0.1:0\"\n"), problems);
    REQUIRE(reflector.start(host));
    const Sender sender(reflector.port());
    sender.send(request(1));
    host.loop().poll();
    const auto reply = decode_stamp_reply(kPlain, sender.receive());
    REQUIRE(reply);
    const StampErrorEstimate error = decode_error_estimate(reply->error_estimate);
    CHECK(error.synchronised);
    CHECK(error.seconds == Approx(0.002).epsilon(0.01));
    reflector.stop();
}

}  // namespace cxedge::test
