// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/power_disk.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fmt/core.h>
#include <sqlite3.h>
#include <sys/stat.h>

namespace cxedge::sim {
namespace fs = std::filesystem;
namespace {

std::uint64_t inode_of(const std::string& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 ? static_cast<std::uint64_t>(found.st_ino) : 0;
}

std::uint64_t bytes_in(const fs::path& directory) {
    std::uint64_t bytes = 0;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(directory, ignored)) {
        bytes += entry.is_regular_file(ignored) ? entry.file_size(ignored) : 0;
    }
    return bytes;
}

bool is_wal_index(const fs::path& file) {
    const std::string name = file.filename().string();
    return name.size() > 4 && name.compare(name.size() - 4, 4, "-shm") == 0;
}

}  // namespace

// The C interface: SQLite allocates a File and calls the functions below.
struct PowerDisk::Vfs {
    struct File {
        sqlite3_file base;
        PowerDisk* disk;
        const char* path;  // SQLite's, as long as the file is open; null: a temporary file
        // The default VFS's own file follows in memory.
    };

    static File* mine(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
    static sqlite3_file* real(sqlite3_file* file) {
        return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(File));
    }
    static sqlite3_vfs* below(sqlite3_vfs* vfs) {
        return static_cast<PowerDisk*>(vfs->pAppData)->vfs_->below_;
    }

    static std::int64_t size_of(sqlite3_file* file) {
        sqlite3_int64 size = 0;
        real(file)->pMethods->xFileSize(real(file), &size);
        return size;
    }
    static Unsynced* state_of(sqlite3_file* file) {
        File* own = mine(file);
        return own->path == nullptr ? nullptr : &own->disk->state_of(own->path);
    }
    // Keeps what the sectors from `offset` to `end` were at the last sync.
    static void keep(sqlite3_file* file, std::int64_t offset, std::int64_t end) {
        Unsynced* state = state_of(file);
        if (state == nullptr) {
            return;
        }
        for (std::int64_t sector = offset / kSector; sector * kSector < end; ++sector) {
            if (state->sectors.count(sector) != 0) {
                continue;
            }
            const std::int64_t begin = sector * kSector;
            const std::int64_t there = std::clamp<std::int64_t>(state->size - begin, 0, kSector);
            std::string was(static_cast<std::size_t>(there), '\0');
            if (there > 0) {
                real(file)->pMethods->xRead(real(file), was.data(), static_cast<int>(there), begin);
            }
            state->sectors.emplace(sector, std::move(was));
        }
    }

    static int open(
        sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags
    ) {
        File* own = mine(file);
        own->base.pMethods = nullptr;
        own->disk = static_cast<PowerDisk*>(vfs->pAppData);
        own->path = name;
        const bool existed = name != nullptr && inode_of(name) != 0;
        const int code = below(vfs)->xOpen(below(vfs), name, real(file), flags, out_flags);
        if (code != SQLITE_OK) {
            return code;
        }
        own->base.pMethods = &own->disk->vfs_->methods_;
        if (name != nullptr) {
            Unsynced& state = own->disk->state_of(name);
            if (!existed) {
                state = {inode_of(name), 0, {}};
            }
        }
        return SQLITE_OK;
    }
    static int close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }
    static int read(sqlite3_file* file, void* data, int bytes, sqlite3_int64 offset) {
        return real(file)->pMethods->xRead(real(file), data, bytes, offset);
    }
    static int write(sqlite3_file* file, const void* data, int bytes, sqlite3_int64 offset) {
        PowerDisk& disk = *mine(file)->disk;
        disk.count_operation();
        if (disk.fault_ == Fault::write_error) {
            return SQLITE_IOERR_WRITE;
        }
        const std::int64_t growth = offset + bytes - size_of(file);
        if (disk.fault_ == Fault::full && growth > 0 && !disk.has_room(growth)) {
            return SQLITE_FULL;
        }
        keep(file, offset, offset + bytes);
        return real(file)->pMethods->xWrite(real(file), data, bytes, offset);
    }
    static int truncate(sqlite3_file* file, sqlite3_int64 size) {
        keep(file, size, size_of(file));
        return real(file)->pMethods->xTruncate(real(file), size);
    }
    static int sync(sqlite3_file* file, int /*flags*/) {
        PowerDisk& disk = *mine(file)->disk;
        disk.count_operation();
        if (disk.fault_ == Fault::sync_error || disk.fault_ == Fault::write_error) {
            return SQLITE_IOERR_FSYNC;
        }
        if (Unsynced* state = state_of(file)) {
            state->sectors.clear();
            state->size = size_of(file);
        }
        return SQLITE_OK;
    }
    static int file_size(sqlite3_file* file, sqlite3_int64* size) {
        return real(file)->pMethods->xFileSize(real(file), size);
    }
    static int lock(sqlite3_file* file, int level) {
        return real(file)->pMethods->xLock(real(file), level);
    }
    static int unlock(sqlite3_file* file, int level) {
        return real(file)->pMethods->xUnlock(real(file), level);
    }
    static int check_reserved(sqlite3_file* file, int* result) {
        return real(file)->pMethods->xCheckReservedLock(real(file), result);
    }
    static int control(sqlite3_file* file, int operation, void* argument) {
        return real(file)->pMethods->xFileControl(real(file), operation, argument);
    }
    static int sector_size(sqlite3_file* file) {
        return real(file)->pMethods->xSectorSize(real(file));
    }
    // Of the disk that is simulated here, whatever the real one can do.
    static int characteristics(sqlite3_file* /*file*/) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }
    static int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
        return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
    }
    static int shm_lock(sqlite3_file* file, int offset, int n, int flags) {
        return real(file)->pMethods->xShmLock(real(file), offset, n, flags);
    }
    static void shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
    static int shm_unmap(sqlite3_file* file, int remove) {
        return real(file)->pMethods->xShmUnmap(real(file), remove);
    }

    static int remove(sqlite3_vfs* vfs, const char* name, int /*sync_directory*/) {
        static_cast<PowerDisk*>(vfs->pAppData)->files_.erase(name);
        return below(vfs)->xDelete(below(vfs), name, 0);
    }

    explicit Vfs(PowerDisk& disk) : below_(sqlite3_vfs_find(nullptr)), vfs_(*below_) {
        // Without memory-mapped reads (version 3), which would pass this file by.
        methods_.iVersion = 2;
        methods_.xClose = close;
        methods_.xRead = read;
        methods_.xWrite = write;
        methods_.xTruncate = truncate;
        methods_.xSync = sync;
        methods_.xFileSize = file_size;
        methods_.xLock = lock;
        methods_.xUnlock = unlock;
        methods_.xCheckReservedLock = check_reserved;
        methods_.xFileControl = control;
        methods_.xSectorSize = sector_size;
        methods_.xDeviceCharacteristics = characteristics;
        methods_.xShmMap = shm_map;
        methods_.xShmLock = shm_lock;
        methods_.xShmBarrier = shm_barrier;
        methods_.xShmUnmap = shm_unmap;
        vfs_.szOsFile = static_cast<int>(sizeof(File)) + below_->szOsFile;
        vfs_.pNext = nullptr;
        vfs_.zName = disk.name_.c_str();
        vfs_.pAppData = &disk;
        vfs_.xOpen = open;
        vfs_.xDelete = remove;
    }

    sqlite3_vfs* below_;
    sqlite3_vfs vfs_;  // what is not replaced needs no `pAppData`
    sqlite3_io_methods methods_{};
};

PowerDisk::PowerDisk()
    // Its address makes the name unique in the process.
    : name_(fmt::format("cxedge-power-{}", static_cast<const void*>(this))),
      vfs_(std::make_unique<Vfs>(*this)) {
    if (sqlite3_vfs_register(&vfs_->vfs_, 0) != SQLITE_OK) {
        throw std::runtime_error("SQLite does not take the VFS");
    }
}

PowerDisk::~PowerDisk() {
    sqlite3_vfs_unregister(&vfs_->vfs_);
}

void PowerDisk::set_fault(Fault fault, const fs::path& directory) {
    fault_ = fault;
    limited_ = directory;
    limit_bytes_ = directory.empty() ? 0 : bytes_in(directory);
}

void PowerDisk::at_operation(std::uint64_t n, std::function<void()> crash) {
    crash_at_ = operations_ + n;
    crash_ = std::move(crash);
}

void PowerDisk::count_operation() {
    if (++operations_ == crash_at_ && crash_) {
        std::exchange(crash_, nullptr)();
    }
}

bool PowerDisk::has_room(std::int64_t growth) const {
    return bytes_in(limited_) + static_cast<std::uint64_t>(growth) <= limit_bytes_;
}

// A path may be another file than before: a database that was set aside, and its successor.
PowerDisk::Unsynced& PowerDisk::state_of(const std::string& path) {
    Unsynced& state = files_[path];
    if (state.inode == 0 || state.inode != inode_of(path)) {
        std::error_code ignored;
        state = {inode_of(path), static_cast<std::int64_t>(fs::file_size(path, ignored)), {}};
    }
    return state;
}

std::size_t PowerDisk::unsynced(const fs::path& file) const {
    const auto found = files_.find(file.string());
    return found == files_.end() ? 0 : found->second.sectors.size();
}

void PowerDisk::copy_after_kill(const fs::path& from, const fs::path& to) {
    fs::create_directories(to);
    for (const auto& entry : fs::directory_iterator(from)) {
        const fs::path copy = to / entry.path().filename();
        fs::copy_file(entry.path(), copy);
        const auto found = files_.find(entry.path().string());
        if (found != files_.end() && found->second.inode == inode_of(found->first)) {
            Unsynced state = found->second;
            state.inode = inode_of(copy.string());
            files_.insert_or_assign(copy.string(), std::move(state));
        }
    }
}

void PowerDisk::copy_after_power_cut(const fs::path& from, const fs::path& to, Dice& dice) {
    fs::create_directories(to);
    std::vector<fs::path> files;  // in an order that does not depend on the file system
    for (const auto& entry : fs::directory_iterator(from)) {
        files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
        if (is_wal_index(file)) {
            continue;  // rebuilt from the WAL when the database is opened
        }
        const fs::path copy = to / file.filename();
        fs::copy_file(file, copy);
        const auto found = files_.find(file.string());
        if (found != files_.end() && found->second.inode == inode_of(found->first)) {
            damage(copy, found->second, dice);
        }
    }
}

// Each unsynced sector is the old or the new one; where there was none, it may be zeros.
void PowerDisk::damage(const fs::path& file, const Unsynced& was, Dice& dice) {
    const std::int64_t lost_percent =
        std::array<std::int64_t, 4>{0, 10, 50, 100}.at(static_cast<std::size_t>(dice.between(0, 3))
        );
    const auto size_now = static_cast<std::int64_t>(fs::file_size(file));
    std::int64_t size = size_now;
    {
        std::fstream content(file, std::ios::in | std::ios::out | std::ios::binary);
        for (const auto& [sector, bytes] : was.sectors) {
            if (!dice.percent(lost_percent)) {
                continue;
            }
            std::string old = bytes;
            old.resize(kSector, '\0');
            const std::int64_t begin = sector * kSector;
            const std::int64_t room = std::max(was.size, size_now) - begin;
            content.seekp(begin);
            content.write(old.data(), std::clamp<std::int64_t>(room, 0, kSector));
        }
        content.seekp(0, std::ios::end);
        size = content.tellp();
    }
    if (dice.percent(lost_percent)) {
        size = was.size;  // the metadata did not make it either
    }
    fs::resize_file(file, static_cast<std::uintmax_t>(size));
}

void PowerDisk::forget(const fs::path& directory) {
    const std::string prefix = directory.string() + "/";
    std::erase_if(files_, [&](const auto& file) {
        return file.first.compare(0, prefix.size(), prefix) == 0;
    });
}

}  // namespace cxedge::sim
