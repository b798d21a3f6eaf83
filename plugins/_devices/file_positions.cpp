// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/file_positions.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

#include <fmt/format.h>

namespace cxedge::devices {
namespace {

constexpr std::string_view kHead = "files1";
constexpr std::size_t kHeadRoom = 64;

std::string_view take_field(std::string_view& text) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view field = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return field;
}

template <class Number>
bool take_hex(std::string_view& text, Number& number) {
    const std::string_view field = take_field(text);
    const char* const end = field.data() + field.size();
    const auto read = std::from_chars(field.data(), end, number, 16);
    return !field.empty() && read.ec == std::errc{} && read.ptr == end;
}

std::optional<FilePosition> position_of(std::string_view line) {
    FilePosition at;
    const bool good = take_hex(line, at.key.device) && take_hex(line, at.key.inode) &&
                      take_hex(line, at.offset) && take_hex(line, at.fingerprint) &&
                      take_hex(line, at.life);
    return good ? std::optional(at) : std::nullopt;
}

std::string_view take_text_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

}  // namespace

std::string encode(
    FilePositions positions, const std::vector<std::int64_t>& changed, std::size_t room
) {
    std::string lines;
    for (std::size_t i = 0; i < positions.files.size(); ++i) {
        const FilePosition& at = positions.files[i];
        const std::string line = fmt::format(
            "{:x} {:x} {:x} {:x} {:x}\n",
            at.key.device,
            at.key.inode,
            at.offset,
            at.fingerprint,
            at.life
        );
        if (kHeadRoom + lines.size() + line.size() > room) {
            positions.missing_before = std::max(positions.missing_before, changed[i] + 1);
            continue;
        }
        lines += line;
    }
    return fmt::format("{} {:x} {:x}\n{}", kHead, positions.paths, positions.missing_before, lines);
}

FilePositions decode_positions(std::string_view kept) {
    FilePositions positions;
    std::string_view head = take_text_line(kept);
    if (take_field(head) != kHead || !take_hex(head, positions.paths) ||
        !take_hex(head, positions.missing_before)) {
        return {};
    }
    while (!kept.empty()) {
        if (const auto at = position_of(take_text_line(kept))) {
            positions.files.push_back(*at);
        }
    }
    return positions;
}

}  // namespace cxedge::devices
