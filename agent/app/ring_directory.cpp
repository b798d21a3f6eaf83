// SPDX-License-Identifier: Apache-2.0
#include "agent/app/ring_directory.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/ids.hpp"

namespace cxedge::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIdFile = "spool.id";      // in the state directory
constexpr const char* kOwnerFile = "state-dir";  // in the ring directory: whose it is
constexpr const char* kPrefix = "spool-";

std::string first_line(const fs::path& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

// Only root and we may have made it: /dev/shm is open to everybody.
Status make_private_directory(const fs::path& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        return system_error(path.string(), errno);
    }
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
        return system_error(path.string(), errno);
    }
    const bool ours = S_ISDIR(info.st_mode) && (info.st_uid == ::geteuid() || info.st_uid == 0);
    return ours ? Status() : Status(unavailable(path.string() + " belongs to somebody else"));
}

// A state directory that cannot be written has no memory: its path must do.
std::string id_of(const std::string& state_dir) {
    std::error_code ignored;
    fs::create_directories(state_dir, ignored);
    const fs::path file = fs::path(state_dir) / kIdFile;
    std::string id = first_line(file);
    if (id.empty()) {
        id = fmt::format("{:016x}", random_u64());
        std::ofstream(file) << id << '\n';
    }
    return first_line(file) == id ? id : fmt::format("path-{:08x}", crc32c(state_dir));
}

fs::path base_of(const Places& places) {
    if (!places.given_runtime_dir.empty()) {
        return places.given_runtime_dir;
    }
    return ::access("/run", W_OK) == 0 ? fs::path("/run/cxedge")
                                       : fs::path(fmt::format("/dev/shm/cxedge-{}", ::geteuid()));
}

void remove_orphans(const fs::path& base) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(base, error)) {
        const std::string name = entry.path().filename().string();
        const std::string owner = first_line(entry.path() / kOwnerFile);
        if (name.rfind(kPrefix, 0) != 0 || owner.empty()) {
            continue;
        }
        if (kPrefix + first_line(fs::path(owner) / kIdFile) != name) {
            std::error_code ignored;
            fs::remove_all(entry.path(), ignored);
        }
    }
}

}  // namespace

void keep_ring_id(const Places& places, const std::string& ring_directory) {
    const fs::path file = fs::path(places.state_dir) / kIdFile;
    std::error_code ignored;
    if (!ring_directory.empty() && !fs::exists(file, ignored)) {
        const std::string name = fs::path(ring_directory).filename().string();
        std::ofstream(file) << name.substr(std::string_view(kPrefix).size()) << '\n';
    }
}

Result<std::string> make_ring_directory(const Places& places) {
    std::error_code error;
    const fs::path state = fs::absolute(places.state_dir, error);
    const std::string id = id_of(state.string());
    const fs::path base = base_of(places);
    fs::create_directories(base.parent_path(), error);
    const fs::path ring = base / (kPrefix + id);
    for (const fs::path& path : {base, ring}) {
        if (const Status made = make_private_directory(path); !made) {
            return made.error().during("directory for unsent data");
        }
    }
    std::ofstream(ring / kOwnerFile) << state.string() << '\n';
    remove_orphans(base);
    return ring.string();
}

}  // namespace cxedge::app
