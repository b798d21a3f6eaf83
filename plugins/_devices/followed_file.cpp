// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/followed_file.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "agent/base/fnv.hpp"

namespace cxedge::devices {
namespace {

// First bytes that tell a file from another.
constexpr std::size_t kFingerprinted = 1'024;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

std::uint32_t hash_of(std::int64_t birth, std::string_view bytes) {
    const std::uint64_t hash = fnv1a(bytes, kFnvBasis ^ static_cast<std::uint64_t>(birth));
    return static_cast<std::uint32_t>(hash ^ (hash >> 32U));
}

std::int64_t birth_of(int fd) {
    struct statx about {};
    const bool known = ::statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &about) == 0 &&
                       (about.stx_mask & STATX_BTIME) != 0;
    return known ? about.stx_btime.tv_sec * kNsPerSecond + about.stx_btime.tv_nsec : 0;
}

std::int64_t changed_ns(const struct stat& about) {
    return std::int64_t{about.st_mtim.tv_sec} * kNsPerSecond + about.st_mtim.tv_nsec;
}

std::string_view without_return(std::string_view line) {
    return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

}  // namespace

FollowedFile::FollowedFile(UniqueFd fd, FileKey key, std::int64_t birth)
    : fd_(std::move(fd)), key_(key), birth_(birth), fingerprint_(hash_of(birth, {})) {}

Result<FollowedFile> FollowedFile::open(const std::string& path) {
    // Not blocking: a pipe in place of the file would stop everything.
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat about {};
    if (!fd || ::fstat(fd.get(), &about) != 0) {
        return system_error(path, errno);
    }
    if (!S_ISREG(about.st_mode)) {
        return not_found(path + " is not a regular file");
    }
    const std::int64_t birth = birth_of(fd.get());
    FollowedFile file(std::move(fd), {about.st_dev, about.st_ino}, birth);
    file.changed_ns_ = changed_ns(about);
    return file;
}

std::uint64_t FollowedFile::mark() const {
    return static_cast<std::uint64_t>(birth_) + life_;
}

FilePosition FollowedFile::position() const {
    return {key_, skip_from_.value_or(offset_), fingerprint_, life_};
}

std::string FollowedFile::beginning(std::size_t size) const {
    std::string bytes(size, '\0');
    const ssize_t got = ::pread(fd_.get(), bytes.data(), bytes.size(), 0);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
}

std::optional<std::uint32_t> FollowedFile::fingerprint(std::uint64_t offset, std::int64_t birth)
    const {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(offset, kFingerprinted));
    const std::string bytes = beginning(size);
    return bytes.size() == size ? std::optional(hash_of(birth, bytes)) : std::nullopt;
}

void FollowedFile::go_to(std::uint64_t offset) {
    offset_ = offset;
    skip_from_.reset();
    size_ = -1;
    fingerprint_ = fingerprint(offset, birth_).value_or(0);
}

void FollowedFile::begin_after(const FilePosition& before) {
    before_ = before;
    life_ = before.life + 1;
    go_to(0);
}

// Of a line that has begun all will be read.
void FollowedFile::go_to_end(std::size_t longest_line) {
    struct stat about {};
    ::fstat(fd_.get(), &about);
    const auto size = static_cast<std::uint64_t>(about.st_size);
    const std::uint64_t from = size - std::min<std::uint64_t>(size, longest_line);
    std::string tail(static_cast<std::size_t>(size - from), '\0');
    const ssize_t got = ::pread(fd_.get(), tail.data(), tail.size(), static_cast<off_t>(from));
    tail.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    const std::size_t end = tail.rfind('\n');
    const bool is_in_huge_line = end == std::string::npos && from > 0;
    go_to(is_in_huge_line ? size : from + (end == std::string::npos ? 0 : end + 1));
    if (is_in_huge_line) {
        skip_from_ = size;
    }
}

bool FollowedFile::resume(const FilePosition& at) {
    if (fingerprint(at.offset, birth_) != at.fingerprint) {
        return false;
    }
    struct stat about {};
    if (::fstat(fd_.get(), &about) != 0 || static_cast<std::uint64_t>(about.st_size) < at.offset) {
        return false;
    }
    life_ = at.life;
    go_to(at.offset);
    return true;
}

std::optional<bool> FollowedFile::is_copy_of(const FilePosition& at, std::int64_t birth) const {
    const std::optional<std::uint32_t> own = fingerprint(at.offset, birth);
    return own ? std::optional(at.offset > 0 && *own == at.fingerprint) : std::nullopt;
}

FollowedFile::Look FollowedFile::look() {
    struct stat about {};
    if (::fstat(fd_.get(), &about) != 0) {
        return Look::gone;
    }
    links_ = about.st_nlink;
    if (about.st_size == size_ && changed_ns(about) == changed_ns_) {
        return Look::nothing;
    }
    size_ = about.st_size;
    changed_ns_ = changed_ns(about);
    const bool same = static_cast<std::uint64_t>(about.st_size) >= offset_ &&
                      fingerprint(position().offset, birth_) == fingerprint_;
    return same ? Look::grown : Look::emptied;
}

bool FollowedFile::read_lines(Reader& reader, std::size_t budget) {
    const bool was_short = position().offset < kFingerprinted;
    std::vector<char>& buffer = reader.buffer;
    bool is_more = true;
    for (std::size_t done = 0; is_more && done < budget;) {
        const ssize_t got =
            ::pread(fd_.get(), buffer.data(), buffer.size(), static_cast<off_t>(offset_));
        const std::string_view bytes(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
        const std::size_t taken = take_lines(bytes, reader);
        const bool skipped = skip_too_long(bytes.substr(taken), reader);
        done += skipped ? bytes.size() : taken;
        is_more = taken > 0 || skipped;
    }
    if (was_short) {
        fingerprint_ = fingerprint(position().offset, birth_).value_or(0);
    }
    return is_more;
}

// Returns how many bytes were taken: lines with their ends.
std::size_t FollowedFile::take_lines(std::string_view bytes, const Reader& reader) {
    const std::uint64_t start = offset_;
    std::size_t taken = 0;
    while (taken < bytes.size()) {
        // What a program leaves that writes on at its old place in a file that was emptied.
        const std::size_t text = skip_from_ ? taken : bytes.find_first_not_of('\0', taken);
        taken = std::min(text, bytes.size());
        const std::size_t end = bytes.find('\n', taken);
        if (end == std::string_view::npos ||
            !take_line(bytes.substr(taken, end - taken), start + taken, reader)) {
            break;
        }
        taken = end + 1;
    }
    offset_ = start + taken;
    return taken;
}

bool FollowedFile::take_line(std::string_view line, std::uint64_t offset, const Reader& reader) {
    const bool has_mark = offset == 0 && line.starts_with(kByteOrderMark);
    line.remove_prefix(has_mark ? kByteOrderMark.size() : 0);
    line = without_return(line);
    if (skip_from_) {
        skip_from_.reset();
        return true;
    }
    if (line.size() > reader.longest_line) {
        reader.too_long(*this);
        return true;
    }
    return line.empty() || reader.take(*this, offset, line);
}

// What has begun and is too long already; what was refused is not skipped.
bool FollowedFile::skip_too_long(std::string_view rest, const Reader& reader) {
    const bool is_too_long =
        rest.size() > reader.longest_line + 1 && rest.find('\n') == std::string_view::npos;
    if (rest.empty() || (!skip_from_ && !is_too_long)) {
        return false;
    }
    if (!skip_from_) {
        skip_from_ = offset_;
        reader.too_long(*this);
    }
    offset_ += rest.size();
    return true;
}

std::optional<std::string> FollowedFile::first_line(std::size_t longest_line) const {
    std::string text = beginning(longest_line + 1);
    const std::size_t end = text.find('\n');
    if (end == std::string::npos) {
        return std::nullopt;
    }
    text = without_return(std::string_view(text).substr(0, end));
    return text.starts_with(kByteOrderMark) ? text.substr(kByteOrderMark.size()) : text;
}

}  // namespace cxedge::devices
