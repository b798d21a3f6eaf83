// SPDX-License-Identifier: Apache-2.0
// A disk for SQLite that can lose power: an SQLite VFS over the default one that remembers, for
// each file, what was there at its last sync. Writes since then may be lost, sector by sector.
// Syncs cost nothing here: the files themselves are never at risk. Thread: one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/dice.hpp"

namespace cxedge::sim {

class PowerDisk {
public:
    static constexpr std::int64_t kSector = 512;

    enum class Fault : std::uint8_t {
        none,
        full,         // a write that would make the directory larger than it was fails
        write_error,  // every write fails
        sync_error,   // every sync fails, and what it should have kept stays at risk
    };

    PowerDisk();  // registers the VFS
    PowerDisk(const PowerDisk&) = delete;
    PowerDisk& operator=(const PowerDisk&) = delete;
    ~PowerDisk();

    // SpoolOptions::vfs.
    [[nodiscard]] const std::string& vfs() const { return name_; }

    // `directory` is the one whose size counts for Fault::full.
    void set_fault(Fault fault, const std::filesystem::path& directory = {});

    // Calls `crash` in the middle of whatever is the n-th write or sync from now on.
    void at_operation(std::uint64_t n, std::function<void()> crash);

    // Copies a directory as it is after the end of the process: everything, and what was not
    // synced stays at risk.
    void copy_after_kill(const std::filesystem::path& from, const std::filesystem::path& to);
    // Copies a directory as a power cut leaves it.
    void copy_after_power_cut(
        const std::filesystem::path& from, const std::filesystem::path& to, Dice& dice
    );
    // Nothing below `directory` is used any more.
    void forget(const std::filesystem::path& directory);

    // Sectors written since the last sync.
    [[nodiscard]] std::size_t unsynced(const std::filesystem::path& file) const;
    [[nodiscard]] std::uint64_t operations() const { return operations_; }

private:
    struct Vfs;  // the C interface, in the .cpp

    // What a file was at its last sync, as far as it differs from now.
    struct Unsynced {
        std::uint64_t inode = 0;
        std::int64_t size = 0;
        std::map<std::int64_t, std::string> sectors;  // by number; empty: did not exist
    };

    Unsynced& state_of(const std::string& path);
    void count_operation();
    [[nodiscard]] bool has_room(std::int64_t growth) const;
    static void damage(const std::filesystem::path& file, const Unsynced& was, Dice& dice);

    std::string name_;
    std::unique_ptr<Vfs> vfs_;
    std::map<std::string, Unsynced> files_;
    Fault fault_ = Fault::none;
    std::filesystem::path limited_;
    std::uint64_t limit_bytes_ = 0;
    std::uint64_t operations_ = 0;
    std::uint64_t crash_at_ = 0;
    std::function<void()> crash_;
};

}  // namespace cxedge::sim
