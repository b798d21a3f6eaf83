// SPDX-License-Identifier: Apache-2.0
// Takes what looks like a secret out of lines that leave the box. It rather takes too much: what is
// missing from a diagnosis can be asked for, what left the box cannot be taken back. Thread: any.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cxedge::app {

class SecretWords {
public:
    // `known`: secrets as they are, wherever they stand.
    explicit SecretWords(std::vector<std::string> known) : known_(std::move(known)) {}

    // "***" instead of: what is known; the rest of a line after a word like password, token or
    // secret, and after key= or auth: ; addresses after "://"; words of 24 letters and digits or
    // more (keys, hashes, tickets).
    [[nodiscard]] std::string without(std::string_view line) const;

private:
    std::vector<std::string> known_;
};

}  // namespace cxedge::app
