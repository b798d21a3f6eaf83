// SPDX-License-Identifier: Apache-2.0
// Lines of text from files that grow and from programs that run: shared by file_tail, exec, ticket.
// Thread: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/plugin_api/host.hpp"

namespace cxedge::devices {

// One complete line without its end.
struct Line {
    std::string_view text;
    // Names its place ("<inode>.<life of the file>:<offset>"), the same when it is read again after
    // a restart, and another one when the file was emptied; empty: it has none.
    std::string_view id{};
    std::string_view origin{};  // the file's name or the program's, for complaints
    // Another one for each file, also of the same name, and for each run of a program: a CSV's
    // header comes again.
    std::uint64_t part = 0;
};

// exhausted: storage is full; the line comes again later. Any other error was told already.
using TakeLine = std::function<Status(const Line& line)>;

struct FileFollowerSettings {
    std::vector<std::string> paths;  // globs; what they match is looked for again every second
    bool from_start = false;         // of a file that is there at the first start: else its end
    std::size_t longest_line = 65'536;
    std::chrono::milliseconds pause{200};  // between two looks at a file
    // A file that is not read from its start gives its first line first, without an id: the header
    // of a CSV.
    bool header_first = false;
    std::chrono::milliseconds keep_every{5'000};  // at most so often: each is a flash write
};

// Files at most; more are a problem that is told.
inline constexpr std::size_t kMostFollowedFiles = 1'024;

// Follows files through growth, rotation (rename, copy and truncate, delete) and partial lines.
// Where it is in each file is kept over restarts (Host::keep), of about the 130 that grew last.
// Lines that are not yet safe (Host::commit) are offered again when storage refuses. Problems, such
// as no file yet, go to set_problem().
class FileFollower {
public:
    static std::unique_ptr<FileFollower> start(
        const FileFollowerSettings& settings, Host& host, TakeLine take
    );
    virtual ~FileFollower() = default;
};

struct ChildSettings {
    std::vector<std::string> command;       // program and arguments; no shell
    std::chrono::milliseconds interval{0};  // 0: it runs on; else it is run so often
    // Of one run, with an interval; of silence, without (0: it may be silent for ever).
    std::chrono::milliseconds timeout{30'000};
    std::size_t longest_line = 65'536;
};

// Runs a program and takes the lines of its standard output; standard error goes to the log. Starts
// it again when it ends (1 s doubling to 60 s); ends its whole process group in stop and timeout.
class ChildLines {
public:
    static std::unique_ptr<ChildLines> start(
        const ChildSettings& settings, Host& host, TakeLine take
    );
    virtual ~ChildLines() = default;
};

}  // namespace cxedge::devices
