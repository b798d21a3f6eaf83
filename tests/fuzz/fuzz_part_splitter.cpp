// SPDX-License-Identifier: Apache-2.0
// Multipart streams of devices. The first byte says in which pieces they come.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "plugins/http_poll/part_splitter.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace plugins = cxedge::plugins;
    constexpr std::size_t kMostPart = 64;
    constexpr std::size_t kMostHeld = 64 + 8'192 + 16'384;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    if (text.empty()) {
        return 0;
    }
    const std::size_t piece = 1 + static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    static_cast<void>(plugins::PartSplitter::boundary_of(text));
    plugins::PartSplitter splitter("b", kMostPart);
    while (!text.empty()) {
        splitter.feed(
            text.substr(0, piece),
            [&](const plugins::PartHeaders& headers, std::string_view body) {
                static_cast<void>(plugins::part_header(headers, "content-type"));
                if (body.size() > kMostPart) {
                    std::abort();
                }
            }
        );
        text.remove_prefix(std::min(piece, text.size()));
        if (splitter.held() > kMostHeld) {
            std::abort();
        }
    }
    return 0;
}
