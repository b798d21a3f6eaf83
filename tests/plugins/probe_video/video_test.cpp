// SPDX-License-Identifier: Apache-2.0
// The plugin before a real server.
#include "tests/plugins/case_run.hpp"
#include "tests/plugins/probe_video/video_bench.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using probes::Finding;
using probes::ProbeResult;

constexpr double kSegmentS = 0.5;  // video_server.py's
// A segment is here a little after the server wrote it; the machine may be busy.
constexpr double kVideoSlack = 0.4;

struct Watching {
    Finding found;
    std::chrono::steady_clock::time_point began;
};

Watching watch(VideoLab& lab, const std::string& url) {
    const auto began = std::chrono::steady_clock::now();
    return {lab.run(url), began};
}

void check_as_oracle(const Watching& watching, const std::string& log, double watch_s) {
    const Seen seen = oracle(log, watching.began, kSegmentS, 1, watch_s);
    const Finding& found = watching.found;
    INFO("oracle: " << seen.initial_buffer_s << " " << seen.stall_time_s << " " << seen.stalls);
    CHECK(
        only_value(found, "kqi.video.initial_buffer") ==
        Approx(seen.initial_buffer_s).margin(kVideoSlack)
    );
    CHECK(
        only_value(found, "kqi.video.stall_time") == Approx(seen.stall_time_s).margin(kVideoSlack)
    );
    CHECK(only_value(found, "kqi.video.stalls") == Approx(seen.stalls));
    CHECK(only_value(found, "kqi.video.play_time") == Approx(seen.play_time_s).margin(0.01));
}

bool is_lost(const Finding& found, const std::string& metric) {
    return figure(found, metric).values.empty();
}

void check_never_began(const Finding& found) {
    CHECK(found.figures.size() == 8);
    CHECK(only_value(found, "kqi.video.attempt") == Approx(1));
    CHECK(only_value(found, "kqi.video.success") == Approx(0));
    for (const char* metric : {"initial_buffer", "stall_time", "stalls", "play_time", "switches"}) {
        CHECK(is_lost(found, std::string("kqi.video.") + metric));
    }
}

}  // namespace

TEST_CASE("probe_video: does what its cases say", "[probe_video]") {
    check_plugin({"probe_video", make_source<plugins::ProbeVideo>, [](CaseRun&, Source&) {
                  }});
}

TEST_CASE("probe_video: every way to name segments plays", "[probe_video]") {
    for (const char* path :
         {"/low.m3u8",
          "/ranges.m3u8",
          "/number.mpd",
          "/timeline.mpd",
          "/list.mpd",
          "/whole.mpd",
          "/index.mpd"}) {
        INFO(path);
        VideoServer server;
        VideoLab lab(video_settings("variant = \"lowest\"\nwatch_s = 1.5"));
        const Finding found = lab.run(server.url(path));
        INFO(found.detail);
        CHECK(found.result == ProbeResult::ok);
        CHECK(only_value(found, "kqi.video.success") == Approx(1));
        CHECK(only_value(found, "kqi.video.play_time") == Approx(1.5).margin(0.01));
        CHECK(only_value(found, "kqi.video.stalls") == Approx(0));
        const double init_share = std::string(path) == "/timeline.mpd" ? 0 : 600 * 8 / 1.5;
        if (std::string(path) != "/whole.mpd") {
            CHECK(
                only_value(found, "kqi.video.bitrate") ==
                Approx(400'000 + init_share).epsilon(0.001)
            );
        }
    }
}

TEST_CASE(
    "probe_video: a late segment is one stall, as an independent play-out says", "[probe_video]"
) {
    VideoServer server({"--slow", "6:3.5"});
    VideoLab lab(video_settings("variant = \"lowest\"\nwatch_s = 5"));
    const Watching watching = watch(lab, server.url("/master.m3u8"));
    INFO(watching.found.detail);
    REQUIRE(watching.found.result == ProbeResult::ok);
    check_as_oracle(watching, server.end(), 5);
    CHECK(only_value(watching.found, "kqi.video.stalls") == Approx(1));
    CHECK(only_value(watching.found, "kqi.video.stall_time") > 1);
}

TEST_CASE("probe_video: a line that is too slow stalls again and again", "[probe_video]") {
    // 4 Mbit/s of video over 2.4 Mbit/s.
    VideoServer server({"--rate", "300000"});
    VideoLab lab(video_settings("variant = \"highest\"\nwatch_s = 4"));
    const Watching watching = watch(lab, server.url("/master.m3u8"));
    REQUIRE(watching.found.result == ProbeResult::ok);
    check_as_oracle(watching, server.end(), 4);
    CHECK(only_value(watching.found, "kqi.video.stalls") >= 2);
    CHECK(only_value(watching.found, "kqi.video.bitrate") == Approx(4e6).epsilon(0.01));
}

TEST_CASE(
    "probe_video: takes what the line can carry, and no more than it plays", "[probe_video]"
) {
    VideoServer server({"--rate", "300000", "--segments", "40"});
    VideoLab lab(video_settings("watch_s = 4"));
    const Finding found = lab.run(server.url("/master.m3u8"));
    REQUIRE(found.result == ProbeResult::ok);
    const std::string log = server.end();
    CHECK(count_of(log, "seg/low") == 1);
    CHECK(count_of(log, "seg/mid") == 7);
    CHECK(only_value(found, "kqi.video.switches") == Approx(1));
    CHECK(only_value(found, "kqi.video.stalls") == Approx(0));
    CHECK(only_value(found, "kqi.video.bitrate") == Approx((0.4e6 + 7e6) / 8).epsilon(0.01));
}

TEST_CASE("probe_video: never fetches more than ahead_s before it is played", "[probe_video]") {
    VideoServer server({"--segments", "40"});
    VideoLab lab(video_settings("variant = \"lowest\"\nwatch_s = 4"));
    const Watching watching = watch(lab, server.url("/low.m3u8"));
    REQUIRE(watching.found.result == ProbeResult::ok);
    std::istringstream log(server.end());
    const double began_s = std::chrono::duration<double>(watching.began.time_since_epoch()).count();
    const double first_s = only_value(watching.found, "kqi.video.initial_buffer");
    int count = 0;
    for (std::string line; std::getline(log, line);) {
        ++count;
        const double played_s = std::max(0.0, std::stod(line) - began_s - first_s);
        CHECK(count * kSegmentS - played_s <= 2 + 0.05);
    }
    CHECK(count == 8);
}

TEST_CASE("probe_video: a live video is followed", "[probe_video]") {
    VideoServer server;
    VideoLab lab(video_settings("watch_s = 5"));
    const Watching watching = watch(lab, server.url("/live.m3u8"));
    INFO(watching.found.detail);
    REQUIRE(watching.found.result == ProbeResult::ok);
    const std::string log = server.end();
    CHECK(count_of(log, "seg/low") == 10);
    // Three targets of a second before the end of six half seconds.
    CHECK_THAT(log, Catch::Contains("/seg/low/0 ") || Catch::Contains("/seg/low/1 "));
    check_as_oracle(watching, log, 5);
}

TEST_CASE("probe_video: a video that ends early is played to its end", "[probe_video]") {
    VideoServer server({"--segments", "3"});
    VideoLab lab(video_settings("watch_s = 10"));
    const Finding found = lab.run(server.url("/low.m3u8"));
    CHECK(found.result == ProbeResult::ok);
    CHECK(only_value(found, "kqi.video.play_time") == Approx(1.5).margin(0.01));
    CHECK(only_value(found, "kqi.video.stalls") == Approx(0));
}

TEST_CASE("probe_video: tells what is wrong and where", "[probe_video]") {
    VideoServer server({"--missing", "4"});
    VideoLab lab(video_settings("watch_s = 3"));
    const Finding no_index = lab.run(server.url("/no-index.mpd"));
    CHECK(no_index.result == ProbeResult::body_mismatch);
    CHECK(no_index.step == "playlist");
    CHECK_THAT(no_index.detail, Catch::Contains("index of a variant"));
    const Finding portal = lab.run(server.url("/portal"));
    CHECK(portal.result == ProbeResult::body_mismatch);
    CHECK(portal.step == "playlist");
    check_never_began(portal);
    const Finding nowhere = lab.run(server.url("/nothing.m3u8"));
    CHECK(nowhere.result == ProbeResult::bad_status);
    CHECK(nowhere.step == "server");
    CHECK_THAT(nowhere.detail, Catch::Contains("the playlist: the server says 404"));
    check_never_began(nowhere);
    const Finding hole = lab.run(server.url("/low.m3u8"));
    CHECK(hole.result == ProbeResult::bad_status);
    CHECK_THAT(hole.detail, Catch::Contains("segment 5: the server says 404"));
    CHECK(only_value(hole, "kqi.video.success") == Approx(0));
    CHECK_FALSE(is_lost(hole, "kqi.video.play_time"));
    const Finding refused = lab.run("http://127.0.0.1:1/x.m3u8");
    CHECK(refused.result == ProbeResult::refused);
    CHECK(refused.step == "connect");
    check_never_began(refused);
}

TEST_CASE("probe_video: ends in time when no picture comes", "[probe_video]") {
    VideoServer server({"--slow", "1:20"});
    VideoLab lab("targets = \"http://video.example/\"\nwatch_s = 1\nbuffer_s = 1\ntimeout_s = 2.5");
    const Watching watching = watch(lab, server.url("/low.m3u8"));
    CHECK(std::chrono::steady_clock::now() - watching.began < std::chrono::seconds(10));
    CHECK(watching.found.result == ProbeResult::timeout);
    CHECK_FALSE(watching.found.step.empty());
    check_never_began(watching.found);
}

TEST_CASE("probe_video: the budget ends it", "[probe_video]") {
    VideoServer server({"--rate", "600000"});
    VideoLab lab(video_settings("variant = \"highest\"\nwatch_s = 3"));
    probes::BudgetLimits limits;
    limits.test_bytes = 700'000;
    probes::Meter meter("", "", "video", limits, lab.clock);
    const probes::ProbeContext context{
        lab.loop, lab.clock, lab.resolver, meter, "", std::chrono::seconds(30)};
    const auto run = lab.source.make_run({"t", server.url("/master.m3u8")}, context);
    std::optional<Finding> found;
    run->begin([&](Finding finding) {
        found = std::move(finding);
        lab.loop.stop();
    });
    lab.loop.run();
    REQUIRE(found);
    CHECK(found->result == ProbeResult::capped);
    CHECK(is_lost(*found, "kqi.video.attempt"));
    CHECK(is_lost(*found, "kqi.video.success"));
    // A segment of loopback is 64 KiB: one that came, and one that was on its way.
    CHECK(meter.used().bytes <= 700'000 + 2 * 65'536);
}

TEST_CASE("probe_video: may be taken down at any moment", "[probe_video]") {
    VideoServer server({"--rate", "300000"});
    VideoLab lab(video_settings("watch_s = 3"));
    for (const int ms : {0, 1, 5, 20, 100, 400, 900}) {
        auto run = lab.source.make_run({"t", server.url("/master.m3u8")}, lab.context);
        bool done = false;
        run->begin([&](const Finding&) { done = true; });
        const LoopHandle timer = lab.loop.after(std::chrono::milliseconds(ms), [&] {
            run.reset();
            lab.loop.stop();
        });
        lab.loop.run();
        CHECK_FALSE(done);
    }
}

}  // namespace cxedge::test
