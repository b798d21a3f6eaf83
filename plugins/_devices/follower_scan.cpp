// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/core.h>
#include <sys/stat.h>

#include "plugins/_devices/follower.hpp"
#include "plugins/_devices/path_glob.hpp"

namespace cxedge::devices {
namespace {

// Counted in scans, about a second each: how long somebody may still write to a file that has no
// path any more.
constexpr int kScansAfterDeletion = 30;
constexpr int kScansAfterRenaming = 600;
constexpr int kScansUntilDecided = 5;
constexpr std::size_t kMostDeparted = 256;

bool is_compressed(std::string_view path) {
    return path.ends_with(".gz") || path.ends_with(".xz") || path.ends_with(".bz2") ||
           path.ends_with(".zst");
}

// "pos.log.1" and "pos.log-20261122" of "pos.log".
bool is_named_after(std::string_view path, std::string_view original) {
    return path.size() > original.size() && path.starts_with(original);
}

// None: nothing is there, or nothing that can be followed.
Result<std::optional<FileKey>> key_at(const std::string& path) {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            return std::optional<FileKey>();
        }
        return system_error(path, errno);
    }
    return S_ISREG(about.st_mode) ? std::optional(FileKey{about.st_dev, about.st_ino})
                                  : std::optional<FileKey>();
}

}  // namespace

void Follower::scan() {
    for (auto& [key, followed] : files_) {
        followed.has_path = false;
        ++followed.quiet_scans;
    }
    problem_.clear();
    bool found = false;
    for (const std::string& path : matching_paths(settings_.paths)) {
        const std::string wrong = visit(path);
        problem_ = problem_.empty() ? wrong : problem_;
    }
    for (const auto& [key, followed] : files_) {
        found = found || followed.has_path;
    }
    if (!found && problem_.empty() && undecided_.empty()) {
        problem_ = "no file matches " + settings_.paths.front();
    }
    forget_departed();
    is_first_scan_ = false;
    tell_problem();
}

std::string Follower::visit(const std::string& path) {
    const auto& named = settings_.paths;
    if (is_compressed(path) && std::find(named.begin(), named.end(), path) == named.end()) {
        return {};  // its lines were read before it was compressed
    }
    const Result<std::optional<FileKey>> key = key_at(path);
    if (!key || !*key) {
        return key ? std::string() : key.error().message;
    }
    if (const auto known = files_.find(**key); known != files_.end()) {
        known->second.has_path = true;
        known->second.path = path;
        return {};
    }
    return open(path, **key);
}

std::string Follower::open(const std::string& path, const FileKey& key) {
    if (files_.size() >= kMostFollowedFiles) {
        return fmt::format("there are more than {} files: not all are read", kMostFollowedFiles);
    }
    Result<FollowedFile> opened = FollowedFile::open(path);
    if (opened) {
        follow(std::move(*opened), path);
        return {};
    }
    if (is_first_scan_) {
        there_at_first_.insert(key);
    }
    return opened.error().code == ErrorCode::not_found ? std::string() : opened.error().message;
}

void Follower::follow(FollowedFile opened, const std::string& path) {
    Followed followed(std::move(opened));
    followed.path = path;
    followed.part = ++last_part_;
    const FileKey key = followed.file.key();
    if (const auto known = known_position(key)) {
        begin_known(followed, *known);
    } else if (!begin_unknown(followed)) {
        return;  // looked at again in the next scan
    }
    undecided_.erase(path);
    followed.needs_header = followed.file.offset() > 0 || followed.copy_of.has_value();
    followed.safe = followed.file.position();
    files_.emplace(key, std::move(followed));
}

void Follower::begin_known(Followed& followed, const FilePosition& known) {
    if (!followed.file.resume(known)) {
        followed.file.begin_after(known);
    }
    known_.erase(std::find(known_.begin(), known_.end(), known));
}

// False: it may be a copy, and is too short to say.
bool Follower::begin_unknown(Followed& followed) {
    const std::optional<bool> is_copy = begin_as_copy(followed);
    if (!is_copy && !is_first_scan_ && ++undecided_[followed.path] < kScansUntilDecided) {
        return false;
    }
    if (!is_copy.value_or(false)) {
        begin_at_edge(followed);
    }
    return true;
}

// At its start, or at its end if it is old.
void Follower::begin_at_edge(Followed& followed) {
    const FollowedFile& file = followed.file;
    const bool was_unread = there_at_first_.count(file.key()) != 0;
    const bool is_new = is_known_ && file.changed() >= missing_before_;
    const bool is_old = (is_first_scan_ || was_unread) && !is_new;
    if (is_old && (is_known_ || !settings_.from_start)) {
        followed.file.go_to_end(settings_.longest_line);
    }
}

// A file that is copied and then emptied (logrotate's copytruncate): what was read of it is not
// read again in its copy, and what was not is read there. None: too short to say.
std::optional<bool> Follower::begin_as_copy(Followed& followed) {
    const FollowedFile& file = followed.file;
    bool is_decided = true;
    for (const auto& [key, other] : files_) {
        if (!is_named_after(followed.path, other.path)) {
            continue;
        }
        const FilePosition before = other.file.before();
        const auto was_other = file.is_copy_of(before, other.file.birth());
        const auto is_other = file.is_copy_of(other.file.position(), other.file.birth());
        if (was_other.value_or(false)) {
            followed.file.go_to(before.offset);
            return true;
        }
        if (is_other.value_or(false)) {
            followed.copy_of = key;
            return true;
        }
        is_decided = is_decided && was_other && is_other;
    }
    return is_decided ? std::optional(false) : std::nullopt;
}

void Follower::emptied(Followed& original) {
    const FilePosition before = original.file.position();
    original.file.begin_after(before);
    original.safe = original.file.position();
    original.part = ++last_part_;
    original.needs_header = false;
    original.said_too_long = false;
    original.copy_of.reset();
    for (auto& [key, followed] : files_) {
        if (followed.copy_of == original.file.key()) {
            followed.copy_of.reset();
            followed.file.go_to(before.offset);
            followed.safe = followed.file.position();
            followed.is_waiting = true;
        }
    }
}

std::optional<FilePosition> Follower::known_position(const FileKey& key) const {
    const auto at = std::find_if(known_.rbegin(), known_.rend(), [&](const FilePosition& known) {
        return known.key == key;
    });
    return at != known_.rend() ? std::optional(*at) : std::nullopt;
}

void Follower::remember(const FilePosition& at) {
    known_.erase(
        std::remove_if(
            known_.begin(),
            known_.end(),
            [&](const FilePosition& known) { return known.key == at.key; }
        ),
        known_.end()
    );
    known_.push_back(at);
    if (known_.size() > kMostDeparted) {
        known_.erase(known_.begin());
    }
}

void Follower::forget_departed() {
    for (auto it = files_.begin(); it != files_.end();) {
        const Followed& followed = it->second;
        const int patience = followed.file.is_deleted() ? kScansAfterDeletion : kScansAfterRenaming;
        const bool is_over = !followed.has_path && !followed.is_waiting &&
                             followed.quiet_scans > patience &&
                             followed.safe == followed.file.position();
        if (is_over) {
            remember(followed.safe);
        }
        it = is_over ? files_.erase(it) : std::next(it);
    }
}

bool Follower::has_moved(const Followed& followed, const FileKey& key) const {
    const Result<std::optional<FileKey>> now = key_at(followed.path);
    return !now || !*now || **now != key;
}

}  // namespace cxedge::devices
