// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <fmt/core.h>
#include <sys/resource.h>

#include "plugins/_devices/follower.hpp"

namespace cxedge::devices {
namespace {

constexpr std::size_t kBufferRest = 65'536;
constexpr std::size_t kBytesAtOnce = 262'144;  // of one file, then others get their turn
// Lines that may be read beyond the kept position: with the readings of each, fewer than the names
// of readings that the box remembers (Occasion::key), so that those that come again are recognised.
constexpr std::size_t kMostUnkept = 1024;
constexpr int kPausesPerScan = 5;
constexpr int kScansUntilIdle = 10;  // then looked at once a scan
constexpr std::chrono::seconds kRefusedPause{1};
constexpr rlim_t kOtherDescriptors = 64;

// The soft limit of descriptors is often just what may be followed.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        const rlim_t wanted = kMostFollowedFiles + kOtherDescriptors;
        limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, wanted));
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

std::uint32_t hash_of_paths(const std::vector<std::string>& paths) {
    std::uint32_t hash = 2'166'136'261U;
    for (const std::string& path : paths) {
        for (const char c : path + '\n') {
            hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619U;
        }
    }
    return hash;
}

}  // namespace

std::unique_ptr<FileFollower> FileFollower::start(
    const FileFollowerSettings& settings, Host& host, TakeLine take
) {
    return std::make_unique<Follower>(settings, host, std::move(take));
}

Follower::Follower(const FileFollowerSettings& settings, Host& host, TakeLine take)
    : settings_(settings), host_(host), take_(std::move(take)), kept_(host.kept()) {
    FilePositions kept = decode_positions(host.kept());
    is_known_ = kept.paths == hash_of_paths(settings.paths);
    if (is_known_) {
        known_ = std::move(kept.files);
        // The newest come first in what is kept, and last here.
        std::reverse(known_.begin(), known_.end());
        missing_before_ = kept.missing_before;
    }
    reader_.take = [this](const FollowedFile& file, std::uint64_t offset, std::string_view text) {
        return take_line(file, offset, text);
    };
    reader_.too_long = [this](const FollowedFile& file) {
        static_cast<void>(file);
        say_too_long();
    };
    reader_.longest_line = settings.longest_line;
    reader_.buffer.resize(settings.longest_line + kBufferRest);
    raise_descriptor_limit();
    scan();
    keep_positions();  // also of no file: what comes after this is new
    pauses_ = host_.loop().every(settings_.pause, [this] { pause_over(); });
    // Not from within start(): its caller has not got this yet.
    more_ = host_.loop().after(std::chrono::milliseconds(0), [this] { work(); });
}

Follower::~Follower() {
    if (!commit_failed_) {
        for (auto& [key, followed] : files_) {
            followed.safe = followed.file.position();
        }
    }
    keep_positions();
}

void Follower::pause_over() {
    bool is_scan = --pauses_until_scan_ <= 0;
    for (const auto& [key, followed] : files_) {
        const bool is_busy = followed.has_path && followed.quiet_scans < kScansUntilIdle;
        is_scan = is_scan || (is_busy && has_moved(followed, key));
    }
    if (is_scan) {
        pauses_until_scan_ = kPausesPerScan;
        scan();
    }
    for (auto& [key, followed] : files_) {
        if (is_scan || followed.quiet_scans < kScansUntilIdle) {
            look_at(followed);
        }
    }
    work();
}

void Follower::look_at(Followed& followed) {
    const FollowedFile::Look look = followed.file.look();
    if (look == FollowedFile::Look::nothing) {
        return;
    }
    followed.quiet_scans = 0;
    followed.is_waiting = true;
    if (look == FollowedFile::Look::emptied) {
        scan();  // for a copy, before this file forgets what it was
        emptied(followed);
    }
}

bool Follower::may_read() const {
    return !refused_pause_ && unkept_ < kMostUnkept;
}

// The rest of a file that was rotated away comes before its successor.
void Follower::work() {
    more_ = LoopHandle();
    const bool is_more = work_on(false) || work_on(true);
    if (is_more && may_read()) {
        more_ = host_.loop().after(std::chrono::milliseconds(0), [this] { work(); });
    }
}

bool Follower::work_on(bool with_path) {
    bool is_more = false;
    for (auto& [key, followed] : files_) {
        const bool is_ready = followed.is_waiting && !followed.copy_of && may_read();
        if (is_ready && followed.has_path == with_path) {
            is_more = read(followed) || is_more;
        }
    }
    return is_more;
}

bool Follower::read(Followed& followed) {
    current_ = &followed;
    if (!give_header(followed)) {
        return false;
    }
    const bool is_more = followed.file.read_lines(reader_, kBytesAtOnce);
    followed.is_waiting = is_more || !may_read();
    if (is_urgent_ && !keep_gap_) {
        commit();
    }
    return is_more;
}

bool Follower::give_header(Followed& followed) {
    if (!settings_.header_first || !std::exchange(followed.needs_header, false)) {
        return true;
    }
    const auto header = followed.file.first_line(settings_.longest_line);
    const bool given = !header || give({*header, {}, followed.path, followed.part});
    followed.needs_header = !given;
    return given;
}

bool Follower::take_line(const FollowedFile& file, std::uint64_t offset, std::string_view text) {
    if (!may_read()) {
        return false;
    }
    const std::string id = fmt::format("{}.{:x}:{}", file.key().inode, file.mark(), offset);
    const bool given = give({text, id, current_->path, current_->part});
    if (given) {
        note_line();
    }
    return given;
}

bool Follower::give(const Line& line) {
    const Status taken = take_(line);
    if (!taken && taken.error().code == ErrorCode::exhausted) {
        refused(taken.error().message);
        return false;
    }
    return true;
}

void Follower::say_too_long() {
    if (std::exchange(current_->said_too_long, true)) {
        return;
    }
    Event event;
    event.name = "device.bad_message";
    event.severity = Severity::warning;
    event.subject = host_.source_name();
    event.text = fmt::format(
        "{}: a line is longer than {} bytes and is skipped", current_->path, settings_.longest_line
    );
    event.attrs = {{"source", std::string(host_.source_name())}};
    host_.log(log::Level::warn, event.text);
    host_.emit_event(std::move(event));
}

void Follower::note_line() {
    ++unkept_;
    is_urgent_ = is_urgent_ || unkept_ >= kMostUnkept;
    if (!keep_timer_) {
        keep_timer_ = host_.loop().after(settings_.keep_every, [this] { commit(); });
    }
}

void Follower::commit() {
    keep_timer_ = LoopHandle();
    if (std::exchange(is_committing_, true)) {
        return;
    }
    is_urgent_ = false;
    std::vector<FilePosition> upto;
    for (const auto& [key, followed] : files_) {
        upto.push_back(followed.file.position());
    }
    const std::weak_ptr<bool> alive = alive_;
    host_.commit([this, alive, upto = std::move(upto), lines = unkept_](const Status& status) {
        if (!alive.expired()) {
            committed(upto, lines, status);
        }
    });
}

void Follower::committed(
    const std::vector<FilePosition>& upto, std::size_t lines, const Status& status
) {
    is_committing_ = false;
    commit_failed_ = !status;
    if (!status) {
        go_back();
        refused(status.error().message);
        return;
    }
    for (const FilePosition& at : upto) {
        const auto found = files_.find(at.key);
        if (found != files_.end() && found->second.safe.life == at.life) {
            found->second.safe = at;
        }
    }
    unkept_ -= std::min(unkept_, lines);
    keep_positions();
    storage_problem_.clear();
    tell_problem();
    keep_gap_ = host_.loop().after(settings_.keep_every / 5, [this] {
        keep_gap_ = LoopHandle();
        if (is_urgent_) {
            commit();
        }
    });
    work();
}

// Storage did not take what it was given: it comes again.
void Follower::go_back() {
    for (auto& [key, followed] : files_) {
        if (followed.safe.life == followed.file.position().life && !followed.copy_of) {
            followed.file.go_to(followed.safe.offset);
            followed.part = ++last_part_;
            followed.needs_header = followed.safe.offset > 0;
            followed.is_waiting = true;
        }
    }
    unkept_ = 0;
}

void Follower::refused(const std::string& why) {
    storage_problem_ = "waiting for storage: " + why;
    tell_problem();
    refused_pause_ = host_.loop().after(kRefusedPause, [this] {
        refused_pause_ = LoopHandle();
        if (!commit_failed_ && !is_committing_) {
            storage_problem_.clear();
            tell_problem();
        }
        work();
    });
}

void Follower::keep_positions() {
    std::vector<const Followed*> newest;
    for (const auto& [key, followed] : files_) {
        if (!followed.copy_of) {
            newest.push_back(&followed);
        }
    }
    std::stable_sort(newest.begin(), newest.end(), [](const Followed* a, const Followed* b) {
        return a->file.changed() > b->file.changed();
    });
    FilePositions positions;
    positions.paths = hash_of_paths(settings_.paths);
    positions.missing_before = missing_before_;
    std::vector<std::int64_t> changed;
    for (const Followed* followed : newest) {
        positions.files.push_back(followed->safe);
        changed.push_back(followed->file.changed());
    }
    positions.files.insert(positions.files.end(), known_.rbegin(), known_.rend());
    changed.resize(positions.files.size(), -1);
    std::string now = encode(std::move(positions), changed, kMostKept);
    if (now != kept_) {
        kept_ = std::move(now);
        host_.keep(kept_);
    }
}

void Follower::tell_problem() {
    const std::string& problem = storage_problem_.empty() ? problem_ : storage_problem_;
    if (problem != told_problem_) {
        told_problem_ = problem;
        host_.set_problem(problem);
    }
}

}  // namespace cxedge::devices
