// SPDX-License-Identifier: Apache-2.0
#include "plugins/http_poll/part_splitter.hpp"

#include <random>

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using plugins::PartHeaders;
using plugins::PartSplitter;

using Bodies = std::vector<std::string>;

// In pieces of `size` bytes.
Bodies split(PartSplitter& splitter, std::string_view text, std::size_t size) {
    Bodies bodies;
    for (std::size_t at = 0; at < text.size(); at += size) {
        splitter.feed(text.substr(at, size), [&](const PartHeaders&, std::string_view body) {
            bodies.emplace_back(body);
        });
    }
    return bodies;
}

// However it is cut into pieces, the same must come out.
Bodies split(std::string_view text, const std::string& boundary = "b", std::size_t most = 1000) {
    PartSplitter whole(boundary, most);
    const Bodies all = split(whole, text, text.size());
    for (const std::size_t size : {1U, 2U, 3U, 7U, 16U}) {
        PartSplitter pieces(boundary, most);
        CHECK(split(pieces, text, size) == all);
    }
    return all;
}

}  // namespace

TEST_CASE("parts: with and without length, with and without \\r", "[http_poll]") {
    CHECK(
        split("--b\r\nContent-Length: 2\r\n\r\nhi\r\n--b\r\n\r\nyou\r\n--b--\r\n") ==
        Bodies{"hi", "you"}
    );
    CHECK(
        split("--b\nContent-Type: text/plain\n\nhi\n--b\n\nyou\nall\n--b--\n") ==
        Bodies{"hi", "you\nall"}
    );
    CHECK(split("preamble\r\n--b\r\n\r\n\r\n--b\r\n\r\nx\r\n--b") == Bodies{""});
}

TEST_CASE("parts: one with a length comes at once, one without with the next", "[http_poll]") {
    PartSplitter splitter("b", 100);
    CHECK(split(splitter, "--b\r\nContent-Length: 2\r\n\r\nhi", 100) == Bodies{"hi"});
    CHECK(split(splitter, "\r\n--b\r\n\r\nyou", 100).empty());
    CHECK(split(splitter, "\r\n--b\r\n", 100) == Bodies{"you"});
}

TEST_CASE("parts: a wrong length is worth less than the boundary", "[http_poll]") {
    const std::string next = "\r\n--b\r\nContent-Length: 2\r\n\r\nhi";
    for (const char* length : {"900", "99999999999999999999", "-1", "x", ""}) {
        INFO(length);
        CHECK(
            split("--b\r\nContent-Length: " + std::string(length) + "\r\n\r\nsome" + next) ==
            Bodies{"some", "hi"}
        );
    }
    PartSplitter short_length("b", 100);
    CHECK(
        split(short_length, "--b\r\nContent-Length: 1\r\n\r\nsome" + next, 1000) ==
        Bodies{"some", "hi"}
    );
}

TEST_CASE("parts: boundaries as devices name them", "[http_poll]") {
    const auto name = [](const char* type) {
        return PartSplitter::boundary_of(type).value_or("none");
    };
    CHECK(name("multipart/mixed; boundary=boundary") == "boundary");
    CHECK(name("Multipart/X-Mixed-Replace;Boundary=\"a b\"; x=y") == "a b");
    CHECK(name("multipart/mixed; boundary=--myboundary") == "--myboundary");
    CHECK(name("multipart/mixed") == "none");
    CHECK(name("multipart/mixed; boundary=") == "none");
    CHECK(name("multipart/mixed; boundary=----") == "none");
    CHECK(name("text/html; boundary=x") == "none");
    // With its dashes in the name or besides them.
    CHECK(split("--my\r\n\r\nx\r\n--my--\r\n", "--my") == Bodies{"x"});
    CHECK(split("----my\r\n\r\nx\r\n----my--\r\n", "--my") == Bodies{"x"});
    // Not one that only begins like it, and not within a line.
    CHECK(split("--b\r\n\r\nx\r\n--bc\r\n\r\n--b\r\n") == Bodies{"x\r\n--bc\r\n"});
    CHECK(split("--b\r\n\r\nx --b\r\n y\r\n--b\r\n") == Bodies{"x --b\r\n y"});
}

TEST_CASE("parts: pictures and giants are passed over, not held", "[http_poll]") {
    PartSplitter splitter("b", 100);
    const std::string text = "--b\r\nContent-Type: image/jpeg\r\nContent-Length: 100000\r\n\r\n" +
                             std::string(100'000, 'j') + "\r\n--b\r\n\r\n" +
                             std::string(5'000, 'x') + "\r\n--b\r\n\r\nhi\r\n--b\r\n";
    std::size_t most = 0;
    Bodies bodies;
    for (const char c : text) {
        splitter.feed({&c, 1}, [&](const PartHeaders&, std::string_view body) {
            bodies.emplace_back(body);
        });
        most = std::max(most, splitter.held());
    }
    CHECK(bodies == Bodies{"hi"});
    CHECK(most < 300);
    const PartSplitter::Skipped skipped = splitter.take_skipped();
    CHECK(skipped.pictures == 1);
    CHECK(skipped.too_large == 1);
    CHECK(splitter.take_skipped().pictures == 0);
}

TEST_CASE("parts: a head without end does not end the stream", "[http_poll]") {
    PartSplitter splitter("b", 100);
    const std::string text = "--b\r\n" + std::string(20'000, 'h') + "\r\n--b\r\n\r\nhi\r\n--b\r\n";
    CHECK(split(splitter, text, 100) == Bodies{"hi"});
    CHECK(splitter.take_skipped().malformed == 1);
    PartSplitter no_line("b", 100);
    CHECK(
        split(no_line, "--b" + std::string(20'000, 'h') + "\r\n--b\r\n\r\nhi\r\n--b\r\n", 100) ==
        Bodies{"hi"}
    );
}

TEST_CASE("parts: noise is taken apart without harm", "[http_poll]") {
    std::mt19937 random(20261122);
    constexpr std::string_view kAlphabet = "--b\r\n:cx ";
    for (int i = 0; i < 2'000; ++i) {
        std::string text(random() % 200, ' ');
        for (char& c : text) {
            c = kAlphabet[random() % kAlphabet.size()];
        }
        PartSplitter splitter("b", 20);
        for (const std::string& body : split(splitter, text, 1 + random() % 20)) {
            CHECK(body.size() <= 20);
        }
    }
}

}  // namespace cxedge::test
