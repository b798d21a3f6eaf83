// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "plugins/_devices/line_sources.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

using devices::FileFollower;
using devices::FileFollowerSettings;
using devices::Line;

inline void append(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::app) << text;
}

inline void write_new(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::trunc) << text;
}

inline std::string numbered(int from, int count) {
    std::string text;
    for (int i = from; i < from + count; ++i) {
        text += fmt::format("line {}\n", i);
    }
    return text;
}

// A follower with what it gave; the next run is another one with the same directory.
struct FollowerRun {
    explicit FollowerRun(
        const TempDir& dir, const std::string& pattern, const std::string& kept = {}
    )
        : host("tail") {
        settings.paths = {dir.file(pattern)};
        settings.pause = std::chrono::milliseconds(10);
        settings.keep_every = std::chrono::milliseconds(50);
        host.kept_before = kept;
    }

    void start() {
        follower =
            FileFollower::start(settings, host, [this](const Line& line) { return take(line); });
    }
    Status take(const Line& line) {
        if (refusals > 0) {
            --refusals;
            return exhausted("disk full");
        }
        if (!line.id.empty() && !ids.insert(std::string(line.id)).second) {
            ++repeated;
            return {};
        }
        lines.emplace_back(line.text);
        parts.push_back(line.part);
        return {};
    }
    bool until(std::size_t count) {
        return host.run_until([&] { return lines.size() >= count; });
    }
    // Long enough to see all there is.
    void settle() {
        int looks = 0;
        const LoopHandle tick =
            host.loop().every(std::chrono::milliseconds(10), [&looks] { ++looks; });
        REQUIRE(host.run_until([&] { return looks >= 20; }));
    }
    // The kept position of all that was read.
    bool until_kept() {
        const std::string before = host.kept_now;
        return host.run_until([&] { return host.kept_now != before; });
    }

    FakeHost host;
    FileFollowerSettings settings;
    std::vector<std::string> lines;
    std::vector<std::uint64_t> parts;
    std::set<std::string> ids;
    int repeated = 0;
    int refusals = 0;
    std::unique_ptr<FileFollower> follower;
};

using Lines = std::vector<std::string>;

}  // namespace cxedge::test
