// SPDX-License-Identifier: Apache-2.0
#include "agent/app/intake_log.hpp"

#include <limits>
#include <random>

#include "tests/support/catch.hpp"

namespace cxedge::app {
namespace {

pipeline::Now at(std::int64_t wall_ms, std::int64_t boot_ms) {
    return {from_unix_ms(wall_ms), BootTime(boot_ms)};
}

TEST_CASE("intake_log: a reading comes back as it was", "[app]") {
    IntakeWriter writer;
    IntakeReader reader;
    std::mt19937_64 random(11);
    pipeline::Now now = at(1'700'000'000'000, 5000);
    const std::vector<double> odd{
        0.0, -0.0, 1.5, -3, 1e300, 9007199254740993.0, std::numeric_limits<double>::infinity()};
    for (int i = 0; i < 2000; ++i) {
        now.boot += BootTime(random() % 50);
        now.wall = from_unix_ms(1'700'000'000'000) + now.boot +
                   std::chrono::milliseconds(i % 97 == 0 ? 7777 : 0);
        Reading reading;
        reading.series = SeriesId{static_cast<std::uint32_t>(random() % 500)};
        reading.time = i % 3 == 0 ? at_wall(now.wall - BootTime(i)) : at_boot(now.boot);
        if (i % 5 != 0) {
            const auto pick = static_cast<std::size_t>(random() % odd.size());
            reading.value = i % 2 == 0 ? odd[pick] : static_cast<double>(i);
        }
        const auto read = reader.read(writer.write(reading, now));
        REQUIRE(read);
        CHECK(read->now.wall == now.wall);
        CHECK(read->now.boot == now.boot);
        const auto& back = std::get<Reading>(read->intake);
        CHECK(back.series == reading.series);
        CHECK(back.time == reading.time);
        REQUIRE(back.value.has_value() == reading.value.has_value());
        if (back.value) {
            CHECK(
                std::bit_cast<std::uint64_t>(*back.value) ==
                std::bit_cast<std::uint64_t>(*reading.value)
            );
        }
    }
}

TEST_CASE("intake_log: a common reading is small", "[app]") {
    IntakeWriter writer;
    const Reading reading{SeriesId{3}, at_boot(BootTime(5001)), 12.0};
    (void)writer.write(reading, at(1'700'000'000'000, 5000));
    CHECK(
        writer.write({SeriesId{3}, at_boot(BootTime(5002)), 12.0}, at(1'700'000'000'002, 5002))
            .size() == 4
    );
}

TEST_CASE("intake_log: events, declarations and ticks come back", "[app]") {
    IntakeWriter writer;
    IntakeReader reader;
    Event event;
    event.name = "plugin.crashed";
    event.severity = Severity::major;
    event.state = EventState::clear;
    event.id = random_event_id();
    event.time = at_wall(from_unix_ms(77));
    event.subject = "camera";
    event.text = "it left";
    event.attrs = {{"signal", "9"}};
    const auto now = at(1'700'000'000'000, 1);
    const auto event_back = reader.read(writer.write(event, now));
    REQUIRE(event_back);
    const auto& same = std::get<Event>(event_back->intake);
    CHECK(same.name == event.name);
    CHECK(same.severity == event.severity);
    CHECK(same.state == event.state);
    CHECK(same.id == event.id);
    CHECK(same.time == event.time);
    CHECK(same.subject == event.subject);
    CHECK(same.text == event.text);
    CHECK(same.attrs == event.attrs);

    const Declared declared{
        {{"till.state", {{"till", "1"}}}, Kind::state, "1", {"open", "closed"}, 16}};
    const auto declared_back = reader.read(writer.write(declared, now));
    REQUIRE(declared_back);
    CHECK(std::get<Declared>(declared_back->intake).info == declared.info);
    for (const bool flush : {false, true}) {
        const auto tick = reader.read(writer.write(Ticked{flush}, now));
        REQUIRE(tick);
        CHECK(std::get<Ticked>(tick->intake).flush == flush);
    }
}

TEST_CASE("intake_log: what is cut or strange is refused", "[app]") {
    IntakeWriter writer;
    Event event;
    event.name = "a";
    event.text = "text";
    const std::string record(writer.write(event, at(1, 2)));
    for (std::size_t cut = 0; cut < record.size(); ++cut) {
        IntakeReader reader;
        CHECK_FALSE(reader.read(record.substr(0, cut)));
    }
    IntakeReader reader;
    CHECK_FALSE(reader.read("\x07\x01"));
}

}  // namespace
}  // namespace cxedge::app
