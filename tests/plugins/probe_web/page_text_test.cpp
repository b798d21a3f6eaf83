// SPDX-License-Identifier: Apache-2.0
// What a page names, and where that is.
#include <chrono>

#include <fmt/core.h>

#include "plugins/_probes/url_reference.hpp"
#include "plugins/probe_web/html_scan.hpp"
#include "plugins/probe_web/page_parts.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/slowness.hpp"

namespace cxedge::test {
namespace {

using plugins::HtmlScan;
using plugins::PageParts;
using probes::resolve_reference;

using Texts = std::vector<std::string>;

Texts scan(const std::string& page, std::size_t piece = std::string::npos) {
    HtmlScan scan;
    Texts found;
    for (std::size_t at = 0; at < page.size(); at += std::min(piece, page.size())) {
        scan.feed(std::string_view(page).substr(at, piece));
        for (const plugins::PageReference& each : scan.take()) {
            found.push_back(each.text);
        }
    }
    return found;
}

std::string resolved(const std::string& reference) {
    return resolve_reference("http://a/b/c/d;p?q", reference).value_or("nothing");
}

}  // namespace

// RFC 3986 section 5.4; fragments are left out here.
TEST_CASE("probe_web: references of RFC 3986", "[probe_web]") {
    const std::vector<std::pair<std::string, std::string>> examples{
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q"},
        {"g#s", "http://a/b/c/g"},
        {"g?y#s", "http://a/b/c/g?y"},
        {";x", "http://a/b/c/;x"},
        {"g;x", "http://a/b/c/g;x"},
        {"g;x?y#s", "http://a/b/c/g;x?y"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"../../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {".g", "http://a/b/c/.g"},
        {"g..", "http://a/b/c/g.."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/./x", "http://a/b/c/g?y/./x"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"g#s/../x", "http://a/b/c/g"}};
    for (const auto& [reference, expected] : examples) {
        CAPTURE(reference);
        CHECK(resolved(reference) == expected);
    }
}

TEST_CASE("probe_web: references as people write them", "[probe_web]") {
    CHECK(resolved(" g \n") == "http://a/b/c/g");
    CHECK(resolved("a b\n.png") == "http://a/b/c/a%20b.png");
    CHECK(resolved("\xc3\xa4.png") == "http://a/b/c/%C3%A4.png");
    CHECK(resolved("HTTPS://Shop.example/x") == "https://Shop.example/x");
    for (const char* const nowhere :
         {"g:h", "http:g", "data:image/png;base64,AA", "mailto:a@b", "https:///x"}) {
        CHECK(resolved(nowhere) == "nothing");
    }
    CHECK(resolve_reference("http://a", "g") == "http://a/g");
    CHECK_FALSE(resolve_reference("shop.example/", "g"));
    CHECK_FALSE(resolve_reference("http://a/", std::string(3'000, 'x')));
}

TEST_CASE("probe_web: what a browser would load", "[probe_web]") {
    const std::string page =
        "<!doctype html><html><head><title>a <img src=no-title></title>\n"
        "<LINK REL=\"StyleSheet\" HREF='a.css?x=1&amp;y=&#50;'><link rel=icon href=/icon.png>"
        "<link rel='alternate stylesheet' href=no-alternate><link rel=canonical href=no-canonical>"
        "<link href=no-rel><script>if (a < b) { x = '<img src=no-script>'; }</SCRIPT >"
        "<script src = \"b.js\" async></script><style>a > b { }</style></head>"
        "<!-- <img src=no-comment> --><!--><body><p title=it's>1 < 2 <img alt='a > b' src=c.png />"
        "<img src=d.png src=no-second><img data-src=no-data><img src=''>"
        "<a href=no-anchor>x</a><noscript><img src=no-noscript></noscript>"
        "<textarea></textareas><img src=no-text></textarea><img\nsrc\n=\n e.png\n><img "
        "src=\"f.png\">";
    const Texts expected{"a.css?x=1&y=2", "/icon.png", "b.js", "c.png", "d.png", "e.png", "f.png"};
    CHECK(scan(page) == expected);
    for (const std::size_t piece : {1U, 2U, 3U, 5U, 7U, 11U, 64U}) {
        CAPTURE(piece);
        CHECK(scan(page, piece) == expected);
    }
}

TEST_CASE("probe_web: pages without end hold no memory", "[probe_web]") {
    for (const char* const begin : {"<img src=\"", "<!--", "<script>", "<p ", "text "}) {
        HtmlScan scan;
        scan.feed(begin);
        for (int i = 0; i < 100; ++i) {
            scan.feed(std::string(1'000, 'x'));
            CHECK(scan.held() <= HtmlScan::kLongestTag + 16);
        }
    }
    const std::string data = "<img src='data:" + std::string(10'000, 'x') + "'><img src=a>";
    CHECK(scan(data) == Texts{"a"});
    CHECK(scan(data, 100) == Texts{"a"});
}

// Of each of these a scanner that looks again at what it has seen needs minutes.
TEST_CASE("probe_web: hostile pages take no longer than others", "[probe_web]") {
    constexpr std::size_t kPage = 1U << 20U;
    for (const char* const part : {"<a ", "<p x='", "<!", "<a b ", "</", "<img a=1 b=2 c=3 "}) {
        CAPTURE(part);
        std::string page;
        while (page.size() < kPage) {
            page += part;
        }
        const auto begun = std::chrono::steady_clock::now();
        CHECK(scan(page, 16'384).empty());
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
        CHECK(took.count() < 5 * slowness());
    }
}

TEST_CASE("probe_web: a tag has 64 attributes at most", "[probe_web]") {
    const auto tag_with = [](int before) {
        std::string tag = "<img";
        for (int i = 0; i < before; ++i) {
            tag += fmt::format(" a{}", i);
        }
        return tag + " src=x><img src=y>";
    };
    CHECK(scan(tag_with(63)) == Texts{"x", "y"});
    CHECK(scan(tag_with(64)) == Texts{"y"});
}

TEST_CASE("probe_web: parts are loaded once, up to a number", "[probe_web]") {
    PageParts parts(3);
    parts.set_document("http://shop.example/a/index.html#top");
    parts.add("https://cdn.example/x.js");
    parts.feed("<img src=one.png><base href='/b/'><base href='/no/'><img src=one.png><img src=");
    parts.feed("one.png><img src='http://shop.example/a/index.html'><img src=data:x><img src=two>");
    CHECK(parts.count() == 3);
    CHECK(parts.left_out() == 1);
    CHECK(parts.next() == "https://cdn.example/x.js");
    CHECK(parts.next() == "http://shop.example/a/one.png");
    CHECK(parts.next() == "http://shop.example/b/one.png");
    CHECK_FALSE(parts.waiting());
}

}  // namespace cxedge::test
