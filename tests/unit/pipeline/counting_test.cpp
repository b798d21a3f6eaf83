// SPDX-License-Identifier: Apache-2.0
// Counting discipline: what is told twice counts once, what nobody told shows, what hangs is said.
#include <fstream>
#include <sstream>

#include "agent/pipeline/seen_keys.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/pipeline/recording_output.hpp"

namespace cxedge::pipeline {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

// Intervals of half an hour, numbered from a whole hour on.
constexpr std::int64_t kFirstMs = Bench::kMinute * 60'000 - 86'400'000;
constexpr std::int64_t kSlotMs = 1'800'000;

struct CountingBench : Bench {
    using Bench::Bench;

    Status slot(SeriesId id, std::int64_t number, double value, std::int64_t slots = 1) {
        Occasion occasion;
        occasion.from = from_unix_ms(kFirstMs + number * kSlotMs);
        occasion.time = *occasion.from + milliseconds(slots * kSlotMs);
        return pipeline.accept_once(id, value, occasion, at_boot(now.boot), now);
    }
    Status named(SeriesId id, std::uint64_t key, double value) {
        Occasion occasion;
        occasion.key = key;
        return pipeline.accept_once(id, value, occasion, at_boot(now.boot), now);
    }
    // When the explicit losses of all series were.
    [[nodiscard]] std::vector<std::int64_t> lost_slots() const {
        std::vector<std::int64_t> lost;
        for (const Sample& sample : output.samples) {
            if (std::holds_alternative<Lost>(sample.value)) {
                lost.push_back((sample.time.ms - kFirstMs) / kSlotMs - 1);
            }
        }
        return lost;
    }
    [[nodiscard]] std::vector<Event> events_named(const std::string& name) const {
        std::vector<Event> found;
        for (const Event& event : output.events) {
            if (event.name == name) {
                found.push_back(event);
            }
        }
        return found;
    }
};

double sum(const std::vector<double>& values) {
    double total = 0;
    for (const double value : values) {
        total += value;
    }
    return total;
}

TEST_CASE("counting: an interval's count is a sample of its own, at its end", "[pipeline]") {
    CountingBench bench;
    const SeriesId id = bench.declare("d", Kind::delta);
    REQUIRE(bench.slot(id, 0, 7));

    REQUIRE(bench.output.samples.size() == 1);
    CHECK(std::get<double>(bench.output.samples[0].value) == 7);
    CHECK(bench.output.samples[0].time == at_wall(from_unix_ms(kFirstMs + kSlotMs)));
}

TEST_CASE("trap: an interval that is pushed twice counts once", "[pipeline]") {
    CountingBench bench;
    const SeriesId id = bench.declare("d", Kind::delta);
    REQUIRE(bench.slot(id, 0, 7));
    REQUIRE(bench.slot(id, 1, 2));
    REQUIRE(bench.slot(id, 0, 7));
    REQUIRE(bench.slot(id, 0, 9, 2));  // both, once more

    CHECK(bench.output.numbers("d") == std::vector<double>{7, 2});
    CHECK(bench.pipeline.counters().repeated == 2);
    CHECK(bench.lost_slots().empty());
}

TEST_CASE("trap: zero is a count", "[pipeline]") {
    CountingBench bench;
    const SeriesId id = bench.declare("d", Kind::delta);
    REQUIRE(bench.slot(id, 0, 0));
    CHECK(bench.output.numbers("d") == std::vector<double>{0});
}

TEST_CASE("counting: what nobody told of is declared, slot by slot", "[pipeline]") {
    CountingBench bench;
    const SeriesId id = bench.declare("d", Kind::delta);
    REQUIRE(bench.slot(id, 0, 1));
    REQUIRE(bench.slot(id, 4, 1));

    CHECK(bench.lost_slots() == std::vector<std::int64_t>{1, 2, 3});
    const auto gaps = bench.events_named("series.gap");
    REQUIRE(gaps.size() == 1);
    CHECK(gaps[0].text.find("3 intervals") != std::string::npos);
}

TEST_CASE("counting: what comes late fills its gap", "[pipeline]") {
    CountingBench bench;
    const SeriesId id = bench.declare("d", Kind::delta);
    for (const std::int64_t number : {0, 4, 2, 1, 3, 2}) {
        REQUIRE(bench.slot(id, number, 1));
    }
    REQUIRE(bench.slot(id, 5, 1));

    CHECK(sum(bench.output.numbers("d")) == 6);
    CHECK(bench.events_named("series.gap").size() == 1);
}

TEST_CASE("counting: a year without a word is no flood of losses", "[pipeline]") {
    CountingBench bench;
    const SeriesId id = bench.declare("d", Kind::delta);
    REQUIRE(bench.slot(id, -20'000, 1));
    REQUIRE(bench.slot(id, 0, 1));
    CHECK(bench.lost_slots().size() == 1'440);
    CHECK(bench.lost_slots().back() == -1);
    CHECK(bench.events_named("series.gap").size() == 1);
}

TEST_CASE("counting: an interval over a part of another counts and is said", "[pipeline]") {
    CountingBench bench;
    const SeriesId id = bench.declare("d", Kind::delta);
    REQUIRE(bench.slot(id, 0, 1, 2));
    REQUIRE(bench.slot(id, 1, 5, 2));
    CHECK(sum(bench.output.numbers("d")) == 6);
    CHECK(bench.events_named("series.overlap").size() == 1);
}

TEST_CASE("counting: a name counts once in its series", "[pipeline]") {
    CountingBench bench;
    const SeriesId id = bench.declare("d", Kind::delta);
    const SeriesId other = bench.declare("c", Kind::delta);
    REQUIRE(bench.named(id, 5, 1));
    REQUIRE(bench.named(id, 5, 1));
    REQUIRE(bench.named(other, 5, 1));
    REQUIRE(bench.named(id, 6, 1));
    bench.pass_minute();
    CHECK(sum(bench.output.numbers("d")) == 2);
    CHECK(sum(bench.output.numbers("c")) == 1);
}

TEST_CASE("counting: the last 32,768 names are known", "[pipeline]") {
    CountingBench bench;
    const SeriesId id = bench.declare("d", Kind::delta);
    for (std::uint64_t key = 1; key <= SeenKeys::kMost + 1; ++key) {
        REQUIRE(bench.named(id, key, 1));
    }
    REQUIRE(bench.named(id, 2, 1));  // dropped
    REQUIRE(bench.named(id, 1, 1));  // too long ago
    CHECK(bench.pipeline.counters().repeated == 1);
}

TEST_CASE("counting: wrong intervals and times are refused", "[pipeline]") {
    CountingBench bench;
    const SeriesId id = bench.declare("d", Kind::delta);
    CHECK_FALSE(bench.slot(id, 1, 1, 0));
    CHECK_FALSE(bench.slot(id, 1, 1, -1));
    CHECK_FALSE(bench.slot(SeriesId{77}, 1, 1));
    CHECK_FALSE(bench.slot(id, -1'000'000'000, 1));
    Occasion endless;
    endless.from = from_unix_ms(1);
    CHECK_FALSE(bench.pipeline.accept_once(id, 1, endless, at_boot(bench.now.boot), bench.now));
    CHECK(bench.output.samples.empty());
}

TEST_CASE("counting: the next process knows what was told", "[pipeline]") {
    CountingBench before;
    const SeriesId id = before.declare("d", Kind::delta);
    REQUIRE(before.slot(id, 0, 1));
    REQUIRE(before.named(id, 5, 1));
    std::string saved;
    before.pipeline.save(saved);

    CountingBench after;
    const auto ids = after.pipeline.restore(saved);
    REQUIRE(ids);
    REQUIRE(after.slot(*ids->at(0), 0, 1));
    REQUIRE(after.named(*ids->at(0), 5, 1));
    CHECK(after.pipeline.counters().repeated == 2);
    REQUIRE(after.slot(*ids->at(0), 2, 1));
    CHECK(after.lost_slots() == std::vector<std::int64_t>{1});
}

TEST_CASE("counting: a restart soon after a reboot forgets no interval", "[pipeline]") {
    CountingBench before;
    REQUIRE(before.slot(before.declare("d", Kind::delta), 0, 1));
    CountingBench rebooted;
    REQUIRE(rebooted.pipeline.adopt(before.pipeline.lasting()));
    std::string saved;
    rebooted.pipeline.save(saved);  // before its device spoke again
    CountingBench after;
    REQUIRE(after.pipeline.restore(saved));
    CHECK(after.pipeline.lasting() == before.pipeline.lasting());
    REQUIRE(after.slot(after.declare("d", Kind::delta), 0, 1));
    CHECK(after.output.samples.empty());
}

TEST_CASE("counting: a name is known also where its series has another number", "[pipeline]") {
    CountingBench before;
    REQUIRE(before.named(before.declare("d", Kind::delta), 5, 1));
    std::string saved;
    before.pipeline.save(saved);
    PipelineOptions options;
    options.occupancies = {{"shop", {}, hours(4)}};  // two series in front
    options.catalogue["store.occupancy"] = {"store.occupancy", Kind::gauge, "{person}", ""};
    options.catalogue["store.occupancy.residual"] = {
        "store.occupancy.residual", Kind::gauge, "{person}", ""};
    CountingBench after(options);
    const auto ids = after.pipeline.restore(saved);
    REQUIRE(ids);
    REQUIRE(after.named(*ids->at(0), 5, 1));
    CHECK(after.pipeline.counters().repeated == 1);
}

TEST_CASE("counting: after a reboot, too, an interval counts once", "[pipeline]") {
    CountingBench before;
    const SeriesId id = before.declare("d", Kind::delta);
    REQUIRE(before.slot(id, 0, 1));
    REQUIRE(before.slot(id, 1, 1));

    CountingBench after;
    REQUIRE(after.pipeline.adopt(before.pipeline.lasting()));
    const SeriesId again = after.declare("d", Kind::delta);
    REQUIRE(after.slot(again, 1, 1));
    REQUIRE(after.slot(again, 3, 1));
    CHECK(after.output.numbers("d") == std::vector<double>{1});
    CHECK(after.lost_slots() == std::vector<std::int64_t>{2});
}

TEST_CASE("trap: a sensor that hangs is said, once, and when it moves again", "[pipeline]") {
    Rule rule;
    rule.match = "*";
    rule.stuck = hours(12);
    PipelineOptions options;
    options.rules = {rule};
    CountingBench bench(options);
    const SeriesId id = bench.declare("g", Kind::gauge);
    for (int i = 0; i < 60 * 13; ++i) {
        REQUIRE(bench.give(id, 21.5));
        bench.pass_minute();
    }
    CHECK(bench.events_named("series.stuck").size() == 1);
    REQUIRE(bench.give(id, 21.6));
    const auto told = bench.events_named("series.stuck");
    REQUIRE(told.size() == 2);
    CHECK(told[1].state == EventState::clear);
    CHECK(told[1].id == told[0].id);
}

// 15 weeks of a real door: UCI CalIt2 (DOI 10.24432/C5NG78), half-hour counts.
struct Row {
    std::int64_t number = 0;  // of the half-hour, from the first one on
    std::string in;
    std::string out;
};

std::vector<Row> calit2_rows() {
    std::ifstream file(std::string(CXEDGE_SHARED) + "/data/calit2/calit2.csv");
    std::vector<Row> rows;
    std::string line;
    std::getline(file, line);  // local_time,in,out
    while (std::getline(file, line)) {
        std::istringstream cells(line);
        std::string time;
        Row row;
        std::getline(cells, time, ',');
        std::getline(cells, row.in, ',');
        std::getline(cells, row.out);
        row.number = static_cast<std::int64_t>(rows.size());
        rows.push_back(row);
    }
    return rows;
}

TEST_CASE("counting: CalIt2 comes out to the person, its holes declared", "[pipeline]") {
    const std::vector<Row> rows = calit2_rows();
    if (rows.empty()) {
        WARN("skipped: needs ../shared/data/calit2");
        return;
    }
    CountingBench bench;
    const SeriesId in = bench.declare("d", Kind::delta);
    const SeriesId out = bench.declare("c", Kind::delta);
    double people_in = 0;
    double people_out = 0;
    // Told as devices do: a batch of eight, then the last two once more.
    for (std::size_t first = 0; first < rows.size(); first += 6) {
        for (std::size_t i = first; i < std::min(rows.size(), first + 8); ++i) {
            const bool news = i < first + 6;
            if (!rows[i].in.empty()) {
                REQUIRE(bench.slot(in, rows[i].number, std::stod(rows[i].in)));
                people_in += news ? std::stod(rows[i].in) : 0;
            }
            if (!rows[i].out.empty()) {
                REQUIRE(bench.slot(out, rows[i].number, std::stod(rows[i].out)));
                people_out += news ? std::stod(rows[i].out) : 0;
            }
        }
    }
    CHECK(people_in == 19'625);
    CHECK(people_out == 18'806);
    CHECK(sum(bench.output.numbers("d")) == people_in);
    CHECK(sum(bench.output.numbers("c")) == people_out);
    // One half-hour of each direction is missing in the file.
    CHECK(bench.lost_slots().size() == 2);
    CHECK(bench.events_named("series.gap").size() == 2);
}

}  // namespace
}  // namespace cxedge::pipeline
