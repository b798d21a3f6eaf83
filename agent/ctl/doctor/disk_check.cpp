// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/doctor/disk_check.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include <fmt/core.h>
#include <sys/statvfs.h>

#include "agent/ctl/human_text.hpp"

namespace cxedge::ctl {
namespace {

constexpr Check kDisk{"disk"};

std::filesystem::path nearest_existing(std::filesystem::path path) {
    std::error_code ignored;
    while (path.has_relative_path() && !std::filesystem::exists(path, ignored)) {
        path = path.parent_path();
    }
    return path;
}

std::uint64_t bytes_below(const std::string& directory) {
    std::uint64_t bytes = 0;
    std::error_code failed;
    std::filesystem::recursive_directory_iterator entry(directory, failed);
    for (; !failed && entry != std::filesystem::recursive_directory_iterator();
         entry.increment(failed)) {
        std::error_code gone;
        const std::uint64_t size = entry->is_regular_file(gone) ? entry->file_size(gone) : 0;
        bytes += gone ? 0 : size;
    }
    return bytes;
}

}  // namespace

Result<DiskRoom> disk_room(const std::string& directory) {
    const std::string existing = nearest_existing(directory).string();
    struct statvfs info {};
    if (::statvfs(existing.c_str(), &info) != 0) {
        return system_error(existing, errno);
    }
    DiskRoom room;
    room.directory = directory;
    room.used_bytes = bytes_below(directory);
    room.free_bytes = std::uint64_t{info.f_bavail} * info.f_frsize;
    // Some file systems have no such limit and report 0 of 0.
    room.inodes_left = info.f_files == 0 || info.f_favail > 0;
    room.read_only = (info.f_flag & ST_RDONLY) != 0;
    return room;
}

Finding check_disk(const DiskRoom& room, std::uint64_t quota_bytes) {
    if (room.read_only) {
        return kDisk.problem(
            room.directory + ": its file system is read-only",
            "mount it writable, or give cxedged another --state-dir"
        );
    }
    if (!room.inodes_left) {
        return kDisk.problem(
            room.directory + ": its file system has no inodes left", "delete files there"
        );
    }
    const std::uint64_t wanted = quota_bytes - std::min(quota_bytes, room.used_bytes);
    const std::string facts = fmt::format(
        "{}: {} free, the spool may still need {} of its {}",
        room.directory,
        human_bytes(room.free_bytes),
        human_bytes(wanted),
        human_bytes(quota_bytes)
    );
    return room.free_bytes >= wanted
               ? kDisk.ok(facts)
               : kDisk.problem(facts, "free space there, or lower spool.max_mib");
}

}  // namespace cxedge::ctl
