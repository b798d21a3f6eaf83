// SPDX-License-Identifier: Apache-2.0
#include "agent/base/durable_file.hpp"

#include <fstream>

#include <sys/stat.h>

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge {

TEST_CASE("durable_file: replaced whole, with its mode, also after a kill in between", "[base]") {
    const test::TempDir dir;
    const std::string path = dir.file("secret");
    CHECK(load_file(path, 100).error().code == ErrorCode::not_found);
    // What a killed process left beside it is in nobody's way.
    std::ofstream(path + ".new") << "half";
    REQUIRE(replace_file(path, "one", 0600).ok());
    REQUIRE(replace_file(path, "two", 0600).ok());
    CHECK(load_file(path, 100).value() == "two");
    CHECK(load_file(path, 2).error().code == ErrorCode::exhausted);
    struct stat found {};
    REQUIRE(::stat(path.c_str(), &found) == 0);
    CHECK((found.st_mode & 0777U) == 0600U);
    CHECK(load_file(path + ".new", 100).error().code == ErrorCode::not_found);
}

TEST_CASE("durable_file: says where it cannot write", "[base]") {
    const test::TempDir dir;
    const auto nowhere = replace_file(dir.file("missing/file"), "x", 0600);
    REQUIRE_FALSE(nowhere.ok());
    CHECK(nowhere.error().message.find("missing/file") != std::string::npos);
    CHECK(remove_file(dir.file("never")).ok());
    REQUIRE(make_private_directory(dir.file("own")).ok());
    CHECK(make_private_directory(dir.file("own")).ok());
    REQUIRE(replace_file(dir.file("own/a"), "x", 0600).ok());
    REQUIRE(move_file(dir.file("own/a"), dir.file("own/b")).ok());
    CHECK(load_file(dir.file("own/b"), 10).value() == "x");
    CHECK(load_file(dir.file("own"), 10).error().code == ErrorCode::unavailable);
}

}  // namespace cxedge
