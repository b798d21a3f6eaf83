// SPDX-License-Identifier: Apache-2.0
// Whether a body holds a text, without keeping the body. Pure. Thread: any.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace cxedge::probes {

// The text may come in pieces; holds less than one length of it.
class TextSearch {
public:
    explicit TextSearch(std::string text) : text_(std::move(text)) {}
    void feed(std::string_view bytes);
    [[nodiscard]] bool found() const { return found_ || text_.empty(); }

private:
    std::string text_;
    std::string tail_;  // the last bytes so far
    bool found_ = false;
};

// Finds what pages have that want a log-in.
inline TextSearch search_for_form() {
    return TextSearch("<form");
}

// For settings: what is wrong with such a text, or empty.
std::string check_search_text(const std::string& text);

}  // namespace cxedge::probes
