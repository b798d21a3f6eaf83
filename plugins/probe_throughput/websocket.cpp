// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_throughput/websocket.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include <fmt/core.h>

namespace cxedge::plugins::throughput {
namespace {

// Section 5.2.
constexpr unsigned kFin = 0x80;
constexpr unsigned kReserved = 0x70;
constexpr unsigned kOpcode = 0x0f;
constexpr unsigned kMasked = 0x80;
constexpr unsigned kShortSize = 0x7f;
constexpr std::uint64_t kSize16 = 126;
constexpr std::uint64_t kSize64 = 127;
constexpr std::uint64_t kMostControl = 125;
constexpr int kSwitching = 101;

unsigned octet(char c) {
    return static_cast<unsigned char>(c);
}

bool is_control(WsOpcode opcode) {
    return opcode >= WsOpcode::close;
}

std::string low(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return out;
}

std::string_view without_blanks(std::string_view text) {
    const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
    text.remove_prefix(begin);
    return text.substr(0, text.find_last_not_of(" \t\r") + 1);
}

// The value of a header; empty: it is not there.
std::string_view header(std::string_view head, std::string_view name) {
    while (!head.empty()) {
        const std::size_t end = std::min(head.find('\n'), head.size());
        const std::string_view line = head.substr(0, end);
        head.remove_prefix(std::min(end + 1, head.size()));
        const std::size_t colon = std::min(line.find(':'), line.size());
        if (colon < line.size() && low(line.substr(0, colon)) == name) {
            return without_blanks(line.substr(colon + 1));
        }
    }
    return {};
}

void append_size(std::string& out, std::uint64_t size, int octets) {
    for (int i = octets - 1; i >= 0; --i) {
        out += static_cast<char>((size >> (8U * static_cast<unsigned>(i))) & 0xffU);
    }
}

}  // namespace

// ---- The upgrade

std::string upgrade_request(
    std::string_view host, std::string_view path, std::string_view protocol, std::string_view key
) {
    return fmt::format(
        "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\nSec-WebSocket-Protocol: {}\r\n"
        "User-Agent: cxedge\r\n\r\n",
        path,
        host,
        key,
        protocol
    );
}

std::size_t upgrade_head(std::string_view bytes) {
    constexpr std::string_view kEnd = "\r\n\r\n";
    const std::size_t at = bytes.find(kEnd);
    return at == std::string_view::npos ? 0 : at + kEnd.size();
}

int upgrade_status(std::string_view head) {
    constexpr std::string_view kVersion = "HTTP/1.1 ";
    int status = 0;
    if (head.starts_with(kVersion)) {
        std::from_chars(head.data() + kVersion.size(), head.data() + head.size(), status);
    }
    return status;
}

Status check_upgrade(std::string_view head, std::string_view key, std::string_view protocol) {
    if (const int status = upgrade_status(head); status != kSwitching) {
        return invalid_argument(
            status == 0 ? "no answer of HTTP/1.1" : fmt::format("the server says {}", status)
        );
    }
    const bool upgraded = low(header(head, "upgrade")) == "websocket" &&
                          low(header(head, "connection")).find("upgrade") != std::string::npos;
    if (!upgraded || header(head, "sec-websocket-accept") != websocket_accept(key)) {
        return invalid_argument("the server does not speak WebSocket");
    }
    if (header(head, "sec-websocket-protocol") != protocol) {
        return invalid_argument(fmt::format("the server does not speak {}", protocol));
    }
    return {};
}

// ---- Frames

std::string frame_head(WsOpcode opcode, std::uint64_t size, const WsMask& mask) {
    std::string head(1, static_cast<char>(kFin | static_cast<unsigned>(opcode)));
    if (size <= kMostControl) {
        head += static_cast<char>(kMasked | size);
    } else if (size <= 0xffff) {
        head += static_cast<char>(kMasked | kSize16);
        append_size(head, size, 2);
    } else {
        head += static_cast<char>(kMasked | kSize64);
        append_size(head, size, 8);
    }
    return head.append(mask.data(), mask.size());
}

std::string frame(WsOpcode opcode, std::string_view payload, const WsMask& mask) {
    std::string out = frame_head(opcode, payload.size(), mask);
    for (std::size_t i = 0; i < payload.size(); ++i) {
        out += static_cast<char>(octet(payload[i]) ^ octet(mask[i % mask.size()]));
    }
    return out;
}

bool FrameReader::fail(const char* why) {
    problem_ = why;
    return false;
}

bool FrameReader::feed(std::string_view bytes) {
    while (problem_.empty() && !bytes.empty()) {
        if (!inside_ && !take_head(bytes)) {
            break;
        }
        take_payload(bytes);
    }
    return problem_.empty();
}

// As far as its first two octets tell.
std::size_t FrameReader::head_size() const {
    const unsigned size = head_.size() < 2 ? 0 : octet(head_[1]) & kShortSize;
    return size == kSize16 ? 4 : size == kSize64 ? 10 : 2;
}

// True: all of a good head is here.
bool FrameReader::take_head(std::string_view& bytes) {
    while (!bytes.empty() && head_.size() < head_size()) {
        head_ += bytes.front();
        bytes.remove_prefix(1);
    }
    if (head_.size() < head_size()) {
        return false;
    }
    const bool good = begin_frame();
    head_.clear();
    inside_ = good;
    return good;
}

bool FrameReader::begin_frame() {
    const unsigned first = octet(head_[0]);
    const unsigned code = first & kOpcode;
    const bool last = (first & kFin) != 0;
    opcode_ = static_cast<WsOpcode>(code);
    left_ = octet(head_[1]) & kShortSize;
    if (head_.size() > 2) {
        left_ = 0;
        for (std::size_t i = 2; i < head_.size(); ++i) {
            left_ = left_ << 8U | octet(head_[i]);
        }
    }
    if ((first & kReserved) != 0 || (octet(head_[1]) & kMasked) != 0) {
        return fail("a frame with reserved bits, or masked");
    }
    if (left_ >> 63U != 0 || (code > 2 && code < 8) || code > 10) {
        return fail("a frame of no known kind or size");
    }
    if (is_control(opcode_)) {
        control_.clear();
        return last && left_ <= kMostControl ? true : fail("a control frame in pieces");
    }
    const bool goes_on = opcode_ == WsOpcode::continuation;
    if (goes_on != in_message_) {
        return fail("a message within a message");
    }
    in_message_ = !last;
    return true;
}

void FrameReader::take_payload(std::string_view& bytes) {
    const std::string_view part =
        bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
    bytes.remove_prefix(part.size());
    left_ -= part.size();
    inside_ = left_ > 0;
    if (!is_control(opcode_)) {
        events_.data(part);
        return;
    }
    control_ += part;
    if (!inside_) {
        events_.control(opcode_, control_);
    }
}

}  // namespace cxedge::plugins::throughput
