// SPDX-License-Identifier: Apache-2.0
// Where a FileFollower is in its files, as the few bytes that are kept over a restart. Pure.
// Thread: any.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cxedge::devices {

struct FileKey {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    auto operator<=>(const FileKey&) const = default;
};

// Of one file.
struct FilePosition {
    FileKey key;
    std::uint64_t offset = 0;       // all before it was taken
    std::uint32_t fingerprint = 0;  // of its birth and its first bytes, see FollowedFile
    std::uint32_t life = 0;         // grows when it is emptied
    auto operator<=>(const FilePosition&) const = default;
};

// Of all of them.
struct FilePositions {
    std::uint32_t paths = 0;  // which patterns they belong to
    // Not all files are in the list: those that changed last before this time (s since 1970) may be
    // missing. 0: it is complete.
    std::int64_t missing_before = 0;
    std::vector<FilePosition> files;
};

// Not more than `room` bytes; what does not fit is left out from the end of the list, and
// `changed`, the time of each file's last change, says what `missing_before` becomes.
std::string encode(
    FilePositions positions, const std::vector<std::int64_t>& changed, std::size_t room
);
// What is not readable is left out.
FilePositions decode_positions(std::string_view kept);

}  // namespace cxedge::devices
