// SPDX-License-Identifier: Apache-2.0
// Frames and upgrades of WebSocket servers. The first byte says how the rest is cut into pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/probe_throughput/websocket.hpp"

namespace {

using namespace cxedge::plugins::throughput;

constexpr std::size_t kMostControl = 125;

struct Told {
    std::string text;
    bool good = true;
};

Told read_frames(std::string_view bytes, std::size_t piece) {
    Told told;
    FrameReader reader(
        {[&](std::string_view part) { told.text += part; },
         [&](WsOpcode opcode, std::string_view payload) {
             if (payload.size() > kMostControl || opcode < WsOpcode::close) {
                 std::abort();
             }
             told.text += '(' + std::string(payload) + ')';
         }}
    );
    for (; told.good && !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
        told.good = reader.feed(bytes.substr(0, piece));
    }
    if (told.good != reader.problem().empty()) {
        std::abort();
    }
    return told;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
    const Told whole = read_frames(bytes, bytes.size() + 1);
    const Told pieces = read_frames(bytes, 1 + data[0] % 16U);
    if (whole.text != pieces.text || whole.good != pieces.good) {
        std::abort();
    }
    static_cast<void>(check_upgrade(bytes.substr(0, upgrade_head(bytes)), "key", "protocol"));
    static_cast<void>(check_upgrade(bytes, "key", "protocol"));
    return 0;
}
