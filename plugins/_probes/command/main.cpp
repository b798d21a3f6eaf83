// SPDX-License-Identifier: Apache-2.0
// cxedge-probe: what `cxctl probe` and the commands of operations run.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>

#include <fmt/core.h>

#include "plugins/_probes/command/probe_table.hpp"
#include "plugins/_probes/command/run_once.hpp"
#include "plugins/_probes/stop_order.hpp"

namespace cxedge::probes {
namespace {

// As of cxctl (agent/ctl/README.md).
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kUnavailable = 3;

constexpr std::int64_t kLongestStop = 366LL * 86'400;  // a year; else without an end

constexpr const char* kUsageText =
    "cxedge-probe run [--json] TYPE TARGET [--KEY VALUE ...]\n"
    "    Runs a probe once and prints what it found; status 0 when the result is ok. KEY is any\n"
    "    setting of its plugin: --count 20, --timeout-s 2.\n"
    "cxedge-probe list [TYPE]        The types, or the options of one.\n"
    "cxedge-probe stop [--for SECONDS]  No test of this box runs until then, or until `start`.\n"
    "cxedge-probe start              Tests run again.\n"
    "stop and start take --shared-dir DIRECTORY.\n";

using Words = std::vector<std::string>;

int fail(const Error& error) {
    std::fputs(("cxedge-probe: " + error.message + "\n").c_str(), stderr);
    if (error.code == ErrorCode::unavailable) {
        return kUnavailable;
    }
    return error.code == ErrorCode::invalid_argument ? kUsage : kFailed;
}

int usage() {
    std::fputs(kUsageText, stderr);
    return kUsage;
}

bool take_flag(Words& words, const std::string& flag) {
    const auto found = std::find(words.begin(), words.end(), flag);
    const bool there = found != words.end();
    if (there) {
        words.erase(found);
    }
    return there;
}

// The word behind `option`, both removed; empty: it is not there.
std::string take_option(Words& words, const std::string& option) {
    const auto found = std::find(words.begin(), words.end(), option);
    if (found == words.end() || found + 1 == words.end()) {
        return {};
    }
    std::string value = *(found + 1);
    words.erase(found, found + 2);
    return value;
}

int run(Words words) {
    const bool json = take_flag(words, "--json");
    if (words.size() < 2) {
        return usage();
    }
    const auto told = run_once(words[0], words[1], {words.begin() + 2, words.end()});
    if (!told) {
        return fail(told.error());
    }
    std::fputs((json ? finding_json(*told) : finding_text(*told)).c_str(), stdout);
    return told->finding.result == ProbeResult::ok ? 0 : kFailed;
}

int list_options(const std::string& name) {
    for (const ProbeType& type : probe_table()) {
        if (type.name != name) {
            continue;
        }
        for (const SettingHelp& help : type.help()) {
            fmt::print("--{:<28} {} [{}]\n", help.key, help.help, help.fallback);
        }
        return 0;
    }
    return fail(invalid_argument("probe " + name + " is unknown"));
}

int list(const Words& words) {
    if (!words.empty()) {
        return list_options(words.front());
    }
    for (const ProbeType& type : probe_table()) {
        fmt::print("{:<12} {}\n", type.name, type.summary);
    }
    return 0;
}

std::string directory_of(Words& words) {
    ProbeSettings settings;
    settings.shared_dir = take_option(words, "--shared-dir");
    return shared_dir_of(settings);
}

int stop(Words words) {
    const std::string directory = directory_of(words);
    const std::string duration = take_option(words, "--for");
    std::int64_t seconds = 0;
    const char* const end = duration.data() + duration.size();
    const auto parsed = std::from_chars(duration.data(), end, seconds);
    const bool number =
        parsed.ec == std::errc() && parsed.ptr == end && seconds > 0 && seconds <= kLongestStop;
    if (!words.empty() || (!duration.empty() && !number)) {
        return usage();
    }
    std::optional<WallTime> until;
    if (number) {
        until = SystemClock().wall_now() + std::chrono::seconds(seconds);
    }
    const Status ordered = order_stop(directory, until);
    if (!ordered) {
        return fail(ordered.error());
    }
    fmt::print("no test runs {}\n", until ? "until " + iso8601(*until) : "until `start`");
    return 0;
}

int start(Words words) {
    const std::string directory = directory_of(words);
    if (!words.empty()) {
        return usage();
    }
    const Status withdrawn = withdraw_stop(directory);
    if (!withdrawn) {
        return fail(withdrawn.error());
    }
    fmt::print("tests run again\n");
    return 0;
}

int main_with(Words words) {
    const std::string verb = words.empty() ? std::string() : words.front();
    if (!words.empty()) {
        words.erase(words.begin());
    }
    if (verb == "run") {
        return run(std::move(words));
    }
    if (verb == "list") {
        return list(words);
    }
    if (verb == "stop") {
        return stop(std::move(words));
    }
    return verb == "start" ? start(std::move(words)) : usage();
}

}  // namespace
}  // namespace cxedge::probes

int main(int argc, char** argv) {
    try {
        return cxedge::probes::main_with({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::fputs(error.what(), stderr);
        return 1;
    }
}
