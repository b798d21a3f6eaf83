// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/line_splitter.hpp"

namespace cxedge::devices {

void LineSplitter::feed(std::string_view bytes, const TakeLine& take) {
    std::size_t end = bytes.find('\n');
    while (end != std::string_view::npos) {
        end_line(bytes.substr(0, end), take);
        bytes.remove_prefix(end + 1);
        end = bytes.find('\n');
    }
    keep(bytes);
}

void LineSplitter::end(const TakeLine& take) {
    if (has_partial()) {
        end_line({}, take);
    }
}

void LineSplitter::clear() {
    partial_.clear();
    skipping_ = false;
}

void LineSplitter::end_line(std::string_view rest, const TakeLine& take) {
    const bool too_long = skipping_ || partial_.size() + rest.size() > longest_;
    std::string_view line = rest;
    if (!too_long && !partial_.empty()) {
        partial_.append(rest);
        line = partial_;
    }
    if (!line.empty() && line.back() == '\r') {
        line.remove_suffix(1);
    }
    take(too_long ? std::string_view() : line, too_long);
    clear();
}

void LineSplitter::keep(std::string_view bytes) {
    skipping_ = skipping_ || partial_.size() + bytes.size() > longest_;
    if (skipping_) {
        partial_.clear();
    } else {
        partial_.append(bytes);
    }
}

}  // namespace cxedge::devices
