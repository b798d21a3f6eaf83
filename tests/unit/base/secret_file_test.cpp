// SPDX-License-Identifier: Apache-2.0
#include "agent/base/secret_file.hpp"

#include <fstream>

#include "agent/base/fnv.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

using namespace cxedge;

TEST_CASE("secrets: the first line, without what an editor leaves around it", "[base]") {
    const test::TempDir dir;
    const std::string path = dir.file("secret");
    CHECK(read_secret(path).error().code == ErrorCode::unavailable);
    for (const char* text : {"key", "key\n", " key \r\nanother\n", "\tkey"}) {
        std::ofstream(path) << text;
        const auto secret = read_secret(path);
        REQUIRE(secret);
        CHECK(*secret == "key");
    }
    for (const std::string& text :
         {std::string("\nkey\n"), std::string(), std::string(70'000, 'k')}) {
        std::ofstream(path) << text;
        const auto secret = read_secret(path);
        REQUIRE_FALSE(secret);
        CHECK(secret.error().code == ErrorCode::invalid_argument);
        CHECK_THAT(secret.error().message, Catch::StartsWith(path));
    }
}

TEST_CASE("fnv: as published", "[base]") {
    CHECK(fnv1a("") == 0xcbf29ce484222325);
    CHECK(fnv1a("a") == 0xaf63dc4c8601ec8c);
    CHECK(fnv1a("foobar") == 0x85944171f73967e8);
}
