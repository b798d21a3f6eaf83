// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/text.hpp"

#include "tests/support/catch.hpp"

using cxedge::wire::clean_utf8;

TEST_CASE("text: well-formed UTF-8 is left alone", "[wire]") {
    for (const char* text :
         {"",
          "plain",
          "caf\xC3\xA9",
          "\xE2\x82\xAC 5",
          "\xF0\x9F\x98\x80",
          "\xED\x9F\xBF\xEE\x80\x80"}) {
        CHECK(clean_utf8(text) == text);
    }
}

TEST_CASE("text: every byte that is not UTF-8 becomes a replacement character", "[wire]") {
    const std::string u = "\xEF\xBF\xBD";
    CHECK(clean_utf8("\x80") == u);
    CHECK(clean_utf8("a\xC3") == "a" + u);
    CHECK(clean_utf8("\xC0\x80") == u + u);
    CHECK(clean_utf8("\xE0\x80\x80") == u + u + u);
    CHECK(clean_utf8("\xED\xA0\x80") == u + u + u);
    CHECK(clean_utf8("\xF4\x90\x80\x80") == u + u + u + u);
    CHECK(clean_utf8("\xE2\x82z") == u + u + "z");
}

TEST_CASE("text: a cut never splits a character", "[wire]") {
    CHECK(clean_utf8("\xE2\x82\xAC\xE2\x82\xAC", 5) == "\xE2\x82\xAC");
    CHECK(clean_utf8("abc", 3) == "abc");
    CHECK(clean_utf8("abcd", 3) == "abc");
    CHECK(clean_utf8("\xFF", 2).empty());
}
