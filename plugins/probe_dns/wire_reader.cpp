// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_dns/wire_reader.hpp"

#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

// RFC 1035 section 3.1 and 4.1.4: the two upper bits say what a length byte is.
constexpr std::uint8_t kKindBits = 0xC0;
constexpr std::uint8_t kPointer = 0xC0;
constexpr std::size_t kMostNameBytes = 255;  // with length bytes and the root's

}  // namespace

void append_escaped(std::string& text, std::string_view label) {
    constexpr std::string_view kSpecial = ".\\\"();@$";
    for (const char c : label) {
        if (c <= ' ' || c > '~') {
            text += fmt::format("\\{:03}", static_cast<unsigned char>(c));
            continue;
        }
        if (kSpecial.find(c) != std::string_view::npos) {
            text += '\\';
        }
        text += c;
    }
}

void WireReader::go_to(std::size_t at) {
    if (at > message_.size()) {
        spoil();
        return;
    }
    at_ = at;
}

std::string_view WireReader::bytes(std::size_t count) {
    if (!good_ || count > message_.size() - at_) {
        spoil();
        return {};
    }
    const std::string_view found = message_.substr(at_, count);
    at_ += count;
    return found;
}

std::uint8_t WireReader::byte() {
    const std::string_view one = bytes(1);
    return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one.front());
}

std::uint16_t WireReader::word() {
    const unsigned high = byte();
    return static_cast<std::uint16_t>(high << 8U | byte());
}

std::uint32_t WireReader::double_word() {
    const std::uint32_t high = word();
    return high << 16U | word();
}

bool WireReader::append_label(std::string& name, std::size_t size, std::size_t& total) {
    total += size + 1;
    const std::string_view label = bytes(size);
    if (!good_ || total >= kMostNameBytes) {
        spoil();
        return false;
    }
    if (!name.empty()) {
        name += '.';
    }
    append_escaped(name, label);
    return true;
}

std::string WireReader::name() {
    std::string name;
    std::size_t total = 0;
    std::size_t front = at_;  // pointers have to lead before it
    std::size_t after = 0;    // the first pointer; 0: there was none
    while (good_) {
        const std::uint8_t size = byte();
        if ((size & kKindBits) == kPointer) {
            const std::size_t to =
                static_cast<std::size_t>(size & ~unsigned{kKindBits}) << 8U | byte();
            after = after == 0 ? at_ : after;
            if (!good_ || to >= front) {
                spoil();
                break;
            }
            front = to;
            go_to(to);
        } else if ((size & kKindBits) != 0) {
            spoil();  // kinds of labels that nobody uses
        } else if (size == 0 || !append_label(name, size, total)) {
            break;
        }
    }
    if (!good_) {
        return {};
    }
    if (after != 0) {
        at_ = after;
    }
    return name.empty() ? "." : name;
}

}  // namespace cxedge::plugins
