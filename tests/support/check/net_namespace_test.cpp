// SPDX-License-Identifier: Apache-2.0
#include "tests/support/net_namespace.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "tests/support/catch.hpp"
#include "tests/support/check/laboratory.hpp"
#include "tests/support/process.hpp"

namespace cxedge::test {
namespace {

using Catch::Contains;

std::string where_this_thread_is() {
    return std::filesystem::read_symlink("/proc/thread-self/ns/net").string();
}

TEST_CASE("namespace: it has a loopback and nothing else", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    const NetNamespace there;
    const Finished links = run(there.inside({"ip", "-oneline", "link"}));
    CHECK(links.status == 0);
    CHECK(std::count(links.output.begin(), links.output.end(), '\n') == 1);
    CHECK_THAT(links.output, Contains("lo:") && Contains("LOWER_UP"));
}

TEST_CASE("namespace: a thread is in it for a block", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    const std::string here = where_this_thread_is();
    const NetNamespace one;
    const NetNamespace two;
    CHECK(where_this_thread_is() == here);
    {
        const NetNamespace::Inside in_one(one);
        const std::string first = where_this_thread_is();
        CHECK(first != here);
        {
            const NetNamespace::Inside in_two(two);
            CHECK(where_this_thread_is() != first);
        }
        CHECK(where_this_thread_is() == first);
    }
    CHECK(where_this_thread_is() == here);
}

TEST_CASE("namespace: two hosts use one address and port", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    const NetNamespace one;
    const NetNamespace two;
    const NumberedUdp first(one, "127.0.0.1");
    const NumberedUdp second(two, "127.0.0.1", first.port());
    const NumberedUdp sender(two, "127.0.0.1");
    CHECK_THROWS(NumberedUdp(one, "127.0.0.1", first.port()));
    sender.talk_to(second);
    REQUIRE(sender.send(7));
    REQUIRE(second.receive(kPatience));
    CHECK_FALSE(first.receive(std::chrono::milliseconds(0)));
}

TEST_CASE("namespace: a setting holds in there alone", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    const NetNamespace one;
    const NetNamespace two;
    const std::string before = two.sysctl("ipv4/ip_default_ttl");
    one.sysctl("ipv4/ip_default_ttl", "17");
    CHECK(one.sysctl("ipv4/ip_default_ttl") == "17");
    CHECK(two.sysctl("ipv4/ip_default_ttl") == before);
    one.sysctl("ipv4/ping_group_range", "0 2147483647");
    CHECK(one.sysctl("ipv4/ping_group_range") == "0\t2147483647");
    CHECK(one.sysctl("ipv4/no_such_setting").empty());
    CHECK_THROWS_AS(one.sysctl("ipv4/no_such_setting", "1"), std::system_error);
}

TEST_CASE("namespace: what ip says when it fails is in the exception", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    const NetNamespace there;
    CHECK_THROWS_WITH(
        there.ip({"link", "set", "dev", "eth7", "up"}),
        Contains("ip link set dev eth7 up") && Contains("Cannot find device")
    );
}

void check_conversation(const NumberedUdp& one, const NumberedUdp& other) {
    one.talk_to(other);
    other.talk_to(one);
    REQUIRE(one.send(1));
    REQUIRE(other.receive(kPatience));
    REQUIRE(other.send(2));
    REQUIRE(one.receive(kPatience));
}

TEST_CASE("namespace: a cable carries datagrams both ways", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    const NetNamespace a;
    const NetNamespace b;
    const VethNames first = veth(a, "10.9.0.1/24", b, "10.9.0.2/24");
    const VethNames second = veth(a, "fd09::1/64", b, "fd09::2/64", {"", "uplink"});
    CHECK(first.a == "eth0");
    CHECK(first.b == "eth0");
    CHECK(second.a == "eth1");
    CHECK(second.b == "uplink");
    check_conversation(NumberedUdp(a, "10.9.0.1"), NumberedUdp(b, "10.9.0.2"));
    check_conversation(NumberedUdp(a, "fd09::1"), NumberedUdp(b, "fd09::2"));
}

TEST_CASE("namespace: nothing is left of it", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    const auto before = open_descriptors();
    {
        const NetNamespace a;
        std::optional<NetNamespace> b(std::in_place);
        const std::string device = veth(a, "10.9.0.1/24", *b, "10.9.0.2/24").a;
        CHECK(a.has_device(device));
        b.reset();
        // The cable goes with the host at its other end.
        CHECK(a.await_gone(device, kPatience));
    }
    CHECK(open_descriptors() == before);
}

}  // namespace
}  // namespace cxedge::test
