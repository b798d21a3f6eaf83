// SPDX-License-Identifier: Apache-2.0
// A pipeline that is saved and restored in the middle says the same as one that went through.
#include <algorithm>
#include <random>

#include "tests/support/catch.hpp"
#include "tests/unit/pipeline/recording_output.hpp"

namespace cxedge::pipeline {
namespace {

struct PlannedStep {
    std::uint32_t series = 0;
    double value = 0;
    std::chrono::milliseconds pass{0};
};

std::vector<PlannedStep> make_steps(std::uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<PlannedStep> steps;
    for (int i = 0; i < 60; ++i) {
        steps.push_back(
            {static_cast<std::uint32_t>(random() % 5),
             static_cast<double>(random() % 3),
             std::chrono::milliseconds(random() % 40'000)}
        );
    }
    return steps;
}

void declare_all(Bench& bench) {
    bench.declare("g", Kind::gauge);
    bench.declare("c", Kind::counter, 32);
    bench.declare("d", Kind::delta);
    bench.declare("h", Kind::histogram);
    bench.declare("s", Kind::state);
}

void run(Bench& bench, const std::vector<PlannedStep>& steps, std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
        REQUIRE(bench.give(SeriesId{steps[i].series}, steps[i].value));
        bench.pass(steps[i].pass);
    }
}

std::vector<std::string> said(const RecordingOutput& output) {
    std::vector<std::string> lines;
    for (const Sample& sample : output.samples) {
        std::string line = to_string(output.series[index_of(sample.series)].key) + " " +
                           std::to_string(sample.time.ms) + " ";
        if (const auto* number = std::get_if<double>(&sample.value)) {
            line += std::to_string(*number);
        } else if (const auto* histogram = std::get_if<Histogram>(&sample.value)) {
            line += "n=" + std::to_string(histogram->count()) +
                    " sum=" + std::to_string(histogram->sum());
        } else {
            line += "lost";
        }
        lines.push_back(line);
    }
    for (const Event& event : output.events) {
        lines.push_back(event.name + to_hex(event.id) + event.text);
    }
    return lines;
}

TEST_CASE("pipeline: saved and restored in the middle it says the same", "[pipeline]") {
    for (std::uint32_t seed = 1; seed <= 100; ++seed) {
        INFO("seed " << seed);
        const auto steps = make_steps(seed);
        const std::size_t middle = seed % steps.size();
        Bench whole;
        declare_all(whole);
        run(whole, steps, 0, steps.size());

        Bench first;
        declare_all(first);
        run(first, steps, 0, middle);
        std::string saved;
        first.pipeline.save(saved);
        Bench second;
        const auto ids = second.pipeline.restore(saved);
        REQUIRE(ids.ok());
        REQUIRE(ids->size() == 5);
        second.now = first.now;
        run(second, steps, middle, steps.size());

        auto both = said(first.output);
        const auto rest = said(second.output);
        // Events come after samples in said(): compare as sets of lines.
        both.insert(both.end(), rest.begin(), rest.end());
        auto expected = said(whole.output);
        std::sort(both.begin(), both.end());
        std::sort(expected.begin(), expected.end());
        CHECK(both == expected);
    }
}

TEST_CASE("pipeline: a series that the rules no longer allow is told", "[pipeline]") {
    PipelineOptions options;
    Rule rule;
    rule.match = "till.*";
    rule.unit = "1";
    options.rules.push_back(rule);
    Bench before(options);
    before.declare("till.a", Kind::gauge);
    before.declare("g", Kind::gauge);
    std::string saved;
    before.pipeline.save(saved);
    Bench after;
    const auto ids = after.pipeline.restore(saved);
    REQUIRE(ids.ok());
    REQUIRE(ids->size() == 2);
    CHECK_FALSE(ids->at(0).has_value());
    CHECK(ids->at(1) == SeriesId{0});
}

TEST_CASE("pipeline: damaged bytes are refused, not believed", "[pipeline]") {
    Bench bench;
    declare_all(bench);
    run(bench, make_steps(3), 0, 60);
    std::string saved;
    bench.pipeline.save(saved);
    for (std::size_t cut = 1; cut < saved.size(); ++cut) {
        Bench other;
        CHECK_FALSE(other.pipeline.restore(saved.substr(0, cut)).ok());
    }
}

}  // namespace
}  // namespace cxedge::pipeline
