// SPDX-License-Identifier: Apache-2.0
// Datagrams of nl80211, and places of cells as modems write them.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/radio_cell/modem_note.hpp"
#include "plugins/radio_wifi/nl80211_messages.hpp"

namespace {

namespace plugins = cxedge::plugins;

void expect(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void read_message(std::string_view datagram, const plugins::NetlinkMessage& message) {
    expect(message.payload.size() < datagram.size());
    expect(
        message.payload.empty() ||
        (message.payload.data() > datagram.data() &&
         message.payload.data() + message.payload.size() <= datagram.data() + datagram.size())
    );
    const auto error = plugins::netlink_error(message);
    expect(!error || (*error >= 0 && *error < 4096));
    static_cast<void>(plugins::read_family(message.payload));
    const auto interface = plugins::read_interface(message.payload);
    expect(!interface || interface->name.find('\0') == std::string::npos);
    const auto station = plugins::read_station(message.payload);
    expect(
        !station || !station->rssi_dbm || (*station->rssi_dbm >= -128 && *station->rssi_dbm < 128)
    );
    expect(!station || station->tx_bit_s.value_or(0) >= 0);
    static_cast<void>(plugins::read_survey(message.payload));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const void* const bytes = data;
    const std::string_view input(static_cast<const char*>(bytes), size);
    const plugins::NetlinkMessages messages = plugins::split_netlink(input);
    for (const plugins::NetlinkMessage& message : messages.all) {
        read_message(input, message);
    }
    const std::string cell = plugins::read_cell(input);
    expect(cell.find_first_not_of("0123456789abcdefABCDEF-") == std::string::npos);
    return 0;
}
