// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_video/dash_manifest.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using namespace plugins::video;

const std::string kManifestUrl = "https://video.example/a/film.mpd";

Result<DashManifest> dash_of(const std::string& inner, const std::string& attributes = "") {
    return DashManifest::parse(
        "<MPD xmlns='urn:mpeg:dash:schema:mpd:2011' mediaPresentationDuration='PT10S' " +
            attributes + ">" + inner + "</MPD>",
        kManifestUrl
    );
}

MediaList dash_media(const std::string& inner, std::size_t track = 0, double enough_s = 60) {
    const auto manifest = dash_of(inner);
    INFO((manifest ? "" : manifest.error().message));
    REQUIRE(manifest);
    auto media = manifest->media(track, enough_s);
    INFO((media ? "" : media.error().message));
    REQUIRE(media);
    return *media;
}

std::string video(const std::string& inner) {
    return "<Period><AdaptationSet mimeType='video/mp4'>" + inner + "</AdaptationSet></Period>";
}

std::vector<std::string> files(const MediaList& list) {
    std::vector<std::string> names;
    for (const Segment& each : list.segments) {
        names.push_back(each.data.url.substr(each.data.url.find("/a/") + 3));
    }
    return names;
}

}  // namespace

TEST_CASE("dash: durations", "[probe_video]") {
    CHECK(iso_duration_s("PT10S") == Approx(10));
    CHECK(iso_duration_s("PT1H2M3.5S") == Approx(3723.5));
    CHECK(iso_duration_s("P1DT1M") == Approx(86'460));
    CHECK(iso_duration_s("P0Y0M0DT0H3M30.000S") == Approx(210));
    for (const char* text :
         {"", "P", "10S", "PT", "PT10", "PT-1S", "P1M", "PTS", "PT1X", "PT1e3S"}) {
        INFO(text);
        CHECK(iso_duration_s(text) < 0);
    }
}

TEST_CASE("dash: templates", "[probe_video]") {
    const TemplateValues values{"v1", 5'000, 7, 90'000};
    CHECK(
        *fill_template("$RepresentationID$/$Number%05d$-$Time$.m4s", values) == "v1/00007-90000.m4s"
    );
    CHECK(*fill_template("$$$Bandwidth$$Number%01d$", values) == "$50007");
    CHECK(*fill_template("", values).value().c_str() == '\0');
    for (const char* text :
         {"$", "a$Number", "$Nothing$", "$Number%d$", "$Number%0999d$", "$Number%05x$"}) {
        INFO(text);
        CHECK_FALSE(fill_template(text, values));
    }
}

TEST_CASE("dash: numbered segments, the last one shorter", "[probe_video]") {
    const std::string inner = video(
        "<SegmentTemplate timescale='1000' duration='4000' initialization='$RepresentationID$/i' "
        "media='$RepresentationID$/$Number$'/><Representation id='hi' bandwidth='9'/>"
        "<Representation id='lo' bandwidth='5'/>"
    );
    const MediaList list = dash_media(inner);
    CHECK(files(list) == std::vector<std::string>{"lo/1", "lo/2", "lo/3"});
    CHECK(list.segments[2].duration_s == Approx(2));
    CHECK(list.ended);
    CHECK(list.inits[*list.segments[0].init].url == "https://video.example/a/lo/i");
    CHECK(files(dash_media(inner, 1))[0] == "hi/1");
    CHECK(dash_media(inner, 0, 5).segments.size() == 2);
}

TEST_CASE("dash: a time line with repeats and gaps", "[probe_video]") {
    const MediaList list = dash_media(
        video("<Representation id='v' bandwidth='1'><SegmentTemplate timescale='10' media='$Time$'>"
              "<SegmentTimeline><S t='100' d='20' r='1'/><S d='15'/><S t='200' d='10' r='-1'/>"
              "</SegmentTimeline></SegmentTemplate></Representation>")
    );
    CHECK(
        files(list) ==
        std::vector<std::string>{"100", "120", "140", "200", "210", "220", "230", "240"}
    );
    CHECK(list.segments[2].duration_s == Approx(1.5));
    CHECK(list.segments[7].duration_s == Approx(0.5));
}

TEST_CASE("dash: lists, ranges, base addresses", "[probe_video]") {
    const MediaList list = dash_media(
        "<BaseURL> x/ </BaseURL>" +
        video("<Representation id='v' bandwidth='1'><BaseURL>v.mp4</BaseURL><SegmentList "
              "duration='4'>"
              "<Initialization range='0-99'/><SegmentURL mediaRange='100-299'/>"
              "<SegmentURL media='b' mediaRange='0-0'/></SegmentList></Representation>")
    );
    REQUIRE(list.segments.size() == 2);
    CHECK(list.segments[0].data == Piece{"https://video.example/a/x/v.mp4", ByteRange{100, 200}});
    CHECK(list.segments[1].data == Piece{"https://video.example/a/x/b", ByteRange{0, 1}});
    CHECK(list.inits[0] == Piece{"https://video.example/a/x/v.mp4", ByteRange{0, 100}});
    const MediaList whole =
        dash_media(video("<Representation id='v' "
                         "bandwidth='1'><BaseURL>v.mp4</BaseURL><SegmentBase indexRange='1-2'/>"
                         "</Representation>"));
    CHECK(files(whole) == std::vector<std::string>{"v.mp4"});
    CHECK(whole.segments[0].duration_s == Approx(10));
}

TEST_CASE("dash: periods follow each other, sound is not taken", "[probe_video]") {
    const std::string sound =
        "<AdaptationSet contentType='audio'><Representation id='a' bandwidth='1'>"
        "<BaseURL>a</BaseURL></Representation></AdaptationSet>";
    const std::string picture =
        "<AdaptationSet><Representation mimeType='video/mp4' id='v' bandwidth='70' width='640' "
        "height='360'><BaseURL>v</BaseURL></Representation></AdaptationSet>";
    const std::string other =
        "<AdaptationSet contentType='video'><Representation id='w' bandwidth='60'><BaseURL>w"
        "</BaseURL></Representation><Representation id='x' bandwidth='900'/></AdaptationSet>";
    const auto manifest = dash_of(
        "<Period duration='PT4S'>" + sound + picture + "</Period><Period start='PT4S'>" + other +
        "</Period>"
    );
    REQUIRE(manifest);
    CHECK(manifest->tracks()[0].name == "640x360");
    const auto list = manifest->media(0, 60);
    REQUIRE(list);
    CHECK(files(*list) == std::vector<std::string>{"v", "w"});
    CHECK(list->segments[0].duration_s == Approx(4));
    CHECK(list->segments[1].duration_s == Approx(6));
    CHECK(list->segments[1].discontinuity);
    CHECK(manifest->media(0, 3)->segments.size() == 1);
}

TEST_CASE("dash: says what is wrong", "[probe_video]") {
    CHECK_FALSE(DashManifest::parse("<MPD", kManifestUrl));
    CHECK_FALSE(DashManifest::parse("<MPD/>", kManifestUrl));
    CHECK_THAT(
        dash_of(video("<Representation/>"), "type='dynamic'").error().message,
        Catch::Contains("live DASH")
    );
    CHECK_FALSE(
        dash_of("<Period><AdaptationSet contentType='audio'><Representation/>"
                "</AdaptationSet></Period>")
    );
    for (const char* inner :
         {"<Representation><BaseURL>ftp://x/</BaseURL></Representation>",
          "<Representation><SegmentTemplate media='$Oops$' duration='1'/></Representation>",
          "<Representation><SegmentTemplate media='a'/></Representation>",
          "<Representation><SegmentList duration='1'><SegmentURL mediaRange='9-1'/></SegmentList>"
          "</Representation>",
          "<Representation><SegmentTemplate media='$Time$'><SegmentTimeline><S t='9' d='0' r='5'/>"
          "</SegmentTimeline></SegmentTemplate></Representation>"}) {
        INFO(inner);
        const auto manifest = dash_of(video(inner));
        REQUIRE(manifest);
        CHECK_FALSE(manifest->media(0, 60));
    }
    // Endless repeats end.
    const auto endless = dash_of(video(
        "<Representation><SegmentTemplate timescale='1000000' media='$Time$'><SegmentTimeline>"
        "<S t='18446744073709551615' d='1' r='4294967295'/></SegmentTimeline></SegmentTemplate>"
        "</Representation>"
    ));
    REQUIRE(endless);
    CHECK(endless->media(0, 60)->segments.size() == 4'000);
}

}  // namespace cxedge::test
