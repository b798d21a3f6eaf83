// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/model.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

using ctl::ExitCode;

namespace {

// A program in place of cxedge-camera that keeps its arguments and ends with `status`.
std::string program_that_ends(const TempDir& dir, const std::string& status) {
    const std::string path = dir.file("camera");
    std::ofstream(path) << "#!/bin/sh\necho \"$@\" >'" << dir.file("arguments") << "'\n"
                        << status << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
}

}  // namespace

TEST_CASE("ctl: model check passes its arguments on and translates the answer", "[ctl]") {
    const TempDir dir;
    const auto run = [&](const std::string& status) {
        return ctl::run_model_check({"a b.onnx", "00ff", true, program_that_ends(dir, status)});
    };
    CHECK(run("exit 0") == ExitCode::ok);
    std::ifstream file(dir.file("arguments"));
    const std::string arguments{std::istreambuf_iterator<char>(file), {}};
    CHECK(arguments == "model check --json --sha256 00ff -- a b.onnx\n");
    CHECK(run("exit 64") == ExitCode::usage);
    CHECK(run("exit 65") == ExitCode::failed);
    CHECK(run("exit 69") == ExitCode::unavailable);
    CHECK(run("kill -9 $$") == ExitCode::failed);
}

TEST_CASE("ctl: model check without the camera plugin says so", "[ctl]") {
    CHECK(ctl::run_model_check({"a.onnx", "", false, "/nowhere/camera"}) == ExitCode::unavailable);
}

}  // namespace cxedge::test
