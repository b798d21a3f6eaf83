// SPDX-License-Identifier: Apache-2.0
// One file that FileFollower reads: what it is, where we are in it, whether it began anew. Knows
// nothing of hosts and rotation. Thread: the loop's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/unique_fd.hpp"

#include "plugins/_devices/file_positions.hpp"

namespace cxedge::devices {

class FollowedFile {
public:
    struct Reader {
        // A line of the file that begins at `offset`; false: not taken now, it comes again.
        std::function<bool(const FollowedFile&, std::uint64_t offset, std::string_view text)> take;
        // A line is skipped.
        std::function<void(const FollowedFile&)> too_long;
        std::size_t longest_line = 0;
        std::vector<char> buffer;  // room for more than the longest line and its end
    };

    // Regular files only: not_found for others, unavailable with the reason else.
    static Result<FollowedFile> open(const std::string& path);

    [[nodiscard]] const FileKey& key() const { return key_; }
    [[nodiscard]] std::int64_t birth() const { return birth_; }
    [[nodiscard]] std::int64_t changed() const { return changed_ns_ / 1'000'000'000; }  // s
    // How the file is told apart from others that had its number before, and from itself before it
    // was emptied.
    [[nodiscard]] std::uint64_t mark() const;

    // Where a position can be taken up again.
    [[nodiscard]] FilePosition position() const;
    [[nodiscard]] FilePosition before() const { return before_; }  // it was last emptied
    [[nodiscard]] std::uint64_t offset() const { return offset_; }
    void go_to(std::uint64_t offset);
    // From its start, in another life than `before`.
    void begin_after(const FilePosition& before);
    void go_to_end(std::size_t longest_line);
    // Takes up `at` if the file still begins as it did then.
    bool resume(const FilePosition& at);
    // It begins as the file of birth `birth` did when it was at `at`. None: it is too short to say.
    [[nodiscard]] std::optional<bool> is_copy_of(const FilePosition& at, std::int64_t birth) const;

    enum class Look { nothing, grown, emptied, gone };
    // What happened to it since the last look. gone: it cannot be read any more.
    Look look();
    // No path of the file system leads to it any more (as of the last look).
    [[nodiscard]] bool is_deleted() const { return links_ == 0; }

    // Takes lines, with at most about `budget` bytes; true: there is more to do now.
    bool read_lines(Reader& reader, std::size_t budget);
    // Its first line, where it is complete and not too long.
    [[nodiscard]] std::optional<std::string> first_line(std::size_t longest_line) const;

private:
    FollowedFile(UniqueFd fd, FileKey key, std::int64_t birth);
    std::size_t take_lines(std::string_view bytes, const Reader& reader);
    bool take_line(std::string_view line, std::uint64_t offset, const Reader& reader);
    bool skip_too_long(std::string_view rest, const Reader& reader);
    [[nodiscard]] std::optional<std::uint32_t> fingerprint(std::uint64_t offset, std::int64_t birth)
        const;
    [[nodiscard]] std::string beginning(std::size_t size) const;

    UniqueFd fd_;
    FileKey key_;
    std::int64_t birth_ = 0;  // ns since 1970; 0: the file system does not say
    std::uint64_t offset_ = 0;
    std::optional<std::uint64_t> skip_from_;  // a line that is too long began there
    std::uint32_t fingerprint_ = 0;           // of the bytes before offset_, the first of them
    std::uint32_t life_ = 0;
    FilePosition before_;
    std::int64_t size_ = -1;  // at the last look
    std::int64_t changed_ns_ = 0;
    std::uint64_t links_ = 1;
};

}  // namespace cxedge::devices
