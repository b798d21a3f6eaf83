// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/doctor/permission_check.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fmt/core.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cxedge::ctl {
namespace {

constexpr Check kPermission{"permission"};

// Bits of one class of a mode (owner, group, others).
constexpr unsigned kMayRead = 4;
constexpr unsigned kMayWrite = 2;
constexpr unsigned kMayEnter = 1;

std::string why_not(int error) {
    return std::error_code(error, std::generic_category()).message();
}

unsigned bits_for(const struct stat& info, const DaemonUser& user) {
    if (user.uid == 0) {
        return kMayRead | kMayWrite | kMayEnter;
    }
    const unsigned shift = info.st_uid == user.uid ? 6 : info.st_gid == user.gid ? 3 : 0;
    return (info.st_mode >> shift) & 7U;
}

// The first directory above `path` that the user may not enter; empty: none.
std::string closed_directory(const std::filesystem::path& path, const DaemonUser& user) {
    std::filesystem::path above;
    for (const auto& part : path.parent_path()) {
        above /= part;
        struct stat info {};
        if (::stat(above.c_str(), &info) == 0 && (bits_for(info, user) & kMayEnter) == 0) {
            return above.string();
        }
    }
    return {};
}

std::string file_label(const NamedFile& file) {
    return file.setting.empty() ? file.path : file.setting + " " + file.path;
}

// What keeps the user from reading the file.
Finding check_reading(const NamedFile& file, const DaemonUser& user, const struct stat& info) {
    if (const std::string closed = closed_directory(file.path, user); !closed.empty()) {
        return kPermission.problem(
            fmt::format("{}: {} may not enter {}", file_label(file), user.name, closed),
            fmt::format("move the file to /etc/cxedge, or chmod o+x {}", closed)
        );
    }
    if ((bits_for(info, user) & kMayRead) == 0) {
        return kPermission.problem(
            fmt::format("{}: {} cannot read it", file_label(file), user.name),
            fmt::format("chown {}: {}", user.name, file.path)
        );
    }
    return kPermission.ok(fmt::format("{}: {} can read it", file_label(file), user.name));
}

Finding not_a_file(const NamedFile& file, int error) {
    return kPermission.problem(
        file_label(file) + ": " + (error == 0 ? "is not a file" : why_not(error)),
        "put the file there, or mend the setting"
    );
}

}  // namespace

Result<DaemonUser> find_user(const std::string& name) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 16384> text{};
    const int failed = ::getpwnam_r(name.c_str(), &entry, text.data(), text.size(), &found);
    if (failed != 0 || found == nullptr) {
        return not_found("there is no user " + name);
    }
    return DaemonUser{name, entry.pw_uid, entry.pw_gid};
}

DaemonUser current_user() {
    DaemonUser user{std::to_string(::geteuid()), ::geteuid(), ::getegid()};
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 16384> text{};
    if (::getpwuid_r(user.uid, &entry, text.data(), text.size(), &found) == 0 && found != nullptr) {
        user.name = entry.pw_name;
    }
    return user;
}

Finding check_secret(const NamedFile& file, const DaemonUser& user) {
    struct stat info {};
    const int failed = ::stat(file.path.c_str(), &info) == 0 ? 0 : errno;
    if (failed != 0 || !S_ISREG(info.st_mode)) {
        return not_a_file(file, failed);
    }
    if (const unsigned mode = info.st_mode & 07777U; (mode & 077U) != 0) {
        return kPermission.problem(
            fmt::format("{}: is open to others (mode {:04o})", file_label(file), mode),
            fmt::format("chown {}: {} && chmod 600 {}", user.name, file.path, file.path)
        );
    }
    return check_reading(file, user, info);
}

Finding check_readable(const NamedFile& file, const DaemonUser& user) {
    struct stat info {};
    const int failed = ::stat(file.path.c_str(), &info) == 0 ? 0 : errno;
    return failed != 0 || !S_ISREG(info.st_mode) ? not_a_file(file, failed)
                                                 : check_reading(file, user, info);
}

Finding check_state_directory(const std::string& path, const DaemonUser& user) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) {
        return errno == ENOENT
                   ? kPermission.ok(path + ": is made at the first start")
                   : kPermission.problem(path + ": " + why_not(errno), "mend the path above it");
    }
    if (!S_ISDIR(info.st_mode)) {
        return kPermission.problem(path + ": is not a directory", "move that file away");
    }
    constexpr unsigned kAll = kMayRead | kMayWrite | kMayEnter;
    if ((bits_for(info, user) & kAll) != kAll) {
        return kPermission.problem(
            fmt::format("{}: {} cannot write there", path, user.name),
            fmt::format("chown -R {}: {}", user.name, path)
        );
    }
    if (const unsigned mode = info.st_mode & 07777U; (mode & 022U) != 0) {
        return kPermission.problem(
            fmt::format("{}: others may write there (mode {:04o})", path, mode), "chmod 700 " + path
        );
    }
    return kPermission.ok(fmt::format("{}: belongs to {}", path, user.name));
}

}  // namespace cxedge::ctl
