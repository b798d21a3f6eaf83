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

// One complete line without its end. `id` names its place ("<inode>:<offset>"), the same when it is
// read again after a restart; empty: it has none.
struct Line {
    std::string_view text;
    std::string_view id{};
    std::string_view origin{};  // the file's name or the program's, for complaints
};

// exhausted: storage is full; the line comes again later. Any other error was told already.
using TakeLine = std::function<Status(const Line& line)>;

struct FileFollowerSettings {
    std::vector<std::string> paths;  // globs; what they match is looked for again every second
    bool from_start = false;         // of a file that is there at the first start: else its end
    std::size_t longest_line = 65'536;
    std::chrono::milliseconds pause{200};  // between two looks at a file
};

// Follows files through growth, rotation (rename and truncate) and partial lines. Where it is in
// each file is kept over restarts (Host::keep). Problems, such as no file yet, go to set_problem().
class FileFollower {
public:
    static std::unique_ptr<FileFollower> start(
        const FileFollowerSettings& settings, Host& host, TakeLine take
    );
    virtual ~FileFollower() = default;
};

struct ChildSettings {
    std::vector<std::string> command;           // program and arguments; no shell
    std::chrono::milliseconds interval{0};      // 0: it runs on; else it is run so often
    std::chrono::milliseconds timeout{30'000};  // of one run, with an interval; silence, without
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
