// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "plugins/camera/camera_source.hpp"
#include "plugins/camera/floor_map.hpp"

#include "tests/plugins/case_folder.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {

namespace {

std::vector<std::string> problems_in(const std::string& toml) {
    camera::CameraSource source;
    SettingsProblems problems;
    source.init(source_settings(toml), problems);
    return problems.lines();
}

// A room of 4 x 6 m seen at a slant: the far wall is half as wide.
const std::vector<double> kRoom{0.1, 0.9, 0, 0, 0.9, 0.9, 4, 0, 0.7, 0.3, 4, 6, 0.3, 0.3, 0, 6};

std::vector<double> with(std::vector<double> numbers, std::size_t index, double value) {
    numbers[index] = value;
    return numbers;
}

}  // namespace

TEST_CASE("camera: every mistake is named with its place", "[camera][settings]") {
    const auto folders = case_folders("camera");
    REQUIRE_FALSE(folders.empty());
    for (const auto& folder : folders) {
        const auto problems = problems_in(read_text(folder / "config.toml"));
        for (const std::string& part : read_lines(folder / "problems.txt")) {
            INFO(folder.filename() << ": looking for <" << part << ">");
            CHECK(std::any_of(problems.begin(), problems.end(), [&](const std::string& problem) {
                return problem.find(part) != std::string::npos;
            }));
        }
        CHECK(problems.size() == read_lines(folder / "problems.txt").size());
    }
}

TEST_CASE("camera: the sample is a good configuration", "[camera][settings]") {
    const auto sample = read_text(plugins_dir() / "camera" / "sample.toml");
    CHECK(problems_in(sample) == std::vector<std::string>());
}

TEST_CASE("camera: four points map the picture to the floor", "[camera][twin]") {
    REQUIRE(camera::floor_problem(kRoom).empty());
    const camera::FloorMap map(kRoom);
    const auto corner = map.to_floor({0.9, 0.9});
    REQUIRE(corner);
    CHECK(corner->x == Approx(4));
    CHECK(corner->y == Approx(0).margin(1e-9));
    // Straight lines stay straight: the diagonals meet in the middle of the room.
    const auto middle = map.to_floor({0.5, 0.5});
    REQUIRE(middle);
    CHECK(middle->x == Approx(2));
    CHECK(middle->y == Approx(3));
}

TEST_CASE("camera: far from the four points nothing is mapped", "[camera][twin]") {
    const camera::FloorMap map(kRoom);
    CHECK_FALSE(map.to_floor({0.5, 0.05}));   // the wall behind
    CHECK_FALSE(map.to_floor({0.5, -0.35}));  // above the horizon
    CHECK(map.to_floor({0.5, 1}));
    CHECK(map.extent().width == Approx(8));
}

TEST_CASE("camera: a mirrored floor is a floor too", "[camera][twin]") {
    std::vector<double> mirrored = kRoom;
    for (std::size_t i = 3; i < mirrored.size(); i += 4) {
        mirrored[i] = -mirrored[i];
    }
    REQUIRE(camera::floor_problem(mirrored).empty());
    const auto middle = camera::FloorMap(mirrored).to_floor({0.5, 0.5});
    REQUIRE(middle);
    CHECK(middle->y == Approx(-3));
}

TEST_CASE("camera: four points that are no floor are refused", "[camera][twin]") {
    using Catch::Contains;
    CHECK_THAT(camera::floor_problem({1, 2, 3}), Contains("has 3 numbers"));
    CHECK_THAT(camera::floor_problem(with(kRoom, 0, 320)), Contains("fractions"));
    CHECK_THAT(camera::floor_problem(with(kRoom, 2, 1e9)), Contains("1000 metres"));
    // Two corners swapped.
    std::vector<double> crossed = kRoom;
    std::swap_ranges(crossed.begin(), crossed.begin() + 4, crossed.begin() + 4);
    CHECK_THAT(camera::floor_problem(crossed), Contains("go round") || Contains("one line"));
    // On one line in the picture.
    const std::vector<double> flat{0.1, 0.5, 0, 0, 0.9, 0.5, 4, 0, 0.7, 0.5, 4, 6, 0.3, 0.5, 0, 6};
    CHECK_THAT(camera::floor_problem(flat), Contains("one line"));
}

}  // namespace cxedge::test
