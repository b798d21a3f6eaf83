// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/text_search.hpp"

#include <algorithm>

namespace cxedge::probes {

void TextSearch::feed(std::string_view bytes) {
    if (found() || bytes.empty()) {
        return;
    }
    const std::size_t kept = text_.size() - 1;
    // What lies across the border of two pieces, then the piece itself: it is not copied.
    const std::string border = tail_ + std::string(bytes.substr(0, kept));
    found_ = border.find(text_) != std::string::npos || bytes.find(text_) != std::string_view::npos;
    tail_ += bytes.substr(bytes.size() - std::min(kept, bytes.size()));
    tail_.erase(0, tail_.size() - std::min(kept, tail_.size()));
}

std::string check_search_text(const std::string& text) {
    constexpr std::size_t kLongest = 4'096;
    return text.size() > kLongest ? "is longer than 4096 bytes" : std::string();
}

}  // namespace cxedge::probes
