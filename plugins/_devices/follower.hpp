// SPDX-License-Identifier: Apache-2.0
// FileFollower from within: follower_scan.cpp finds files and says where to begin,
// file_follower.cpp reads them and remembers. Thread: the loop's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/_devices/file_positions.hpp"
#include "plugins/_devices/followed_file.hpp"
#include "plugins/_devices/line_sources.hpp"

namespace cxedge::devices {

// One file and what became of it.
struct Followed {
    explicit Followed(FollowedFile opened) : file(std::move(opened)), safe(file.position()) {}

    FollowedFile file;
    std::string path;
    FilePosition safe;               // up to there its lines are in storage
    std::optional<FileKey> copy_of;  // is not read until that file is emptied
    bool has_path = true;            // else it was renamed or deleted
    bool is_waiting = true;          // there may be more to read now
    bool needs_header = false;
    bool said_too_long = false;
    std::uint64_t part = 0;
    int quiet_scans = 0;
};

class Follower final : public FileFollower {
public:
    Follower(const FileFollowerSettings& settings, Host& host, TakeLine take);
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;
    ~Follower() override;

private:
    // Finding: follower_scan.cpp.
    void scan();
    std::string visit(const std::string& path);  // returns what is wrong
    std::string open(const std::string& path, const FileKey& key);
    void follow(FollowedFile opened, const std::string& path);
    void begin_known(Followed& followed, const FilePosition& known);
    bool begin_unknown(Followed& followed);
    std::optional<bool> begin_as_copy(Followed& followed);
    void begin_at_edge(Followed& followed);
    [[nodiscard]] std::optional<FilePosition> known_position(const FileKey& key) const;
    void remember(const FilePosition& at);
    void forget_departed();
    void emptied(Followed& original);

    // Reading.
    void pause_over();
    [[nodiscard]] bool has_moved(const Followed& followed, const FileKey& key) const;
    void look_at(Followed& followed);
    void work();
    bool work_on(bool with_path);
    bool read(Followed& followed);
    bool give_header(Followed& followed);
    bool take_line(const FollowedFile& file, std::uint64_t offset, std::string_view text);
    bool give(const Line& line);
    void say_too_long();
    [[nodiscard]] bool may_read() const;

    // Remembering.
    void note_line();
    void commit();
    void committed(const std::vector<FilePosition>& upto, std::size_t lines, const Status& status);
    void go_back();
    void refused(const std::string& why);
    void keep_positions();
    void tell_problem();

    const FileFollowerSettings settings_;
    Host& host_;
    TakeLine take_;
    std::vector<FilePosition> known_;  // of files that are not followed now
    std::int64_t missing_before_ = 0;
    bool is_known_ = false;  // an earlier run followed these paths
    bool is_first_scan_ = true;
    std::set<FileKey> there_at_first_;  // and could not be read
    std::map<std::string, int> undecided_;
    FollowedFile::Reader reader_;
    std::map<FileKey, Followed> files_;
    Followed* current_ = nullptr;  // is being read
    std::uint64_t last_part_ = 0;
    int pauses_until_scan_ = 0;
    std::size_t unkept_ = 0;  // lines taken since the kept position
    bool is_committing_ = false;
    bool commit_failed_ = false;
    bool is_urgent_ = false;  // commits as soon as it may
    std::string kept_;
    std::string problem_;
    std::string storage_problem_;
    std::string told_problem_;
    LoopHandle pauses_;
    LoopHandle refused_pause_;
    LoopHandle keep_timer_;
    LoopHandle keep_gap_;
    LoopHandle more_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace cxedge::devices
