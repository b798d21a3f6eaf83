// SPDX-License-Identifier: Apache-2.0
// Replies that are nearly those of a request.
#include <iostream>
#include <optional>
#include <utility>
#include <vector>

#include <netinet/in.h>

#include "plugins/_probes/packet_socket.hpp"
#include "plugins/_probes/wires.hpp"
#include "plugins/probe_icmp/echo_packet.hpp"
#include "plugins/probe_icmp/probe_icmp.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/impaired_link.hpp"
#include "tests/support/probe_lab.hpp"

namespace cxedge::test {

TEST_CASE("probe_icmp network: only the packet's own reply counts", "[plugins][probe_icmp]") {
    if (!ImpairedLink::available()) {
        std::cout << "skipped: needs root, iproute2 and /dev/net/tun\n";
        return;
    }
    const NetNamespace here;
    const NetNamespace far;
    const ImpairedLink link(here, far, {}, {});
    far.sysctl("ipv4/icmp_echo_ignore_all", "1");
    far.add_address(link.device(), "10.78.0.77/32");
    enum class Forgery { none, address, cookie, ident, sequence, type };
    const Forgery forgery = GENERATE(
        Forgery::none,
        Forgery::address,
        Forgery::cookie,
        Forgery::ident,
        Forgery::sequence,
        Forgery::type
    );
    const NetNamespace::Inside inside(here);
    ProbeLab<plugins::ProbeIcmp> lab("count = 3\nspacing_s = 0.01\nwait_s = 0.3\ntimeout_s = 10\n");
    std::optional<NetNamespace::Inside> there(far);
    auto open_raw = [] {
        return std::move(probes::open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP, "").fd);
    };
    UniqueFd answers = open_raw();
    const auto from =
        *SocketAddress::parse(forgery == Forgery::address ? "10.78.0.77" : link.ipv4(End::b));
    REQUIRE(::bind(answers.get(), from.data(), from.size()) == 0);
    probes::PacketSocket out(lab.loop, std::move(answers), {[](const auto&) {}, {}, {}});
    const probes::PacketSocket in(
        lab.loop,
        open_raw(),
        {[&](const probes::Packet& packet) {
             const auto request = plugins::read_quoted_request(false, packet.bytes);
             if (!request) {
                 return;
             }
             plugins::EchoHead head = *request;
             head.cookie += forgery == Forgery::cookie ? 1U : 0U;
             head.ident =
                 static_cast<std::uint16_t>(head.ident + (forgery == Forgery::ident ? 1U : 0U));
             head.sequence = static_cast<std::uint16_t>(
                 head.sequence + (forgery == Forgery::sequence ? 100U : 0U)
             );
             std::vector<std::uint8_t> reply(packet.bytes.begin(), packet.bytes.end());
             plugins::write_echo_request(false, head, reply);
             reply[0] = forgery == Forgery::type ? 14 : 0;
             reply[2] = reply[3] = 0;
             const std::uint16_t sum = plugins::internet_checksum(reply);
             reply[2] = static_cast<std::uint8_t>(sum >> 8U);
             reply[3] = static_cast<std::uint8_t>(sum & 0xffU);
             static_cast<void>(
                 out.send({reinterpret_cast<const char*>(reply.data()), reply.size()}, packet.from)
             );
         },
         {},
         {}}
    );
    there.reset();
    const probes::Finding finding = lab.run(link.ipv4(End::b));
    CHECK(only_value(finding, "net.icmp.sent") == 3);
    CHECK(only_value(finding, "net.icmp.duplicates") == 0);
    CHECK(only_value(finding, "net.icmp.lost") == (forgery == Forgery::none ? 0 : 3));
}

}  // namespace cxedge::test
