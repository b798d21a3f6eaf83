// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "plugins/camera/blob_splitter.hpp"
#include "plugins/camera/motion_detector.hpp"
#include "plugins/camera/person_size.hpp"
#include "plugins/camera/scene.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {

using camera::Box;
using camera::Frame;

namespace {

constexpr int kWidth = 320;
constexpr int kHeight = 240;

// A grey floor with grain, and people as dark boxes on it.
Frame picture(int index, const std::vector<Box>& people) {
    Frame frame;
    frame.width = kWidth;
    frame.height = kHeight;
    frame.time = std::chrono::milliseconds(100) * index;
    frame.bgr.assign(static_cast<std::size_t>(kWidth) * kHeight * 3, 150);
    for (std::size_t i = 0; i < frame.bgr.size(); ++i) {
        frame.bgr[i] = static_cast<std::uint8_t>(frame.bgr[i] + (i * 7919 + i / 960) % 5);
    }
    for (const Box& box : people) {
        for (int y = static_cast<int>(box.y); y < static_cast<int>(box.bottom()); ++y) {
            for (int x = static_cast<int>(box.x); x < static_cast<int>(box.right()); ++x) {
                const auto at = static_cast<std::size_t>((y * kWidth + x) * 3);
                frame.bgr[at] = frame.bgr[at + 1] = frame.bgr[at + 2] = 30;
            }
        }
    }
    return frame;
}

// Mask with filled boxes, one label each.
camera::ForegroundMask mask_of(const std::vector<Box>& patches) {
    camera::ForegroundMask mask;
    mask.width = kWidth;
    mask.height = kHeight;
    mask.labels.assign(static_cast<std::size_t>(kWidth) * kHeight, 0);
    std::uint16_t label = 0;
    for (const Box& box : patches) {
        ++label;
        for (int y = static_cast<int>(box.y); y < static_cast<int>(box.bottom()); ++y) {
            for (int x = static_cast<int>(box.x); x < static_cast<int>(box.right()); ++x) {
                mask.labels[static_cast<std::size_t>(y * kWidth + x)] = label;
            }
        }
        mask.patches.push_back({box, static_cast<int>(box.area()), label});
    }
    return mask;
}

camera::PersonSize people_of_16_by_40() {
    camera::PersonSize size(kHeight);
    for (int i = 0; i < 50; ++i) {
        size.observe({100, 60.0 + i, 16, 40}, 600);
    }
    return size;
}

}  // namespace

TEST_CASE("camera: the learnt size of a person follows the depth of the picture", "[camera]") {
    camera::PersonSize size(kHeight);
    CHECK_FALSE(size.known());
    for (int i = 0; i < 100; ++i) {
        size.observe({0, 40, 10, 20}, 200);   // feet at 60: far
        size.observe({0, 140, 30, 60}, 200);  // feet at 200: near
    }
    REQUIRE(size.known());
    CHECK(size.at(60).height == Approx(20).margin(2));
    CHECK(size.at(200).height == Approx(60).margin(2));
    CHECK(size.at(200).width == Approx(30).margin(2));
}

TEST_CASE("camera: people side by side are told apart, fragments are joined", "[camera]") {
    const camera::PersonSize size = people_of_16_by_40();
    CHECK(camera::explain_patches(mask_of({{100, 60, 16, 40}}), size).size() == 1);
    const auto pair = camera::explain_patches(mask_of({{100, 60, 32, 40}}), size);
    REQUIRE(pair.size() == 2);
    CHECK(std::abs(pair[0].box.centre().x - pair[1].box.centre().x) == Approx(16).margin(3));
    CHECK(camera::explain_patches(mask_of({{100, 60, 48, 40}}), size).size() == 3);
    // Head and legs of one person.
    CHECK(
        camera::explain_patches(mask_of({{100, 60, 14, 12}, {101, 76, 15, 24}}), size).size() == 1
    );
    // A bird.
    CHECK(camera::explain_patches(mask_of({{100, 60, 6, 6}}), size).empty());
}

TEST_CASE("camera: who appears on the line is told apart by the scene", "[camera]") {
    // Nobody for a second, then somebody out of nowhere who walks on.
    class Apparition final : public camera::Detector {
    public:
        std::vector<camera::Detection> detect(const Frame& frame, bool /*followed*/) override {
            const double seconds = std::chrono::duration<double>(frame.time).count();
            const double x = 160 - 40 * std::max(0.0, seconds - 1.5);
            return seconds < 1
                       ? std::vector<camera::Detection>()
                       : std::vector<camera::Detection>{{camera::box_around({x, 120}, 20, 50), 1}};
        }
    };
    camera::Scene scene(std::make_unique<Apparition>(), {{camera::LinePoints{0.5, 0, 0.5, 1}}, {}});
    std::uint64_t ambiguous = 0;
    std::size_t crossings = 0;
    for (int i = 0; i < 40; ++i) {
        const camera::SceneReport report = scene.process(picture(i, {}));
        REQUIRE(report.ambiguous.size() == 1);
        ambiguous += report.ambiguous[0];
        crossings += report.crossings.size();
    }
    CHECK(ambiguous == 1);
    CHECK(crossings == 0);
}

TEST_CASE("camera: a loop seam creates no crossing", "[camera]") {
    camera::Scene scene(
        std::make_unique<camera::MotionDetector>(), {{camera::LinePoints{0.5, 0, 0.5, 1}}, {}}
    );
    std::size_t crossings = 0;
    int index = 0;
    for (; index < 30; ++index) {
        crossings += scene.process(picture(index, {})).crossings.size();
    }
    // Stands left of the line until the film ends, right of it when it begins again.
    for (int i = 0; i < 15; ++i, ++index) {
        crossings += scene.process(picture(index, {{140.0 - i, 100, 16, 40}})).crossings.size();
    }
    for (int i = 0; i < 15; ++i, ++index) {
        Frame frame = picture(index, {{166.0 + i, 100, 16, 40}});
        frame.seam = i == 0;
        crossings += scene.process(frame).crossings.size();
    }
    crossings += scene.finish().crossings.size();
    CHECK(crossings == 0);
}

TEST_CASE("camera: a walker in pixels is counted once, in the right direction", "[camera]") {
    camera::Scene scene(
        std::make_unique<camera::MotionDetector>(), {{camera::LinePoints{0.5, 0, 0.5, 1}}, {}}
    );
    std::vector<camera::LineCrossing> crossings;
    const auto show = [&](const Frame& frame) {
        for (const auto& each : scene.process(frame).crossings) {
            crossings.push_back(each);
        }
    };
    int index = 0;
    for (; index < 30; ++index) {
        show(picture(index, {}));
    }
    for (int x = 260; x > 40; x -= 4, ++index) {
        show(picture(index, {{static_cast<double>(x), 100, 16, 40}}));
    }
    for (int i = 0; i < 30; ++i, ++index) {
        show(picture(index, {}));
    }
    REQUIRE(crossings.size() == 1);
    CHECK(crossings[0].crossing.direction == camera::Direction::in);
}

TEST_CASE("camera: switching the light makes no people", "[camera]") {
    camera::MotionDetector detector;
    for (int i = 0; i < 30; ++i) {
        detector.detect(picture(i, {}), false);
    }
    Frame bright = picture(30, {});
    for (auto& byte : bright.bgr) {
        byte = static_cast<std::uint8_t>(byte + 80);
    }
    CHECK(detector.detect(bright, false).empty());
}

}  // namespace cxedge::test
