// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"

#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

// A small file system of its own; empty path: not allowed here.
class SmallDisk {
public:
    explicit SmallDisk(unsigned mib = 64) {
        const std::string size = "size=" + std::to_string(mib) + "m";
        if (::mount("tmpfs", dir_.path().c_str(), "tmpfs", 0, size.c_str()) == 0) {
            path_ = dir_.path().string();
        }
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk() {
        if (!path_.empty()) {
            ::umount2(path_.c_str(), MNT_DETACH);
        }
    }
    [[nodiscard]] const std::string& path() const { return path_; }
    // To the last block.
    void fill() const {
        const UniqueFd fd(
            ::open((path_ + "/filler").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)
        );
        const std::array<char, 4096> block{};
        while (::write(fd.get(), block.data(), block.size()) > 0) {
        }
    }
    void clear() const { ::unlink((path_ + "/filler").c_str()); }

private:
    TempDir dir_;
    std::string path_;
};

}  // namespace cxedge::test
