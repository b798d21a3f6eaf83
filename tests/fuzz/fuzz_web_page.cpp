// SPDX-License-Identifier: Apache-2.0
// Pages of web servers: what they name, however it comes, and where that is. The first byte says
// how the rest is cut into pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/_probes/url_reference.hpp"
#include "plugins/probe_web/html_scan.hpp"

namespace {

using cxedge::plugins::HtmlScan;
using cxedge::probes::resolve_reference;

std::vector<std::string> references_of(std::string_view page, std::size_t piece) {
    HtmlScan scan;
    std::vector<std::string> found;
    while (!page.empty()) {
        scan.feed(page.substr(0, piece));
        page.remove_prefix(std::min(piece, page.size()));
        if (scan.held() > HtmlScan::kLongestTag + piece) {
            std::abort();
        }
        for (const auto& [text, base] : scan.take()) {
            found.push_back(text);
            found.push_back(base);
        }
    }
    return found;
}

void check_reference(const std::string& base, const std::string& reference) {
    const auto url = resolve_reference(base, reference);
    if (!url) {
        return;
    }
    const bool sound = url->size() <= cxedge::probes::kLongestUrl &&
                       url->find("://") != std::string::npos &&
                       url->find_first_of(" \t\r\n#") == std::string::npos;
    // What is whole already means itself.
    if (!sound || resolve_reference(base, *url) != url) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::size_t piece = 1 + data[0];
    const std::string_view page(reinterpret_cast<const char*>(data + 1), size - 1);
    const std::vector<std::string> found = references_of(page, piece);
    if (found != references_of(page, page.size())) {
        std::abort();
    }
    for (const std::string& reference : found) {
        check_reference("http://shop.example/a/b?c", reference);
        check_reference(reference, "../x/./y");
    }
    check_reference("http://shop.example/a/b?c", std::string(page));
    return 0;
}
