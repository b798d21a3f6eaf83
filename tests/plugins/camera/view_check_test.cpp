// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/view_check.hpp"

#include <algorithm>
#include <cmath>

#include "tests/plugins/camera/film.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {

using camera::Frame;
using camera::ViewCheck;
using camera::ViewDigest;
using camera::ViewProblem;

namespace {

constexpr FilmSize kSize{160, 120};

int noise(int n, int x, int y) {
    const auto mixed =
        static_cast<std::uint32_t>(n * 7919 + x * 104'729 + y * 1299'709) * 2654435761U;
    return static_cast<int>(mixed >> 29) - 4;  // -4 to 3
}

// A shop: shelves, a door, things of all sizes.
double shop(int column, int row) {
    const double x = 2 * column;
    const double y = 2 * row;
    const double shelves = std::fmod(x / 23 + std::floor(y / 31) * 0.37, 1) < 0.5 ? 60 : 150;
    const double goods = std::fmod(x / 5 + y / 7, 1) < 0.5 ? -25 : 25;
    const double floor = y > 170 ? (std::fmod((x + y) / 40, 1) < 0.5 ? 30 : -30) : goods;
    return shelves + floor;
}

std::uint8_t grey(double value) {
    return static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
}

// The problems that are reported while `draw` is seen from `from` to `to` seconds.
struct Watch {
    ViewCheck check;
    std::vector<ViewProblem> seen{ViewProblem::none};
    double change = 0;
    double now = 0;
    std::optional<ViewDigest> kept;  // for the next start

    explicit Watch(
        const std::vector<camera::Polygon>& masks = {}, std::optional<ViewDigest> known = {}
    )
        : check(masks, known) {}

    ViewProblem see(double seconds, const Pixel& draw) {
        for (const double end = now + seconds; now < end; now += 1) {
            if (const auto state = check.update(drawn(kSize, now, draw))) {
                change = state->change;
                kept = state->usual ? state->usual : kept;
                if (state->problem != seen.back()) {
                    seen.push_back(state->problem);
                }
            }
        }
        return seen.back();
    }
};

std::uint8_t usual(int n, int x, int y) {
    return grey(shop(x, y) + noise(n, x, y));
}

}  // namespace

TEST_CASE("camera: a usual view, people and changing light are no alarm", "[camera]") {
    Watch watch;
    CHECK(watch.see(40, usual) == ViewProblem::none);
    CHECK(watch.change < 0.05);
    // Somebody wide walks past all the time.
    CHECK(watch.see(60, [](int n, int x, int y) {
        const int left = n * 3 % 200 - 30;
        const bool person = x > left && x < left + 30 && y > 20;
        return person ? grey(90 + noise(n, x, y)) : usual(n, x, y);
    }) == ViewProblem::none);
    // Half of the light goes out.
    CHECK(watch.see(60, [](int n, int x, int y) {
        return grey(0.5 * shop(x, y) + noise(n, x, y));
    }) == ViewProblem::none);
    CHECK(watch.seen.size() == 1);
}

TEST_CASE("camera: a frozen picture is raised and cleared", "[camera]") {
    Watch watch;
    watch.see(30, usual);
    CHECK(watch.see(30, [](int, int x, int y) { return usual(0, x, y); }) == ViewProblem::frozen);
    CHECK(watch.change == 1);
    CHECK(watch.see(10, usual) == ViewProblem::none);
    CHECK(watch.seen.size() == 3);
}

TEST_CASE("camera: a dark picture is raised and cleared", "[camera]") {
    Watch watch;
    watch.see(30, usual);
    const auto night = [](int n, int x, int y) {
        return grey(0.05 * shop(x, y) + noise(n, x, y));
    };
    CHECK(watch.see(40, night) == ViewProblem::dark);
    CHECK(watch.see(30, usual) == ViewProblem::none);
    CHECK(watch.seen.size() == 3);
}

TEST_CASE("camera: a covered lens is raised and cleared, also when partly covered", "[camera]") {
    for (const int covered_to : {160, 115}) {
        CAPTURE(covered_to);
        Watch watch;
        watch.see(30, usual);
        const auto coat = [&](int n, int x, int y) {
            return x < covered_to ? grey(70 + noise(n, x, y)) : usual(n, x, y);
        };
        CHECK(watch.see(40, coat) == ViewProblem::covered);
        CHECK(watch.change > 0.5);
        CHECK(watch.see(40, usual) == ViewProblem::none);
        CHECK(watch.seen.size() == 3);
    }
}

TEST_CASE("camera: a blurred picture is raised and cleared", "[camera]") {
    const auto sharp = [](int n, int x, int y) {
        return grey(shop(x + 50, y + 50) + noise(n, x, y));
    };
    std::vector<double> soft;
    for (int i = 0; i < kSize.width * kSize.height; ++i) {
        double sum = 0;
        for (int d = 0; d < 25; ++d) {
            sum += shop(i % kSize.width + 48 + d % 5, i / kSize.width + 48 + d / 5);
        }
        soft.push_back(sum / 25);
    }
    const auto defocused = [&](int n, int x, int y) {
        return grey(soft[static_cast<std::size_t>(y * kSize.width + x)] + noise(n, x, y) / 4.0);
    };
    Watch watch;
    watch.see(30, sharp);
    CHECK(watch.see(30, defocused) == ViewProblem::blurred);
    CHECK(watch.see(30, sharp) == ViewProblem::none);
    CHECK(watch.seen.size() == 3);
}

TEST_CASE("camera: a view that was turned is raised, and stays so until it is back", "[camera]") {
    Watch watch;
    watch.see(30, usual);
    const auto turned = [](int n, int x, int y) {
        return grey(shop(x + 35, y + 21) + noise(n, x, y));
    };
    CHECK(watch.see(40, turned) == ViewProblem::moved);
    CHECK(watch.see(120, turned) == ViewProblem::moved);
    CHECK(watch.see(40, usual) == ViewProblem::none);
    CHECK(watch.seen.size() == 3);
}

// Not the same everywhere, as texture is: a door, goods side by side, shelves, a floor of planks.
double hall(int x, int y) {
    const auto stripes = [](int along) {
        return along % 12 < 6 ? 60.0 : 180.0;
    };
    if (x < 50) {
        return x > 20 && x < 40 && y > 30 ? 60 : 150;
    }
    if (y < 60) {
        return x < 100 ? stripes(x) : stripes(y);
    }
    return x < 120 ? stripes(x + y) : 100;
}

std::uint8_t usual_hall(int n, int x, int y) {
    return grey(hall(x, y) + noise(n, x, y));
}

TEST_CASE("camera: a view that was turned while the box was off is raised", "[camera]") {
    Watch before;
    before.see(50, usual_hall);
    CHECK_FALSE(before.kept);
    before.see(30, usual_hall);
    REQUIRE(before.kept);
    const auto known = ViewDigest::from_bytes(before.kept->bytes());
    REQUIRE(known == before.kept);

    Watch turned({}, known);
    const auto elsewhere = [](int n, int x, int y) {
        return grey(hall(x + 25, y + 10) + noise(n, x, y));
    };
    CHECK(turned.see(40, elsewhere) == ViewProblem::moved);
    CHECK(turned.see(120, elsewhere) == ViewProblem::moved);
    CHECK_FALSE(turned.kept);
    CHECK(turned.see(40, usual_hall) == ViewProblem::none);

    Watch same({}, known);
    CHECK(same.see(90, usual_hall) == ViewProblem::none);
    CHECK(same.kept);
    // In the evening, under half of the light.
    Watch darker({}, known);
    CHECK(darker.see(90, [](int n, int x, int y) {
        return grey(0.5 * hall(x, y) + 20 + noise(n, x, y));
    }) == ViewProblem::none);
    CHECK(darker.seen.size() == 1);
}

TEST_CASE("camera: no picture can be made of what is kept of a view", "[camera]") {
    camera::ViewGrid::Cells cells{};
    camera::ViewGrid::Cells negative{};
    camera::ViewGrid::Cells rearranged{};
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::size_t x = i % camera::ViewGrid::kCellsX;
        const std::size_t y = i / camera::ViewGrid::kCellsX;
        cells[i] = static_cast<float>(shop(static_cast<int>(2 * x), static_cast<int>(2 * y)));
        negative[i] = 255 - cells[i];
        // Each block of 10 x 10 turned upside down and back to front.
        const std::size_t other =
            (y / 10 * 10 + 9 - y % 10) * camera::ViewGrid::kCellsX + x / 10 * 10 + 9 - x % 10;
        rearranged[other] = cells[i];
    }
    const ViewDigest kept(cells, {});
    CHECK(kept.bytes().size() == 192);
    // Quite different pictures leave the same: neither brightness nor places within a block.
    CHECK(ViewDigest(negative, {}) == kept);
    CHECK(ViewDigest(rearranged, {}).likeness(kept, {}) > 0.95);
    camera::ViewGrid::Marks all;
    all.fill(true);
    CHECK(ViewDigest(cells, all) == ViewDigest());
    CHECK_FALSE(ViewDigest::from_bytes("short"));
}

TEST_CASE("camera: what is masked and what has no structure is not judged", "[camera]") {
    const auto floor = [](int n, int x, int y) {
        return grey(120 + noise(n, x, y) / 4.0);
    };
    Watch bare;
    CHECK(bare.see(60, floor) == ViewProblem::none);
    CHECK(bare.see(60, [](int n, int x, int y) {
        return grey(80 + noise(n, x, y) / 4.0);
    }) == ViewProblem::none);
    // All but a strip is masked, and black: neither dark nor covered.
    Watch masked({camera::polygon_of({0, 0, 1, 0, 1, 0.9, 0, 0.9})});
    const auto strip = [](int n, int x, int y) {
        return y < 108 ? std::uint8_t{0} : usual(n, x, y);
    };
    CHECK(masked.see(60, strip) == ViewProblem::none);
    // A picture too small to tell anything.
    ViewCheck check({});
    CHECK_FALSE(check.update(drawn({40, 30}, 0, usual)).has_value());
}

}  // namespace cxedge::test
