// SPDX-License-Identifier: Apache-2.0
#include "agent/base/socket_address.hpp"

#include <sys/socket.h>

#include "agent/base/unique_fd.hpp"

#include "tests/support/catch.hpp"

namespace cxedge {
namespace {

TEST_CASE("socket address: hosts with and without ports", "[base]") {
    CHECK(split_host_port("example.net")->port == std::nullopt);
    CHECK(split_host_port("example.net:53")->port == 53);
    CHECK(split_host_port("[2001:db8::1]:853")->host == "2001:db8::1");
    CHECK(split_host_port("2001:db8::1")->host == "2001:db8::1");
    CHECK(split_host_port("::1")->host == "::1");
    for (const char* text : {"", "host:", "host:0", "host:99999", "[::1", "[]:1", ":53"}) {
        CHECK_FALSE(split_host_port(text));
    }
    const auto address = SocketAddress::parse("2001:db8::1", 443);
    REQUIRE(address);
    CHECK(address->text() == "2001:db8::1");
    CHECK(address->port() == 443);
    CHECK(address->is_v6());
    CHECK(SocketAddress::parse("192.0.2.1")->text() == "192.0.2.1");
    CHECK_FALSE(SocketAddress::parse("192.0.2"));
    CHECK_FALSE(SocketAddress::parse("example.net"));
    CHECK(SocketAddress::parse("192.0.2.1", 1)->same_host(*SocketAddress::parse("192.0.2.1", 2)));
    CHECK_FALSE(
        SocketAddress::parse("192.0.2.1")->same_host(*SocketAddress::parse("::ffff:192.0.2.1"))
    );
}

TEST_CASE("socket address: where to listen", "[base]") {
    const auto shown = [](const char* text) {
        const auto address = SocketAddress::parse_with_port(text);
        return address ? address->text_with_port() : std::string("none");
    };
    for (const char* const text : {"127.0.0.1:8125", "0.0.0.0:0", "[::1]:65535", "[::]:1"}) {
        CHECK(shown(text) == text);
    }
    for (const char* const text :
         {"",
          ":1",
          "127.0.0.1",
          "127.0.0.1:",
          "127.0.0.1:x",
          "127.0.0.1:65536",
          "[127.0.0.1]:1",
          "::1:1",
          "[::1]",
          "[]:1",
          "[::1:1",
          "localhost:1",
          "[fe80::1%lo]:1",
          "[:1"}) {
        CHECK(shown(text) == "none");
    }
}

TEST_CASE("socket address: of a socket", "[base]") {
    const UniqueFd fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const SocketAddress any = SocketAddress::any(AF_INET6);
    REQUIRE(::bind(fd.get(), any.data(), any.size()) == 0);
    const auto bound = SocketAddress::of_socket(fd.get());
    REQUIRE(bound);
    CHECK(bound->text() == "::");
    CHECK(bound->port() != 0);
    CHECK_FALSE(SocketAddress::of_socket(-1));
}

}  // namespace
}  // namespace cxedge
