// SPDX-License-Identifier: Apache-2.0
// One tag of HTML, as browsers take it (WHATWG HTML 13.2.5, as far as attributes need it). Pure.
// Thread: any.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cxedge::plugins {

struct HtmlTag {
    std::string name;  // lower case; empty: no tag, but something to step over
    bool closing = false;
    // Lower-case names; values with their character references replaced. The first 64.
    std::vector<std::pair<std::string, std::string>> attributes;
    std::size_t length = 1;  // of its text

    // Empty: it has none.
    [[nodiscard]] std::string_view attribute(std::string_view key) const;
};

// `text` begins with '<'. Nothing: the end of the tag is not in it.
std::optional<HtmlTag> parse_html_tag(std::string_view text);

}  // namespace cxedge::plugins
