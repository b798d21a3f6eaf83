// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/twin_series.hpp"

#include <numeric>
#include <set>

#include "tests/support/catch.hpp"
#include "tests/support/fake_host.hpp"

namespace cxedge::test {

namespace {

using camera::Person;

// 10 x 10 m seen from straight above.
camera::AreaSettings ten_by_ten() {
    camera::AreaSettings settings;
    settings.twin = true;
    settings.floor = {0, 0, 0, 0, 1, 0, 10, 0, 1, 1, 10, 10, 0, 1, 0, 10};
    return settings;
}

Person person_at_place(std::uint64_t id, camera::Point place) {
    Person person;
    person.id = id;
    person.place = place;
    person.visible = true;
    person.moved = true;
    return person;
}

class Feed {
public:
    explicit Feed(const camera::AreaSettings& settings) {
        twin.start(host, settings, [this](SeriesId id, double value) {
            REQUIRE(host.emit(id, value).ok());
        });
    }
    void show(const std::vector<Person>& people, std::chrono::milliseconds step) {
        camera::SceneReport scene;
        now_ += step;
        host.manual_clock.advance(step);
        scene.time = now_;
        scene.people = people;
        twin.take(scene);
    }
    void second(const std::vector<Person>& people) { show(people, std::chrono::seconds(1)); }
    [[nodiscard]] std::vector<double> values(const std::string& series) const {
        return host.values_of(series);
    }

    FakeHost host{"cam"};
    camera::TwinSeries twin;

private:
    camera::FrameTime now_{0};
};

std::string slot(const std::string& metric, int index) {
    return "store.twin." + metric + "{camera=cam,slot=" + std::to_string(index) + "}";
}

}  // namespace

TEST_CASE("camera: the twin gets a place a second for everybody", "[camera][twin]") {
    Feed feed(ten_by_ten());
    for (int tenth = 0; tenth <= 30; ++tenth) {
        const double x = 0.2 + 0.01 * tenth;
        feed.show(
            {person_at_place(7, {x, 0.5}), person_at_place(9, {0.9, 0.1})},
            std::chrono::milliseconds(100)
        );
    }
    CHECK(feed.values(slot("x", 0)) == std::vector<double>{2, 3, 4, 5});
    CHECK(feed.values(slot("y", 0)) == std::vector<double>{5, 5, 5, 5});
    CHECK(feed.values(slot("x", 1)) == std::vector<double>{9, 9, 9, 9});
    const auto numbers = feed.values(slot("track", 0));
    CHECK(std::set<double>(numbers.begin(), numbers.end()).size() == 1);
    CHECK(numbers[0] != feed.values(slot("track", 1))[0]);
}

TEST_CASE("camera: numbers of people are drawn anew at midnight", "[camera][twin]") {
    Feed feed(ten_by_ten());
    const std::vector<Person> people{person_at_place(7, {0.5, 0.5})};
    feed.second(people);
    feed.second(people);
    feed.host.manual_clock.advance(std::chrono::hours(24));
    feed.second(people);
    const auto numbers = feed.values(slot("track", 0));
    REQUIRE(numbers.size() == 3);
    CHECK(numbers[0] == numbers[1]);
    CHECK(numbers[1] != numbers[2]);
}

TEST_CASE("camera: who comes back has another number, in a free slot", "[camera][twin]") {
    Feed feed(ten_by_ten());
    feed.second({person_at_place(1, {0.5, 0.5})});
    feed.second({});
    feed.second({person_at_place(2, {0.5, 0.5})});
    const auto numbers = feed.values(slot("track", 0));
    REQUIRE(numbers.size() == 2);
    CHECK(numbers[0] != numbers[1]);
    CHECK(feed.values(slot("track", 1)).empty());
}

TEST_CASE("camera: things, hidden people and far places are not told", "[camera][twin]") {
    Feed feed(ten_by_ten());
    Person dummy = person_at_place(1, {0.5, 0.5});
    dummy.moved = false;
    Person hidden = person_at_place(2, {0.5, 0.5});
    hidden.visible = false;
    feed.second({dummy, hidden, person_at_place(3, {0.5, 2.5})});
    feed.twin.report();
    CHECK(feed.host.readings.empty());
}

TEST_CASE("camera: the heat map adds up to the time people were there", "[camera][twin]") {
    Feed feed(ten_by_ten());
    for (int i = 0; i < 61; ++i) {
        feed.second({person_at_place(1, {0.55, 0.25}), person_at_place(2, {i < 31 ? 0.1 : 0.9, 0})}
        );
        if (i % 10 == 0) {
            feed.twin.report();
        }
    }
    const auto heat = [&](const std::string& cell) {
        const auto values = feed.values("store.heat{camera=cam," + cell + "}");
        return std::accumulate(values.begin(), values.end(), 0.0);
    };
    CHECK(heat("x=5,y=2") == Approx(60));
    CHECK(heat("x=1,y=0") == Approx(30));
    CHECK(heat("x=9,y=0") == Approx(30));
}

TEST_CASE("camera: a break of the stream counts for two seconds at most", "[camera][twin]") {
    Feed feed(ten_by_ten());
    feed.second({person_at_place(1, {0.5, 0.5})});
    feed.show({person_at_place(2, {0.5, 0.5})}, std::chrono::hours(1));
    feed.twin.report();
    CHECK(feed.values("store.heat{camera=cam,x=5,y=5}") == std::vector<double>{2});
}

TEST_CASE("camera: a crowd beyond the slots is told in part", "[camera][twin]") {
    Feed feed(ten_by_ten());
    std::vector<Person> crowd;
    for (std::uint64_t i = 0; i < 40; ++i) {
        crowd.push_back(person_at_place(i, {0.5, 0.5}));
    }
    feed.second(crowd);
    feed.twin.report();
    CHECK(feed.host.readings.size() == 32 * 3 + 1);
}

TEST_CASE("camera: without twin nothing about places leaves the camera", "[camera][twin]") {
    camera::AreaSettings settings = ten_by_ten();
    settings.twin = false;
    Feed feed(settings);
    feed.second({person_at_place(1, {0.5, 0.5})});
    feed.second({person_at_place(1, {0.5, 0.5})});
    feed.twin.report();
    CHECK(feed.host.readings.empty());
    CHECK(feed.host.series.empty());
}

}  // namespace cxedge::test
