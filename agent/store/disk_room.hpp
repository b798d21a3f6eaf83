// SPDX-License-Identifier: Apache-2.0
// The file system below the state directory: how much is free, and a file that is given back when
// nothing is, so that deleting and checkpointing still find room. Thread: one at a time.
#pragma once

#include <cstdint>
#include <string>

namespace cxedge::store {

class DiskRoom {
public:
    DiskRoom(const std::string& directory, std::uint64_t ballast_bytes);

    struct Level {
        std::uint64_t free = 0;
        std::uint64_t total = 0;  // 0: unknown
    };
    // Asks the file system.
    const Level& look();
    [[nodiscard]] const Level& level() const { return level_; }
    // Less free than the agent wants to leave: 64 MiB, or twice the ballast where that is much.
    [[nodiscard]] bool low() const;

    // What batches may still take: all but the ballast, which is kept for deleting them.
    [[nodiscard]] std::uint64_t room_to_grow() const;

    // True: there was a ballast and its blocks are free now.
    bool give_ballast();
    // Takes it (again) once there is room for three of it.
    void take_ballast();

private:
    [[nodiscard]] std::uint64_t want_free() const;

    std::string directory_;
    std::string ballast_;
    std::uint64_t ballast_bytes_;
    Level level_;
    bool held_ = false;
};

}  // namespace cxedge::store
