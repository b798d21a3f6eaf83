// SPDX-License-Identifier: Apache-2.0
#include "agent/store/disk_room.hpp"

#include <algorithm>
#include <limits>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"

namespace cxedge::store {
namespace {

constexpr std::uint64_t kWantFree = 64U << 20U;
constexpr std::uint64_t kSmallFileSystem = std::uint64_t{1} << 30U;
// Of a small file system the ballast takes no more than this part.
constexpr std::uint64_t kBallastPart = 16;

bool make_file(const std::string& path, std::uint64_t bytes) {
    const UniqueFd file(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kPrivateFile)
    );
    // Blocks only: nothing is written. Where that is not possible there is no ballast.
    return file && ::fallocate(file.get(), 0, 0, static_cast<off_t>(bytes)) == 0;
}

}  // namespace

DiskRoom::DiskRoom(const std::string& directory, std::uint64_t ballast_bytes)
    : directory_(directory), ballast_(directory + "/ballast"), ballast_bytes_(ballast_bytes) {
    look();
    if (level_.total != 0) {
        ballast_bytes_ = std::min(ballast_bytes_, level_.total / kBallastPart);
    }
    struct stat info {};
    held_ = ::stat(ballast_.c_str(), &info) == 0 &&
            static_cast<std::uint64_t>(info.st_size) == ballast_bytes_;
    take_ballast();
}

const DiskRoom::Level& DiskRoom::look() {
    struct statvfs info {};
    if (::statvfs(directory_.c_str(), &info) == 0) {
        level_.free = std::uint64_t{info.f_bavail} * info.f_frsize;
        level_.total = std::uint64_t{info.f_blocks} * info.f_frsize;
    }
    return level_;
}

std::uint64_t DiskRoom::want_free() const {
    return level_.total < kSmallFileSystem ? std::min(kWantFree, 2 * ballast_bytes_) : kWantFree;
}

bool DiskRoom::low() const {
    return level_.total != 0 && level_.free < want_free();
}

std::uint64_t DiskRoom::room_to_grow() const {
    if (level_.total == 0) {
        return std::numeric_limits<std::uint64_t>::max();  // not known: the file system will say
    }
    return held_ ? level_.free : level_.free - std::min(level_.free, ballast_bytes_);
}

bool DiskRoom::give_ballast() {
    held_ = false;
    return ::unlink(ballast_.c_str()) == 0;
}

void DiskRoom::take_ballast() {
    if (held_ || ballast_bytes_ == 0 || level_.free < 3 * ballast_bytes_) {
        return;
    }
    held_ = make_file(ballast_, ballast_bytes_);
    if (!held_) {
        ::unlink(ballast_.c_str());
    }
}

}  // namespace cxedge::store
