// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/model.hpp"

#include <cerrno>
#include <filesystem>
#include <iostream>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cxedge::ctl {
namespace {

// What cxedge-camera says by its exit status (sysexits.h).
constexpr int kUsage = 64;
constexpr int kUnavailable = 69;
// What posix_spawn(3)'s child says that could not be replaced by the program, where its parent
// cannot be told.
constexpr int kNotStarted = 127;

std::string camera_program(const ModelOptions& options) {
    if (!options.program.empty()) {
        return options.program;
    }
    std::error_code error;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
    return (self.parent_path() / "cxedge-camera").string();
}

std::vector<std::string> arguments_of(const ModelOptions& options, const std::string& program) {
    std::vector<std::string> arguments{program, "model", "check"};
    if (options.json) {
        arguments.emplace_back("--json");
    }
    if (!options.sha256.empty()) {
        arguments.emplace_back("--sha256");
        arguments.push_back(options.sha256);
    }
    arguments.emplace_back("--");
    arguments.push_back(options.file);
    return arguments;
}

ExitCode not_started(const std::string& why) {
    std::cerr << "cxctl: " << why << "; it comes with the camera plugin\n";
    return ExitCode::unavailable;
}

// Waits for the end of `child`, which runs `program`.
ExitCode answer_of(pid_t child, const std::string& program) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status)) {
        std::cerr << "cxctl: cxedge-camera crashed on this file\n";
        return ExitCode::failed;
    }
    switch (WEXITSTATUS(status)) {
        case 0:
            return ExitCode::ok;
        case kUsage:
            return ExitCode::usage;
        case kUnavailable:
            return ExitCode::unavailable;
        case kNotStarted:
            return not_started(program + " could not be started");
        default:
            return ExitCode::failed;
    }
}

}  // namespace

ExitCode run_model_check(const ModelOptions& options) {
    const std::string program = camera_program(options);
    std::vector<std::string> arguments = arguments_of(options, program);
    std::vector<char*> pointers;
    pointers.reserve(arguments.size() + 1);
    for (std::string& argument : arguments) {
        pointers.push_back(argument.data());
    }
    pointers.push_back(nullptr);
    pid_t child = 0;
    const int failed =
        ::posix_spawn(&child, program.c_str(), nullptr, nullptr, pointers.data(), environ);
    if (failed != 0) {
        return not_started(system_error(program, failed).message);
    }
    return answer_of(child, program);
}

}  // namespace cxedge::ctl
