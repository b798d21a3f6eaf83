// SPDX-License-Identifier: Apache-2.0
// ICMP messages as the network has them, and what a reply of ours becomes on the way.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "plugins/probe_icmp/echo_packet.hpp"

namespace {

namespace plugins = cxedge::plugins;

void read(bool v6, std::string_view bytes) {
    const auto reply = plugins::read_echo_reply(v6, bytes);
    const auto quoted = plugins::read_quoted_request(v6, bytes);
    if (reply && quoted) {
        std::abort();  // it cannot be both
    }
    if (reply && bytes.size() < plugins::kEchoHeader + plugins::kEchoCookie) {
        std::abort();
    }
}

// Written over any bytes it reads as what it was.
void write(bool v6, std::vector<std::uint8_t> packet) {
    if (packet.size() < plugins::kEchoHeader + plugins::kEchoCookie) {
        return;
    }
    const plugins::EchoHead head{packet[0], packet[1], 1U + packet[2]};
    plugins::write_echo_request(v6, head, packet);
    const std::string_view bytes(reinterpret_cast<const char*>(packet.data()), packet.size());
    if (plugins::read_quoted_request(v6, bytes) != head ||
        (!v6 && plugins::internet_checksum(packet) != 0)) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    for (const bool v6 : {false, true}) {
        read(v6, {reinterpret_cast<const char*>(data), size});
        write(v6, {data, data + size});
    }
    return 0;
}
