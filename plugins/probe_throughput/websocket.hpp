// SPDX-License-Identifier: Apache-2.0
// The client's side of WebSocket (RFC 6455): the upgrade, and frames. Pure but for random keys.
// Thread: any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "agent/base/result.hpp"

namespace cxedge::plugins::throughput {

enum class WsOpcode : std::uint8_t {
    continuation = 0x0,
    text = 0x1,
    binary = 0x2,
    close = 0x8,
    ping = 0x9,
    pong = 0xa,
};

// Of a server that answers longer than this nothing good can come.
inline constexpr std::size_t kLargestUpgrade = 16'384;

// ---- The upgrade (section 4)

// A new Sec-WebSocket-Key.
std::string websocket_key();
// What the server must answer to it: Sec-WebSocket-Accept.
std::string websocket_accept(std::string_view key);
// The request.
std::string upgrade_request(
    std::string_view host, std::string_view path, std::string_view protocol, std::string_view key
);
// Size of the head of the answer, with its empty line; 0: not all of it is here.
std::size_t upgrade_head(std::string_view bytes);
// The status of the answer; 0: it is none.
int upgrade_status(std::string_view head);
// invalid_argument says why this is no WebSocket of `protocol`.
Status check_upgrade(std::string_view head, std::string_view key, std::string_view protocol);

// ---- Frames (section 5)

using WsMask = std::array<char, 4>;
WsMask websocket_mask();
// Head of a frame with `size` bytes of payload, which the caller masks.
std::string frame_head(WsOpcode opcode, std::uint64_t size, const WsMask& mask);
// A whole frame.
std::string frame(WsOpcode opcode, std::string_view payload, const WsMask& mask);

// Frames of a server, in whatever pieces they come.
class FrameReader {
public:
    struct Events {
        // Some more payload of a data message.
        std::function<void(std::string_view part)> data;
        // At most 125 bytes.
        std::function<void(WsOpcode opcode, std::string_view payload)> control;
    };
    explicit FrameReader(Events events) : events_(std::move(events)) {}

    // False: not RFC 6455, now and ever after; problem() says why.
    bool feed(std::string_view bytes);
    [[nodiscard]] const std::string& problem() const { return problem_; }

private:
    bool take_head(std::string_view& bytes);
    bool begin_frame();
    void take_payload(std::string_view& bytes);
    [[nodiscard]] std::size_t head_size() const;
    bool fail(const char* why);

    Events events_;
    std::string head_;     // of the frame that begins
    bool inside_ = false;  // behind its head
    WsOpcode opcode_ = WsOpcode::binary;
    std::uint64_t left_ = 0;  // of its payload
    bool in_message_ = false;
    std::string control_;
    std::string problem_;
};

}  // namespace cxedge::plugins::throughput
