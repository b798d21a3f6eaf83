// SPDX-License-Identifier: Apache-2.0
// Reads a DNS message from its start to its end; whatever is not there makes it bad, once and for
// all, and everything read from then on is empty. Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cxedge::plugins {

class WireReader {
public:
    explicit WireReader(std::string_view message) : message_(message) {}

    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] std::size_t at() const { return at_; }
    void go_to(std::size_t at);

    std::uint8_t byte();
    std::uint16_t word();
    std::uint32_t double_word();
    std::string_view bytes(std::size_t count);
    // A name, compressed or not, as written in a file; "." is the root. Its pointers only ever lead
    // to the front, so that they end (RFC 1035 section 4.1.4); it has no more than 127.
    std::string name();

private:
    void spoil() { good_ = false; }
    bool follow(std::uint8_t first, std::size_t& front);
    bool append_label(std::string& name, std::size_t size, std::size_t& total);

    std::string_view message_;
    std::size_t at_ = 0;
    bool good_ = true;
};

// "\." and "\123" for what is no plain letter of a name.
void append_escaped(std::string& text, std::string_view label);

}  // namespace cxedge::plugins
