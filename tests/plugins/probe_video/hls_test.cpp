// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_video/hls_playlist.hpp"
#include "plugins/probe_video/programme.hpp"
#include "plugins/probe_video/url_reference.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using namespace plugins::video;

const std::string kHere = "https://video.example/a/b/list.m3u8?x=1";

MediaList media_of(const std::string& text) {
    const auto parsed = parse_hls("#EXTM3U\n" + text, kHere);
    INFO((parsed ? "" : parsed.error().message));
    REQUIRE(parsed);
    return std::get<MediaList>(*parsed);
}

std::string hls_complaint(const std::string& text) {
    const auto parsed = parse_hls(text, kHere);
    return parsed ? "" : parsed.error().message;
}

}  // namespace

TEST_CASE("references: as RFC 3986 section 5.4 has them", "[probe_video]") {
    const std::string base = "http://a/b/c/d;p?q";
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
        {";x", "http://a/b/c/;x"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g?y/./x", "http://a/b/c/g?y/./x"},
        {"https://other/x", "https://other/x"},
    };
    for (const auto& [reference, expected] : examples) {
        INFO(reference);
        CHECK(media_url(base, reference).value_or("nothing") == expected);
    }
    CHECK(media_url("http://a", "g") == "http://a/g");
    CHECK_FALSE(media_url(base, "a:2.5/../../x"));
    CHECK_FALSE(media_url(base, "ftp://a/b"));
    CHECK_FALSE(media_url(base, "file:///etc/passwd"));
    CHECK_FALSE(media_url(base, "http://"));
    CHECK_FALSE(media_url(base, std::string(kLongestUrl + 1, 'a')));
}

TEST_CASE("hls: a media playlist", "[probe_video]") {
    const MediaList list = media_of(
        "#EXT-X-TARGETDURATION:10\r\n#EXT-X-MEDIA-SEQUENCE:2680\r\n#EXT-X-MAP:URI=\"init.mp4\"\r\n"
        "#EXTINF:9.009,first, with a title\r\nseg1.ts\r\n# a comment\r\n\r\n"
        "#EXT-X-DISCONTINUITY\n#EXTINF:3.5\n../seg2.ts?token=a\n#EXT-X-UNKNOWN:1\n"
        "#EXT-X-MAP:URI=\"init2.mp4\",BYTERANGE=\"720@0\"\n#EXTINF:0,\nmarker.ts\n"
        "#EXTINF:2,\nhttp://cdn.example/seg3.ts"
    );
    REQUIRE(list.segments.size() == 3);
    CHECK_FALSE(list.ended);
    CHECK(list.target_s == Approx(10));
    CHECK(list.first_sequence == 2680);
    CHECK(list.segments[0].data == Piece{"https://video.example/a/b/seg1.ts", std::nullopt});
    CHECK(list.segments[0].duration_s == Approx(9.009));
    CHECK(list.segments[0].init == 0);
    CHECK_FALSE(list.segments[0].discontinuity);
    CHECK(list.segments[1].data.url == "https://video.example/a/seg2.ts?token=a");
    CHECK(list.segments[1].discontinuity);
    CHECK(list.segments[2].data.url == "http://cdn.example/seg3.ts");
    CHECK(list.segments[2].init == 1);
    CHECK(list.inits[1] == Piece{"https://video.example/a/b/init2.mp4", ByteRange{0, 720}});
}

TEST_CASE("hls: byte ranges go on where the one before ended", "[probe_video]") {
    const MediaList list = media_of(
        "#EXTINF:1,\n#EXT-X-BYTERANGE:100@50\nfile\n#EXTINF:1,\n#EXT-X-BYTERANGE:30\nfile\n"
        "#EXTINF:4,\nfile2\n#EXT-X-ENDLIST\n"
    );
    CHECK(list.ended);
    CHECK(list.target_s == Approx(4));  // none was told
    CHECK(list.segments[0].data.range == ByteRange{50, 100});
    CHECK(list.segments[1].data.range == ByteRange{150, 30});
    CHECK_FALSE(list.segments[2].data.range);
}

TEST_CASE("hls: a master playlist, in the order of bandwidth", "[probe_video]") {
    const auto parsed = parse_hls(
        "\xEF\xBB\xBF#EXTM3U\n#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"i.m3u8\"\n"
        "#EXT-X-STREAM-INF:AVERAGE-BANDWIDTH=7,CODECS=\"a,BANDWIDTH=9\",BANDWIDTH=2000,"
        "RESOLUTION=1280x720\nhi/v.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=1000\n\nlo.m3u8\n",
        kHere
    );
    REQUIRE(parsed);
    const auto& tracks = std::get<std::vector<Track>>(*parsed);
    REQUIRE(tracks.size() == 2);
    CHECK(tracks[0].bandwidth == 1000);
    CHECK(tracks[0].list_url == "https://video.example/a/b/lo.m3u8");
    CHECK(tracks[1].bandwidth == 2000);
    CHECK(tracks[1].name == "1280x720");
}

TEST_CASE("hls: says what is wrong", "[probe_video]") {
    CHECK_THAT(hls_complaint("<html>"), Catch::Contains("#EXTM3U"));
    CHECK_THAT(hls_complaint("#EXTM3U8\n"), Catch::Contains("#EXTM3U"));
    CHECK_THAT(hls_complaint("#EXTM3U\nseg.ts\n"), Catch::Contains("without #EXTINF"));
    for (const char* duration : {"", "nan", "inf", "-1", "1e9", "1s", "4000"}) {
        INFO(duration);
        const std::string text = std::string("#EXTM3U\n#EXTINF:") + duration + ",\na\n";
        CHECK_THAT(hls_complaint(text), Catch::Contains("no duration"));
    }
    CHECK_THAT(
        hls_complaint("#EXTM3U\n#EXTINF:1,\n#EXT-X-BYTERANGE:5\na\n"),
        Catch::Contains("where it begins")
    );
    for (const char* range : {"0@0", "-1@0", "5@", "99999999999999999999@1", "a@b"}) {
        const std::string text = std::string("#EXTM3U\n#EXT-X-BYTERANGE:") + range + "\n";
        CHECK_THAT(hls_complaint(text), Catch::Contains("length@first"));
    }
    CHECK(hls_complaint("#EXTM3U\n#EXTINF:1,\n#EXT-X-BYTERANGE:2@18446744073709551615\na\n") != "");
    CHECK(hls_complaint("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:18446744073709551615\n") != "");
    CHECK(hls_complaint("#EXTM3U\n#EXT-X-MAP:URI=\"ftp://x/y\"\n") != "");
    CHECK(hls_complaint("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n") != "");
    CHECK(hls_complaint("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n") != "");
    CHECK_THAT(hls_complaint("#EXTM3U\n"), Catch::Contains("neither segments"));
    for (const char* const each :
         {"#EXTINF:1,\na\n", "#EXTINF:0,\na\n", "#EXT-X-MAP:URI=\"a\"\n"}) {
        CAPTURE(each);
        std::string many = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n";
        for (std::size_t i = 0; i < kMostSegments; ++i) {
            many += each;
        }
        CHECK(hls_complaint(many) == "");
        CHECK_THAT(hls_complaint(many + each), Catch::Contains("too many segments"));
    }
}

TEST_CASE("programme: a live video begins near its end and goes on by number", "[probe_video]") {
    const auto list = [](int first, int count) {
        std::string text =
            "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:" + std::to_string(first) +
            "\n";
        for (int i = first; i < first + count; ++i) {
            text += "#EXTINF:2,\ns" + std::to_string(i) + "\n";
        }
        return text;
    };
    Programme programme(30);
    REQUIRE(programme.open(list(100, 6), kHere));
    CHECK(programme.live());
    const auto next = [&] {
        const Segment* const segment = programme.next(0);
        return segment == nullptr ? "" : segment->data.url.substr(segment->data.url.rfind('/'));
    };
    CHECK(next() == "/s103");
    for (int i = 0; i < 3; ++i) {
        programme.pass(0);
    }
    CHECK(next().empty());
    CHECK_FALSE(programme.ended(0));
    REQUIRE(programme.take_list(0, list(100, 6), kHere));
    CHECK(programme.unchanged());
    REQUIRE(programme.take_list(0, list(101, 6), kHere));
    CHECK_FALSE(programme.unchanged());
    CHECK(next() == "/s106");
    // It was away for long: what fell out is missed.
    REQUIRE(programme.take_list(0, list(200, 6), kHere));
    CHECK(next() == "/s200");
    // The server counts anew.
    REQUIRE(programme.take_list(0, list(0, 6), kHere));
    CHECK(next() == "/s3");
    REQUIRE(programme.take_list(0, list(0, 4) + "#EXT-X-ENDLIST\n", kHere));
    programme.pass(0);
    CHECK(next().empty());
    CHECK(programme.ended(0));
}

TEST_CASE("programme: another track goes on at the same time", "[probe_video]") {
    Programme programme(30);
    REQUIRE(programme.open(
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na\n#EXT-X-STREAM-INF:BANDWIDTH=2\nb\n", kHere
    ));
    REQUIRE(programme.tracks().size() == 2);
    CHECK_FALSE(programme.has_list(1));
    REQUIRE(programme.take_list(0, "#EXTM3U\n#EXTINF:4,\na0\n#EXTINF:4,\na1\n#EXT-X-ENDLIST", kHere)
    );
    programme.pass(0);
    REQUIRE(
        programme.take_list(1, "#EXTM3U\n#EXTINF:3.9,\nb0\n#EXTINF:4.1,\nb1\n#EXT-X-ENDLIST", kHere)
    );
    CHECK(programme.next(1)->data.url == "https://video.example/a/b/b1");
    CHECK_FALSE(programme.take_list(1, "#EXTM3U\n#EXT-X-ENDLIST", kHere));
    CHECK_FALSE(programme.take_list(1, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na\n", kHere));
}

}  // namespace cxedge::test
