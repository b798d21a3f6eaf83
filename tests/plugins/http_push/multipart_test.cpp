// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/multipart.hpp"

#include <random>

#include "plugins/_devices/http_listen_address.hpp"
#include "plugins/_devices/http_path.hpp"
#include "plugins/_devices/http_rate_limit.hpp"
#include "plugins/http_push/push_settings.hpp"

#include "tests/plugins/case_folder.hpp"
#include "tests/plugins/case_run.hpp"
#include "tests/plugins/http_push/push_fixture.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using devices::MultipartPart;
using devices::MultipartSplitter;
using Statuses = std::vector<int>;
using Texts = std::vector<std::string>;

// "type|name|body" of every part.
struct SplitParts {
    Texts parts;
    MultipartSplitter::Skipped skipped;
    bool operator==(const SplitParts&) const = default;
};

struct Split {
    SplitParts out;
    MultipartSplitter splitter;

    explicit Split(const std::string& boundary, MultipartSplitter::Limits limits = {})
        : splitter(boundary, limits, [this](const MultipartPart& part) {
              out.parts.push_back(part.content_type + "|" + part.name + "|" + part.body);
          }) {}
    SplitParts result() {
        out.skipped = splitter.take_skipped();
        return out;
    }
};

SplitParts split(
    const std::string& text, const std::string& boundary, MultipartSplitter::Limits limits = {}
) {
    Split run(boundary, limits);
    run.splitter.feed(text);
    run.splitter.finish();
    return run.result();
}

// What comes of a stream in pieces of `size` bytes, and of no end.
SplitParts streamed(
    std::string_view text,
    std::size_t size,
    const std::string& boundary = "b",
    MultipartSplitter::Limits limits = {1'000, true}
) {
    Split run(boundary, limits);
    for (std::size_t at = 0; at < text.size(); at += size) {
        run.splitter.feed(text.substr(at, size));
    }
    return run.result();
}

// However it is cut into pieces, the same must come out.
Texts streamed(std::string_view text, const std::string& boundary = "b") {
    const SplitParts whole = streamed(text, text.size(), boundary);
    for (const std::size_t size : {1U, 2U, 3U, 7U, 16U}) {
        INFO(size);
        CHECK(streamed(text, size, boundary) == whole);
    }
    return whole.parts;
}

const std::string kJpeg = std::string("\xFF\xD8\xFF\xE0\0\x10JFIF\r\n--x", 14) + "\r\n\n--boundar";

const std::string kPush =
    "preamble, to be ignored\r\n"
    "--boundary\r\n"
    "Content-Disposition: form-data; name=\"event.xml\"; filename=\"event.xml\"\r\n"
    "Content-Type: Application/XML; charset=\"UTF-8\"\r\n"
    "Content-Length: 9\r\n\r\n"
    "<a>\r\n</a>\r\n"
    "--boundary\r\n"
    "Content-Disposition: form-data; name=Picture; filename=p.jpg\r\n"
    "Content-Type: image/jpeg\r\n\r\n" +
    kJpeg +
    "\r\n--boundary  \r\n\r\n{\"a\": 1}\r\n"
    "--boundary--\r\nepilogue";

const SplitParts kPushParts{{"application/xml|event.xml|<a>\r\n</a>", "||{\"a\": 1}"}, {1, 0, 0}};

}  // namespace

TEST_CASE("multipart: parts are found, pictures are not read", "[plugins][http_push]") {
    CHECK(split(kPush, "boundary") == kPushParts);
}

TEST_CASE("multipart: it does not matter how the bytes come", "[plugins][http_push]") {
    for (std::size_t cut = 0; cut <= kPush.size(); ++cut) {
        Split run("boundary");
        run.splitter.feed(kPush.substr(0, cut));
        run.splitter.feed(kPush.substr(cut));
        run.splitter.finish();
        INFO(cut);
        REQUIRE(run.result() == kPushParts);
    }
    Split single("boundary");
    for (const char byte : kPush) {
        single.splitter.feed(std::string(1, byte));
    }
    single.splitter.finish();
    CHECK(single.result() == kPushParts);
}

TEST_CASE("multipart: devices write it in many ways", "[plugins][http_push]") {
    // Line feeds only.
    CHECK(split("--b\nA: 1\n\none\n--b\n\ntwo\n--b--", "b").parts == Texts{"||one", "||two"});
    // Dashes announced with the boundary, and two more put before it, or not.
    CHECK(split("--b\r\n\r\none\r\n--b--", "--b").parts == Texts{"||one"});
    CHECK(split("----b\r\n\r\none\r\n----b--", "--b").parts == Texts{"||one"});
    CHECK(split("--b\r\n\r\none\r\n--b--", "----b").parts == Texts{"||one"});
    CHECK(split("-----b\r\n\r\none\r\n---b--", "b").parts == Texts{"||one"});
    const std::string name = std::string(199, '-') + "b";
    CHECK(split("--" + name + "\r\n\r\none\r\n" + name + "--", name).parts == Texts{"||one"});
    CHECK(split("--b\r\n\r\none\r\n-b\r\n--b--", "b").parts == Texts{"||one\r\n-b"});
    // Blanks in the line that ends the head.
    CHECK(split("--b\r\nA: 1\r\n \r\none\r\n--b--", "b").parts == Texts{"||one"});
    // No end, empty bodies, no head, a boundary that begins like another word.
    CHECK(split("--b\r\n\r\none\r\n", "b").parts == Texts{"||one"});
    CHECK(split("--b\r\n\r\n\r\n--b\r\n\r\n--b--", "b").parts == Texts{"||", "||"});
    CHECK(split("--b\r\n\r\n--bar\r\n--b--", "b").parts == Texts{"||--bar"});
    // A wrong length does not cut a complete body.
    CHECK(split("--b\r\nContent-Length: 1\r\n\r\none\r\n--b--", "b").parts == Texts{"||one"});
    CHECK(split("", "b").parts.empty());
    CHECK(split("no parts at all", "b").parts.empty());
}

TEST_CASE("multipart: pictures are known by type, name or themselves", "[plugins][http_push]") {
    const auto pictures = [](const std::string& head, const std::string& body) {
        const SplitParts found = split("--b\r\n" + head + "\r\n" + body + "\r\n--b--", "b");
        return found.parts.empty() ? found.skipped.pictures : 0;
    };
    CHECK(pictures("Content-Type: IMAGE/png\r\n", "x") == 1);
    CHECK(pictures("Content-Type: video/mp4\r\n", "x") == 1);
    CHECK(pictures("Content-Disposition: form-data; filename=\"Face.JPG\"\r\n", "x") == 1);
    CHECK(pictures("Content-Type: application/octet-stream\r\n", kJpeg) == 1);
    CHECK(pictures("", "\x89PNG\r\n") == 1);
    CHECK(pictures("Content-Type: text/xml\r\n", "<a/>") == 0);
}

TEST_CASE(
    "multipart: what is too long is dropped, and the next part counts", "[plugins][http_push]"
) {
    const MultipartSplitter::Limits limits{100, false};
    const std::string longer(500, 'x');
    CHECK(
        split("--b\r\n\r\n" + longer + "\r\n--b\r\n\r\nok\r\n--b--", "b", limits) ==
        SplitParts{{"||ok"}, {0, 1, 0}}
    );
    // It only says that it is long.
    CHECK(
        split("--b\r\nContent-Length: 5000\r\n\r\nx\r\n--b\r\n\r\nok\r\n--b--", "b", limits) ==
        SplitParts{{"||x", "||ok"}, {}}
    );
    const std::string head = "X: " + std::string(20'000, 'y');
    CHECK(
        split("--b\r\n" + head + "\r\n\r\nz\r\n--b\r\n\r\nok\r\n--b--", "b", limits) ==
        SplitParts{{"||ok"}, {0, 0, 1}}
    );
    // Memory stays bounded through an endless part.
    Split endless("b", limits);
    for (int i = 0; i < 10'000; ++i) {
        endless.splitter.feed(i == 0 ? "--b\r\n\r\n" : longer);
    }
    endless.splitter.feed("\r\n--b\r\n\r\nok\r\n--b\r\n");
    CHECK(endless.result() == SplitParts{{"||ok"}, {0, 1, 0}});
}

TEST_CASE(
    "multipart: in a stream a part is there when its length has come", "[plugins][http_push]"
) {
    Split run("boundary", {1'000, true});
    const auto part = [](const std::string& body, const std::string& end = "\r\n") {
        return "--boundary\r\nContent-Type: application/xml\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body + end;
    };
    run.splitter.feed(part("<one/>", ""));
    CHECK(run.out.parts == Texts{"application/xml||<one/>"});
    run.splitter.feed("\r\n" + part("<two/>"));
    CHECK(run.out.parts.size() == 2);
    // The length counts the line end, too.
    run.splitter.feed(part("<three/>\r\n", "") + part("<four/>"));
    CHECK(run.out.parts.size() == 4);
    // A length that is too large ends with the delimiter.
    run.splitter.feed("--boundary\r\nContent-Length: 900\r\n\r\n<five/>\r\n" + part("<six/>"));
    CHECK(run.out.parts.size() == 6);
    // So does that of a picture.
    run.splitter.feed(
        "--boundary\r\nContent-Type: image/jpeg\r\nContent-Length: 99999999\r\n\r\n" + kJpeg +
        "\r\n" + part("<seven/>")
    );
    CHECK(run.out.parts.size() == 7);
    CHECK(run.splitter.take_skipped() == MultipartSplitter::Skipped{1, 0, 0});
    CHECK(run.splitter.take_skipped() == MultipartSplitter::Skipped{});
    // Without a length it waits for the next delimiter.
    run.splitter.feed("--boundary\r\n\r\n<eight/>\r\n");
    CHECK(run.out.parts.size() == 7);
    run.splitter.feed("--boundary\r\n");
    CHECK(run.out.parts.back() == "||<eight/>");
}

TEST_CASE("multipart: a stream is the same in any pieces", "[plugins][http_push]") {
    CHECK(
        streamed("--b\r\nContent-Length: 2\r\n\r\nhi\r\n--b\r\n\r\nyou\r\n--b--\r\n") ==
        Texts{"||hi", "||you"}
    );
    CHECK(
        streamed("--b\nContent-Type: text/plain\n\nhi\n--b\n\nyou\nall\n--b--\n") ==
        Texts{"text/plain||hi", "||you\nall"}
    );
    CHECK(streamed("preamble\r\n--b\r\n\r\n\r\n--b\r\n\r\nx\r\n--b") == Texts{"||"});
    CHECK(streamed("----my\r\n\r\nx\r\n--my--\r\n", "--my") == Texts{"||x"});
    // Not one that only begins like it, and not within a line.
    CHECK(streamed("--b\r\n\r\nx\r\n--bc\r\n\r\n--b\r\n") == Texts{"||x\r\n--bc\r\n"});
    CHECK(streamed("--b\r\n\r\nx --b\r\n y\r\n--b\r\n") == Texts{"||x --b\r\n y"});
    // Some go on behind the last one.
    CHECK(streamed("--b--\r\n--b\r\n\r\nx\r\n--b--\r\n") == Texts{"||x"});
}

TEST_CASE("multipart: a wrong length is worth less than the boundary", "[plugins][http_push]") {
    const std::string next = "\r\n--b\r\nContent-Length: 2\r\n\r\nhi";
    for (const char* length : {"900", "5000", "99999999999999999999", "-1", "x", "2x", ""}) {
        INFO(length);
        CHECK(
            streamed("--b\r\nContent-Length: " + std::string(length) + "\r\n\r\nsome" + next) ==
            Texts{"||some", "||hi"}
        );
    }
    const std::string too_short = "--b\r\nContent-Length: 1\r\n\r\nsome" + next;
    CHECK(streamed(too_short, too_short.size()).parts == Texts{"||some", "||hi"});
    // What is behind the length when it comes cannot be known; the next part is whole.
    CHECK(streamed(too_short, 1).parts == Texts{"||s", "||hi"});
}

TEST_CASE("multipart: pictures and giants of a stream are not held", "[plugins][http_push]") {
    Split run("b", {100, true});
    const std::string text = "--b\r\nContent-Type: image/jpeg\r\nContent-Length: 100000\r\n\r\n" +
                             std::string(100'000, 'j') + "\r\n--b\r\n\r\n\x89PNG" +
                             std::string(5'000, '\n') + "\r\n--b\r\n\r\n" +
                             std::string(5'000, 'x') + "\r\n--b\r\n\r\nhi\r\n--b\r\n";
    std::size_t most = 0;
    for (const char byte : text) {
        run.splitter.feed({&byte, 1});
        most = std::max(most, run.splitter.held());
    }
    CHECK(most < 400);
    CHECK(run.result() == SplitParts{{"||hi"}, {2, 1, 0}});
    CHECK(streamed(text, text.size(), "b", {100, true}) == SplitParts{{"||hi"}, {2, 1, 0}});
}

TEST_CASE("multipart: a head without end does not end the stream", "[plugins][http_push]") {
    const std::string next = std::string(20'000, 'h') + "\r\n--b\r\n\r\nhi\r\n--b\r\n";
    for (const std::size_t size : {100U, 100'000U}) {
        CHECK(streamed("--b\r\n" + next, size) == SplitParts{{"||hi"}, {0, 0, 1}});
        CHECK(streamed("--b" + next, size) == SplitParts{{"||hi"}, {}});
    }
}

// Each was taken off the front of all that came: minutes.
TEST_CASE("multipart: a MiB of tiny parts does not stop the listener", "[plugins][http_push]") {
    constexpr std::size_t kParts = 150'000;
    std::string text;
    for (std::size_t i = 0; i < kParts; ++i) {
        text += "\n--b\n\nx";
    }
    std::size_t parts = 0;
    MultipartSplitter splitter("b", {text.size(), false}, [&](const MultipartPart&) { ++parts; });
    splitter.feed(text);
    splitter.finish();
    CHECK(parts == kParts);
}

TEST_CASE("multipart: noise is taken apart without harm", "[plugins][http_push]") {
    std::mt19937 random(20261122);
    constexpr std::string_view kAlphabet = "--b\r\n:cx ";
    const MultipartSplitter::Limits limits{20, true};
    for (int i = 0; i < 2'000; ++i) {
        std::string text(random() % 200, ' ');
        for (char& c : text) {
            c = kAlphabet[random() % kAlphabet.size()];
        }
        INFO(text);
        const SplitParts found = streamed(text, 1 + random() % 20, "b", limits);
        CHECK(found == streamed(text, 200, "b", limits));
        for (const std::string& part : found.parts) {
            CHECK(part.size() <= 22);
        }
    }
}

TEST_CASE("multipart: the boundary is found in the header", "[plugins][http_push]") {
    const auto boundary = [](const std::string& header) {
        return devices::multipart_boundary(header).value_or("(none)");
    };
    CHECK(boundary("multipart/form-data; boundary=abc") == "abc");
    CHECK(boundary("Multipart/Mixed;charset=utf-8 ; Boundary = \"a b;c\" ; x=y") == "a b;c");
    CHECK(boundary("multipart/x-mixed-replace; boundary=--x") == "--x");
    CHECK(boundary("multipart/mixed; boundary=\"abc") == "abc");
    CHECK(boundary("multipart/mixed boundary=abc") == "abc");
    CHECK(boundary("multipart/mixed; x; y=\"boundary=z\"; boundary=abc") == "abc");
    CHECK(boundary("multipart/mixed; boundary=----") == "(none)");
    CHECK(boundary("multipart/mixed") == "(none)");
    CHECK(boundary("multipart/mixed; boundary=") == "(none)");
    CHECK(boundary("multipart/mixed; boundary") == "(none)");
    CHECK(boundary("multipart/mixed; boundary=" + std::string(300, 'x')) == "(none)");
    CHECK(boundary("application/json; boundary=abc") == "(none)");
    CHECK(boundary("") == "(none)");
}

TEST_CASE("http_push: of a multipart push only the message counts", "[plugins][http_push]") {
    PushFixture push;
    push.begin();
    HttpClient client = push.connect();
    const std::string type = "Content-Type: multipart/form-data; boundary=b\r\n";
    const std::string picture =
        "--b\r\nContent-Disposition: form-data; name=\"p\"; filename=\"p.jpg\"\r\n"
        "Content-Type: image/jpeg\r\n\r\n" +
        kJpeg + "\r\n";
    const std::string message =
        "--b\r\nContent-Type: application/json\r\n\r\n" + push_record(3) + "\r\n";
    const std::string broken = "--b\r\nContent-Type: application/json\r\n\r\n{\r\n";
    REQUIRE(client.send(
        post("/", picture + message + picture + "--b--\r\n", type) +
        post("/", message + broken + "--b--\r\n", type) + post("/", broken + "--b--", type) +
        post("/", picture + "--b--", type) + post("/", "nothing", type) +
        post("/", message, "Content-Type: multipart/form-data\r\n") + post("/", push_record(1))
    ));
    CHECK(client.answers(push.host, 7) == Statuses{200, 200, 400, 200, 400, 400, 200});
    CHECK(push.counted() == std::vector<double>{3, 3, 1});
    CHECK(
        push.host.values_of("privacy.dropped_fields{field=picture,source=test}") ==
        std::vector<double>{2, 1}
    );
}

TEST_CASE("http_push: curl sends a form with a picture", "[plugins][http_push]") {
    PushFixture push;
    push.begin();
    const CurlAnswer answer = curl(
        push.host,
        {"--form-string",
         "event=" + push_record(5),
         "--form",
         "picture=@" + (plugins_dir() / "http_push/sample.toml").string() + ";filename=face.jpg",
         push.url("/")}
    );
    CHECK(answer.http_status == 200);
    CHECK(push.counted() == std::vector<double>{5});
    CHECK(push.host.values_of("privacy.dropped_fields{field=picture,source=test}").size() == 1);
}

TEST_CASE("devices: addresses to listen on and their nearness", "[plugins][http_push]") {
    using devices::Nearness;
    for (const char* good : {"127.0.0.1:8480", "0.0.0.0:0", "[::1]:1", "[::]:65535"}) {
        CHECK(devices::check_listen_address(good).empty());
    }
    for (const char* bad :
         {"",
          "8480",
          "localhost:1",
          "127.0.0.1",
          "127.0.0.1:",
          "1.2.3.4:65536",
          "::1:80",
          "[127.0.0.1]:80",
          "[]:1",
          "127.0.0.1:80x"}) {
        INFO(bad);
        CHECK_FALSE(devices::check_listen_address(bad).empty());
    }
    CHECK(devices::nearness("127.8.0.1") == Nearness::box);
    CHECK(devices::nearness("::1") == Nearness::box);
    for (const char* near :
         {"10.1.2.3",
          "172.31.0.1",
          "192.168.1.1",
          "169.254.0.1",
          "fe80::1",
          "fd00::1",
          "::ffff:192.168.1.1"}) {
        INFO(near);
        CHECK(devices::nearness(near) == Nearness::network);
    }
    CHECK(devices::nearness("172.32.0.1") == Nearness::elsewhere);
    CHECK(devices::nearness("2001:db8::1") == Nearness::elsewhere);
    CHECK(devices::nearness("") == Nearness::unknown);
    CHECK(devices::nearness_of_listener("[::1]:80") == Nearness::box);
    CHECK(devices::nearness_of_listener("0.0.0.0:80") == Nearness::elsewhere);
}

TEST_CASE("devices: a path is decoded or refused", "[plugins][http_push]") {
    CHECK(devices::decoded_path("/a%20b%2fc") == "/a b/c");
    CHECK(devices::decoded_path("/gr%C3%BCn+x") == "/gr\xC3\xBCn+x");
    for (const char* bad :
         {"", "a", "/%", "/%4", "/%4g", "/%0", "/%00", "/%0a", "/a\x7f", "/%+1"}) {
        INFO(bad);
        CHECK_FALSE(devices::decoded_path(bad));
    }
}

TEST_CASE("devices: made-up addresses do not fill the memory", "[plugins][http_push]") {
    devices::HttpRateLimit limit(1);
    SteadyTime now{std::chrono::hours(1)};
    for (int i = 0; i < 10'000; ++i) {
        static_cast<void>(limit.take("address " + std::to_string(i), now));
    }
    CHECK(limit.size() <= 1'025);
    CHECK(limit.take("one more", now) > 0);  // shares a bucket with the others
    now += std::chrono::seconds(10);
    CHECK(limit.take("one more", now) == 0);
    CHECK(limit.size() <= 3);
    // Slow: one token, then a long wait.
    devices::HttpRateLimit slow(0.1);
    CHECK(slow.take("a", now) == 0);
    CHECK(slow.take("a", now) == 10);
    CHECK(slow.take("b", now) == 0);
}

namespace {

// Each file is a request: "METHOD path content-type" and the body below it.
void feed_pushes(CaseRun& run, Source& source) {
    const auto& push = dynamic_cast<plugins::HttpPush&>(source);
    HttpClient client(push.port());
    std::size_t count = 0;
    for (const auto& file : entries(run.folder / "input")) {
        const std::string text = read_text(file);
        const std::string first = text.substr(0, text.find('\n'));
        const std::string type = first.substr(first.rfind(' ') + 1);
        const std::string path = first.substr(0, first.rfind(' '));
        const std::string body = text.substr(first.size() + 1);
        REQUIRE(client.send(
            path + " HTTP/1.1\r\nHost: box\r\nContent-Type: " + type +
            "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body
        ));
        ++count;
        REQUIRE(client.answers(run.host, count).size() == count);
        run.answers.push_back(std::to_string(client.statuses().back()));
    }
}

}  // namespace

TEST_CASE("plugins: http_push does what its cases say", "[plugins][http_push]") {
    check_plugin({"http_push", make_source<plugins::HttpPush>, feed_pushes});
}

}  // namespace cxedge::test
