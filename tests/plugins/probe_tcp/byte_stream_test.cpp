// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/byte_stream.hpp"

#include <optional>
#include <stdexcept>
#include <string>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "plugins/_probes/budget.hpp"
#include "plugins/_probes/resolver.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

// Both ends of a TCP connection.
struct TcpPair {
    UniqueFd client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    UniqueFd server;

    TcpPair() {
        const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* const at = reinterpret_cast<sockaddr*>(&where);
        socklen_t size = sizeof where;
        if (::bind(listener.get(), at, size) != 0 || ::listen(listener.get(), 1) != 0 ||
            ::getsockname(listener.get(), at, &size) != 0 ||
            ::connect(client.get(), at, size) != 0) {
            throw std::runtime_error("no TCP on the loopback");
        }
        server = UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }
};

// No more than the window allows. All of it is there when this returns.
void give(const TcpPair& pair, std::size_t bytes) {
    std::string text(bytes, 'x');
    REQUIRE(::send(pair.server.get(), text.data(), bytes, 0) == static_cast<ssize_t>(bytes));
    const ssize_t there = ::recv(pair.client.get(), text.data(), bytes, MSG_PEEK | MSG_WAITALL);
    REQUIRE(there == static_cast<ssize_t>(bytes));
}

struct StreamLab {
    explicit StreamLab(const probes::BudgetLimits& limits)
        : meter("", "", "test", limits, clock),
          context{loop, clock, resolver, meter, "", std::chrono::seconds(5)} {}

    EventLoop loop;
    SystemClock clock;
    probes::Resolver resolver{loop};
    probes::Meter meter;
    probes::ProbeContext context;
};

}  // namespace

TEST_CASE("byte stream: what came and was not read is on the meter, too", "[plugins]") {
    StreamLab lab({});
    TcpPair pair;
    give(pair, 30'000);
    ::shutdown(pair.server.get(), SHUT_WR);
    std::size_t read = 0;
    std::optional<probes::ByteStream> stream;
    stream.emplace(
        lab.context,
        std::move(pair.client),
        probes::ByteStream::Events{
            [&](std::string_view bytes) {
                read = bytes.size();
                stream.reset();
                lab.loop.stop();
            },
            [](int) {
            }}
    );
    lab.loop.run();
    probes::Meter expected("", "", "test", {}, lab.clock);
    CHECK(read == 16'384);
    CHECK(expected.spend_stream(read));
    CHECK(expected.spend_stream(30'000 - read));
    CHECK(lab.meter.used().bytes == expected.used().bytes);
    CHECK(lab.meter.used().packets == expected.used().packets);
}

TEST_CASE("byte stream: near the end of a budget little is let ahead", "[plugins]") {
    probes::BudgetLimits limits;
    limits.test_bytes = 100'000;
    StreamLab lab(limits);
    TcpPair pair;
    const int fd = pair.client.get();
    const auto clamp = [fd] {
        int bytes = 0;
        socklen_t size = sizeof bytes;
        ::getsockopt(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, &bytes, &size);
        return bytes;
    };
    give(pair, 16'384);
    int during = 0;
    const probes::ByteStream stream(
        lab.context,
        std::move(pair.client),
        {[&](std::string_view) {
             during = clamp();
             lab.loop.stop();
         },
         [](int) {
         }}
    );
    CHECK(clamp() == 50'000);
    lab.loop.run();
    CHECK(during < 42'000);
    CHECK(during > 40'000);
}

}  // namespace cxedge::test
