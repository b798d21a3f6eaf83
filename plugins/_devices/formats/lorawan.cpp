// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/formats/lorawan.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "plugins/_devices/plain_text.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string without_blanks(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            out += c;
        }
    }
    return out;
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char small = static_cast<char>(c | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

// Both ways may give bytes: those that fit win, else hex.
std::string bytes_of(std::string_view text, bool (*fits)(std::string_view bytes)) {
    std::string hex = from_hex_text(text);
    std::string base64 = from_base64_text(text);
    const bool prefer_base64 = hex.empty() || (!fits(hex) && fits(base64));
    return prefer_base64 ? base64 : hex;
}

// First of these members, at whatever depth the server has them.
Node first_of(const Node& root, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        if (Node found = root.find(name); found && !found.is_empty()) {
            return found;
        }
    }
    return {};
}

Node payload_of(const Node& root) {
    const Node uplink = root["uplink_message"] ? root["uplink_message"] : root;
    for (const char* name : {"frm_payload", "payload_raw", "data", "payload", "payload_hex"}) {
        if (Node found = uplink[name]; !found.text().empty()) {
            return found;
        }
    }
    return first_of(root, {"frm_payload"});
}

}  // namespace

LoraUplink describe_uplink(const Node& root) {
    LoraUplink uplink;
    uplink.device =
        first_of(root, {"deviceName", "device_id", "deviceId", "devEUI", "dev_eui"}).text();
    const Node time = first_of(root, {"received_at", "time", "publishedAt", "timestamp"});
    uplink.time = time ? time.time() : std::nullopt;
    const std::string number = first_of(root, {"fCnt", "f_cnt", "counter"}).text();
    if (uplink.time && !number.empty()) {
        uplink.id = fmt::format("{}@{}", number, uplink.time->ms);
    }
    uplink.port = first_of(root, {"fPort", "f_port", "port"}).count().value_or(0);
    return uplink;
}

std::string from_hex_text(std::string_view text) {
    const std::string digits = without_blanks(text);
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        const int high = hex_value(digits[i]);
        const int low = hex_value(digits[i + 1]);
        if (high < 0 || low < 0) {
            return {};
        }
        bytes += static_cast<char>(high * 16 + low);
    }
    return digits.size() % 2 == 0 ? bytes : std::string();
}

std::string from_base64_text(std::string_view text) {
    std::string digits = without_blanks(text);
    std::replace(digits.begin(), digits.end(), '-', '+');
    std::replace(digits.begin(), digits.end(), '_', '/');
    while (!digits.empty() && digits.back() == '=') {
        digits.pop_back();
    }
    constexpr unsigned kDigitBits = 6;
    constexpr unsigned kByteBits = 8;
    std::string bytes;
    unsigned held = 0;
    unsigned bits = 0;
    for (const char c : digits) {
        const std::size_t value = kBase64.find(c);
        if (value == std::string_view::npos) {
            return {};
        }
        held = (held << kDigitBits) | static_cast<unsigned>(value);
        bits += kDigitBits;
        if (bits >= kByteBits) {
            bits -= kByteBits;
            bytes += static_cast<char>((held >> bits) & 0xFFU);
            held &= (1U << bits) - 1;
        }
    }
    return bytes;
}

std::uint32_t little_endian(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint32_t value = 0;
    for (std::size_t i = size; i > 0; --i) {
        value = (value << 8U) | static_cast<unsigned char>(bytes[at + i - 1]);
    }
    return value;
}

std::uint32_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
        value = (value << 8U) | static_cast<unsigned char>(bytes[at + i]);
    }
    return value;
}

Result<LoraUplink> read_lora_uplink(std::string_view body, bool (*fits)(std::string_view bytes)) {
    // Bytes of a device may begin like the mark of a text: only an object is taken for one.
    const Result<PlainText> plain = PlainText::of(body);
    const std::string_view text = trimmed(plain ? plain->text() : body);
    LoraUplink uplink;
    if (text.starts_with('{')) {
        const Result<NodeMessage> parsed = NodeMessage::parse(text);
        if (!parsed) {
            return parsed.error();
        }
        uplink = describe_uplink(parsed->root());
        uplink.bytes = bytes_of(payload_of(parsed->root()).text(), fits);
    } else {
        uplink.bytes = bytes_of(text, fits);
        if (!fits(uplink.bytes) && fits(body)) {
            uplink.bytes = body;  // as they are
        }
    }
    if (uplink.bytes.empty()) {
        return invalid_argument("has no payload of a LoRaWAN device");
    }
    return uplink;
}

}  // namespace cxedge::devices
