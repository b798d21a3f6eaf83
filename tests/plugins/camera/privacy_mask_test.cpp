// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/privacy_mask.hpp"

#include <atomic>

#include "plugins/camera/frame_source.hpp"

#include "tests/plugins/camera/film.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

namespace {

constexpr FilmSize kSize{100, 80};

std::uint8_t white(int /*n*/, int /*x*/, int /*y*/) {
    return 255;
}

std::uint8_t at(const camera::Frame& frame, int x, int y) {
    return frame.bgr
        [(static_cast<std::size_t>(y) * static_cast<std::size_t>(frame.width) +
          static_cast<std::size_t>(x)) *
         3];
}

}  // namespace

TEST_CASE("camera: a mask blackens its polygon and two pixels around it", "[camera]") {
    camera::PrivacyMask mask({camera::polygon_of({0.2, 0.25, 0.6, 0.25, 0.6, 0.75, 0.2, 0.75})});
    camera::Frame frame = drawn(kSize, 0, white);
    mask.apply(frame);
    CHECK(at(frame, 20, 20) == 0);
    CHECK(at(frame, 59, 59) == 0);
    CHECK(at(frame, 18, 40) == 0);
    CHECK(at(frame, 61, 40) == 0);
    CHECK(at(frame, 17, 40) == 255);
    CHECK(at(frame, 62, 40) == 255);
    CHECK(at(frame, 40, 17) == 255);
    CHECK(at(frame, 0, 0) == 255);
}

TEST_CASE("camera: a mask follows the size of the picture and may be concave", "[camera]") {
    // An L: the upper right quarter of the square is free.
    const std::vector<double> corners{0.1, 0.1, 0.5, 0.1, 0.5, 0.5, 0.9, 0.5, 0.9, 0.9, 0.1, 0.9};
    camera::PrivacyMask mask({camera::polygon_of(corners)});
    for (const FilmSize size : {kSize, FilmSize{50, 40}}) {
        camera::Frame frame = drawn(size, 0, white);
        mask.apply(frame);
        CHECK(at(frame, size.width * 3 / 10, size.height * 3 / 10) == 0);
        CHECK(at(frame, size.width * 7 / 10, size.height * 7 / 10) == 0);
        CHECK(at(frame, size.width * 7 / 10, size.height * 3 / 10) == 255);
    }
    CHECK(mask.covers({0.3, 0.3}));
    CHECK_FALSE(mask.covers({0.7, 0.3}));
}

TEST_CASE("camera: a mask that is no polygon is named", "[camera]") {
    CHECK(camera::mask_problem({0, 0, 1, 0, 1, 1}).empty());
    CHECK_THAT(camera::mask_problem({0, 0, 1, 1}), Catch::Contains("has 4 numbers"));
    CHECK_THAT(camera::mask_problem({0, 0, 1, 0, 1, 1, 0}), Catch::Contains("has 7 numbers"));
    CHECK_THAT(camera::mask_problem({0, 0, 320, 0, 1, 1}), Catch::Contains("0 to 1"));
}

TEST_CASE("camera: no picture leaves a source unmasked, whatever its scale", "[camera]") {
    const TempDir dir;
    const std::string path = dir.file("white.y4m");
    write_film(path, {640, 480}, 3, white);
    const SystemClock clock;
    const std::atomic<bool> stop{false};
    camera::FrameOptions options;
    options.pace = camera::Pace::fast;
    options.masks = {camera::polygon_of({0.25, 0.25, 0.5, 0.25, 0.5, 0.5, 0.25, 0.5})};
    auto source = camera::make_frame_source("file:" + path, options, clock, stop);
    REQUIRE(source.ok());
    REQUIRE((*source)->open().ok());
    camera::Frame frame;
    const Result<bool> got = (*source)->next(frame);
    REQUIRE(got.ok());
    REQUIRE(frame.width == 320);
    CHECK(frame.source_width == 640);
    int hidden = 0;
    int seen = 0;
    for (int y = 0; y < frame.height; ++y) {
        for (int x = 0; x < frame.width; ++x) {
            const bool masked = x >= 80 && x < 160 && y >= 60 && y < 120;
            hidden += masked && at(frame, x, y) != 0 ? 1 : 0;
            seen += !masked && at(frame, x, y) > 200 ? 1 : 0;
        }
    }
    CHECK(hidden == 0);
    CHECK(seen > 320 * 240 * 9 / 10);
}

}  // namespace cxedge::test
