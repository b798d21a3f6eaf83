// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_dns/wire_reader.hpp"

#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

// RFC 1035 section 3.1 and 4.1.4: the two upper bits say what a length byte is.
constexpr std::uint8_t kKindBits = 0xC0;
constexpr std::uint8_t kPointer = 0xC0;
constexpr std::size_t kMostNameBytes = 255;  // with length bytes and the root's
// A name of 255 bytes has no more labels, and no sender needs two pointers for one.
constexpr std::size_t kMostPointers = 127;

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

// `front`: the place that it has to lead before, and then that to which it leads.
bool WireReader::follow(std::uint8_t first, std::size_t& front) {
    const std::size_t to = std::size_t{first & ~unsigned{kKindBits}} << 8U | byte();
    if (!good_ || to >= front) {
        spoil();
        return false;
    }
    front = to;
    return true;
}

std::string WireReader::name() {
    std::string name;
    std::size_t total = 0;
    std::size_t front = at_;
    std::size_t pointers = 0;
    std::size_t after = 0;  // behind the first pointer; 0: there was none
    while (good_) {
        const std::uint8_t size = byte();
        if ((size & kKindBits) == kPointer && ++pointers <= kMostPointers && follow(size, front)) {
            after = after == 0 ? at_ : after;
            go_to(front);
        } else if ((size & kKindBits) != 0) {
            spoil();  // kinds of labels that nobody uses, and pointers that lead nowhere
        } else if (size == 0 || !append_label(name, size, total)) {
            break;
        }
    }
    if (!good_) {
        return {};
    }
    at_ = after == 0 ? at_ : after;
    return name.empty() ? "." : name;
}

}  // namespace cxedge::plugins
