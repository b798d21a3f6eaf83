// SPDX-License-Identifier: Apache-2.0
// Multipart bodies of devices. The first byte says how the rest is cut into pieces; then comes the
// Content-Type header, a line.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/_devices/multipart.hpp"

namespace {

using cxedge::devices::MultipartPart;
using cxedge::devices::MultipartSplitter;

constexpr std::size_t kMostBytes = 256;

std::vector<std::string> parts_of(
    std::string_view body, std::string_view boundary, std::size_t piece, bool by_length
) {
    std::vector<std::string> parts;
    MultipartSplitter splitter(boundary, {kMostBytes, by_length}, [&](const MultipartPart& part) {
        if (part.body.size() > kMostBytes) {
            std::abort();
        }
        parts.push_back(part.content_type + '\0' + part.name + '\0' + part.body);
    });
    for (; !body.empty(); body.remove_prefix(std::min(piece, body.size()))) {
        splitter.feed(body.substr(0, piece));
    }
    splitter.finish();
    parts.push_back(std::to_string(splitter.pictures()));
    return parts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::size_t piece = 1 + data[0] % 64U;
    const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    const std::size_t end = std::min(text.find('\n'), text.size());
    // Near-misses find more than pure noise.
    const std::string boundary =
        cxedge::devices::multipart_boundary(text.substr(0, end)).value_or("b");
    const std::string_view body = text.substr(std::min(end + 1, text.size()));
    // It does not matter how a body comes, but for what is too long for a part: how much of that is
    // seen before it is given up depends on the pieces.
    if (body.size() <= kMostBytes &&
        parts_of(body, boundary, piece, false) != parts_of(body, boundary, size, false)) {
        std::abort();
    }
    static_cast<void>(parts_of(body, boundary, piece, true));
    static_cast<void>(parts_of(body, boundary, piece, false));
    return 0;
}
