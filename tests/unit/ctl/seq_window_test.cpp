// SPDX-License-Identifier: Apache-2.0
// The window of numbers against plain sets, and the limits that plain sets do not have.
#include "agent/ctl/seq_window.hpp"

#include <limits>
#include <random>
#include <set>

#include "tests/support/catch.hpp"

namespace cxedge::ctl {
namespace {

using Arrival = SeqWindow::Arrival;
using Run = RunSet::Run;

constexpr std::uint32_t kFirstSeed = 1;
constexpr std::uint32_t kSeeds = 300;
constexpr std::uint64_t kHighest = std::numeric_limits<std::uint64_t>::max();

// The same by the definition, slowly.
struct Model {
    std::set<std::uint64_t> received;
    std::set<std::uint64_t> declared;
    std::uint64_t floor = 1;

    [[nodiscard]] bool settled(std::uint64_t seq) const {
        return seq < floor || received.count(seq) > 0 || declared.count(seq) > 0;
    }
    [[nodiscard]] std::uint64_t contig() const {
        std::uint64_t seq = 0;
        while (settled(seq + 1)) {
            ++seq;
        }
        return seq;
    }
    [[nodiscard]] std::optional<Run> hole(std::uint64_t highest) const {
        const std::uint64_t first = contig() + 1;
        for (std::uint64_t seq = first; seq <= highest; ++seq) {
            if (settled(seq)) {
                return Run{first, seq - 1};
            }
        }
        return std::nullopt;
    }
};

// One random step on both; false when they disagree about an arrival.
bool step(std::mt19937& random, SeqWindow& window, Model& model, std::uint64_t reach) {
    const std::uint64_t seq = 1 + random() % reach;
    switch (random() % 8) {
        case 0: {
            const Run run{seq, std::min(reach, seq + random() % 5)};
            window.declare(run);
            for (std::uint64_t one = run.first; one <= run.last; ++one) {
                model.declared.insert(one);
            }
            return true;
        }
        case 1:
            window.raise_floor(seq / 2 + 1);
            model.floor = std::max(model.floor, seq / 2 + 1);
            return true;
        default: {
            const bool fresh = model.received.insert(seq).second;
            const bool agreed = (window.look(seq) == Arrival::fresh) == fresh;
            if (fresh) {
                window.receive(seq);
            }
            return agreed;
        }
    }
}

}  // namespace

TEST_CASE("seq window: says what plain sets say", "[ctl]") {
    for (std::uint32_t seed = kFirstSeed; seed < kFirstSeed + kSeeds; ++seed) {
        std::mt19937 random(seed);
        SeqWindow window;
        Model model;
        const std::uint64_t reach = 5 + random() % 150;
        for (std::uint64_t i = 0; i < 2 * reach; ++i) {
            const bool agreed = step(random, window, model, reach);
            if (!agreed || window.contig() != model.contig() ||
                window.hole() != model.hole(reach + 5)) {
                FAIL("seed " << seed << ", step " << i);
            }
        }
        const auto received = RunSet::from_text(window.received().to_text());
        const auto declared = RunSet::from_text(window.declared().to_text());
        REQUIRE(received);
        REQUIRE(declared);
        CHECK(*received == window.received());
        CHECK(*declared == window.declared());
        CHECK(SeqWindow::restore(window.floor(), *received, *declared).contig() == model.contig());
    }
}

TEST_CASE("seq window: a backlog and what is live at the same time", "[ctl]") {
    SeqWindow window;
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        window.receive(1 + i);          // the backlog
        window.receive(1'000'000 + i);  // live
    }
    CHECK(window.received().runs() == 2);
    CHECK(window.contig() == 100'000);
    CHECK(window.hole() == Run{100'001, 999'999});
}

TEST_CASE("seq window: what cannot be remembered is not taken until holes fill", "[ctl]") {
    SeqWindow window;
    for (std::uint64_t i = 0; i < SeqWindow::kMaxRuns; ++i) {
        REQUIRE(window.look(2 + 2 * i) == Arrival::fresh);
        window.receive(2 + 2 * i);
    }
    const std::uint64_t beyond = 4 + 2 * SeqWindow::kMaxRuns;
    CHECK(window.look(beyond) == Arrival::full);
    CHECK(window.look(beyond - 3) == Arrival::fresh);  // extends a run
    CHECK(window.look(2) == Arrival::seen);
    window.raise_floor(5);  // 3 will never come: 2 and 4 may be one run
    CHECK(window.look(beyond) == Arrival::fresh);
    window.receive(beyond);
    CHECK(window.received().runs() == SeqWindow::kMaxRuns);
    CHECK(window.look(beyond + 2) == Arrival::full);
}

TEST_CASE("seq window: more declarations than are remembered stay settled", "[ctl]") {
    SeqWindow window;
    for (std::uint64_t i = 0; i < SeqWindow::kMaxRuns + 10; ++i) {
        window.declare({2 + 2 * i, 2 + 2 * i});
    }
    CHECK(window.declared().runs() == SeqWindow::kMaxRuns);
    CHECK(window.contig() == 0);
    window.receive(1);
    window.receive(3);
    CHECK(window.contig() == 4);
}

TEST_CASE("seq window: the last numbers there are", "[ctl]") {
    SeqWindow window;
    window.receive(kHighest);
    CHECK(window.look(kHighest) == Arrival::seen);
    CHECK(window.contig() == 0);
    CHECK(window.hole() == Run{1, kHighest - 1});
    window.declare({1, kHighest});
    CHECK(window.contig() == kHighest);
    CHECK_FALSE(window.hole());
    CHECK(window.look(7) == Arrival::fresh);
    window.receive(7);
    window.raise_floor(kHighest);
    CHECK(window.contig() == kHighest);
    window.receive(kHighest - 1);
    CHECK(window.received().to_text() == "7 18446744073709551614-18446744073709551615");
}

TEST_CASE("run set: texts that are none", "[ctl]") {
    CHECK(RunSet::from_text("")->runs() == 0);
    CHECK(RunSet::from_text("1-5 7 9-9")->to_text() == "1-5 7 9");
    CHECK(RunSet::from_text("7 1-6")->to_text() == "1-7");
    for (const char* text : {"x", "1-", "5-1", "1,2", "1 -2", "99999999999999999999"}) {
        INFO(text);
        CHECK_FALSE(RunSet::from_text(text));
    }
}

}  // namespace cxedge::ctl
