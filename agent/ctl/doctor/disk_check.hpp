// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "agent/base/result.hpp"
#include "agent/ctl/doctor/finding.hpp"

namespace cxedge::ctl {

// A directory and the file system it is, or will be, on.
struct DiskRoom {
    std::string directory;
    std::uint64_t used_bytes = 0;  // by what is in the directory already
    std::uint64_t free_bytes = 0;  // for who is not root
    bool inodes_left = true;
    bool read_only = false;
};
// Of the nearest directory above that exists. unavailable: it cannot be asked.
Result<DiskRoom> disk_room(const std::string& directory);

// `quota_bytes`: what the spools may grow to.
Finding check_disk(const DiskRoom& room, std::uint64_t quota_bytes);

}  // namespace cxedge::ctl
