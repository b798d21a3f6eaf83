// SPDX-License-Identifier: Apache-2.0
// Multipart bodies and streams of devices. The first byte says how the rest is cut into pieces;
// then comes the Content-Type header, a line.
#include <algorithm>
#include <cctype>
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
constexpr std::size_t kMostHeld = 8'192 + 1'024;  // a head, or a part and a delimiter

// Parts, what was dropped, and of a stream what its end brings.
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
        if (splitter.held() > kMostHeld) {
            std::abort();
        }
    }
    splitter.finish();
    const MultipartSplitter::Skipped skipped = splitter.take_skipped();
    for (const std::uint64_t count : {skipped.pictures, skipped.oversized, skipped.malformed}) {
        parts.push_back(std::to_string(count));
    }
    return parts;
}

// It does not matter how a body comes.
void check_pieces(
    std::string_view body, std::string_view boundary, std::size_t piece, bool by_length
) {
    const auto pieces = parts_of(body, boundary, piece, by_length);
    if (pieces != parts_of(body, boundary, body.size() + 1, by_length)) {
        std::abort();
    }
}

bool tells_length(std::string_view body) {
    constexpr std::string_view kName = "content-length";
    const auto same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == b;
    };
    return std::search(body.begin(), body.end(), kName.begin(), kName.end(), same) != body.end();
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
    check_pieces(body, boundary, piece, false);
    // A stream as well, but for lengths that are wrong: a part ends there or at the delimiter,
    // whatever is seen first.
    if (tells_length(body)) {
        static_cast<void>(parts_of(body, boundary, piece, true));
    } else {
        check_pieces(body, boundary, piece, true);
    }
    return 0;
}
