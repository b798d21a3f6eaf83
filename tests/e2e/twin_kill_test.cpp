// SPDX-License-Identifier: Apache-2.0
// kill -9 at every state of the twin: a cell for each rule of remote::twin_rules() whose step can
// be seen on disk. The process dies as soon as the step is there (looked up again after its death);
// after that the box is in a legal state and ends confirmed, rejected or rolled back, and nothing
// that was promised is lost. Rules that change nothing on disk (a start that finds the state as it
// left it) are between two kills of one cell; tests/unit/remote kills there, too.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"

#include "tests/e2e/followed_box.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using remote::TwinInput;
using remote::TwinOutcome;
using remote::TwinPhase;
using remote::TwinRule;
using remote::TwinState;

constexpr std::chrono::seconds kKilledTrial{3};
// A process may be faster than the kill: then the cell is tried again with another document.
constexpr int kMostTries = 6;

// Which rule led from one state on disk to the next.
bool led_by(const TwinRule& rule, const TwinState& before, const TwinState& after) {
    if (rule.phase != before.phase || rule.next != after.phase || before == after) {
        return false;
    }
    const bool grew = after.starts > before.starts;
    const bool rejected = rule.phase == TwinPhase::staged && rule.next == TwinPhase::idle;
    const auto& reasons =
        rejected && !after.history.empty() ? after.history[0].reasons : after.reasons;
    const bool spent = !reasons.empty() && reasons[0].find("ended twice") != std::string::npos;
    switch (rule.input) {
        case TwinInput::started:
            return grew;
        case TwinInput::spent:
            return spent;
        case TwinInput::failed:
        case TwinInput::doubted:
            return !spent;
        case TwinInput::invalid:
            return rejected && !spent;
        case TwinInput::offered:
            return true;
        default:
            return !grew;
    }
}

bool leaves_a_trace(const TwinRule& rule) {
    const bool counted = rule.phase == TwinPhase::applying || rule.phase == TwinPhase::staged;
    return rule.phase != rule.next || (counted && rule.input == TwinInput::started);
}

// What has to happen before the rule can: kills, in order, the last one at the rule itself.
struct KillPlan {
    std::string config;
    std::vector<TwinInput> kills;
    bool site_in_the_way = false;  // after the first kill the site's file contradicts the candidate
    std::vector<TwinOutcome> ends;
};

std::string good_config(std::uint64_t salt) {
    return fmt::format("[spool]\nmax_mib = {}\n", 364 + salt);
}

std::string cut_off_config(std::uint64_t salt) {
    return good_config(salt) + "[uplink]\nbroker = \"mqtt://127.0.0.1:1\"\n";
}

// A check that is cut short twice is not begun again.
KillPlan plan_while_staged(const TwinRule& rule, std::uint64_t salt) {
    std::vector<TwinInput> kills{TwinInput::offered, TwinInput::started};
    if (rule.input == TwinInput::spent) {
        kills.push_back(rule.input);
    }
    return {good_config(salt), kills, false, {TwinOutcome::rejected}};
}

KillPlan plan_of(const TwinRule& rule, std::uint64_t salt) {
    // A good one is given up where its trial was too short for a busy machine.
    static const std::vector<TwinOutcome> kEither{TwinOutcome::confirmed, TwinOutcome::rolled_back};
    const std::string good = good_config(salt);
    const std::string cut_off = cut_off_config(salt);
    const std::string nobody = good + "[uplink]\nusername = \"\"\n";
    const TwinInput input = rule.input;
    const bool back = rule.phase == TwinPhase::rolling_back;
    if (back || input == TwinInput::doubted) {
        return {cut_off, {input}, false, {TwinOutcome::rolled_back}};
    }
    if (input == TwinInput::invalid) {
        return {"[spool]\nmax_mib = 0\n", {input}, false, {TwinOutcome::rejected}};
    }
    const bool again_staged = input == TwinInput::started || input == TwinInput::spent;
    if (rule.phase == TwinPhase::staged && again_staged) {
        return plan_while_staged(rule, salt);
    }
    if (input == TwinInput::failed) {
        return {nobody, {TwinInput::valid, input}, true, {TwinOutcome::rolled_back}};
    }
    if (input == TwinInput::spent) {
        const TwinInput again =
            rule.phase == TwinPhase::trial ? TwinInput::applied : TwinInput::started;
        return {good, {again, again, input}, false, {TwinOutcome::rolled_back}};
    }
    if (rule.phase == TwinPhase::trial && input == TwinInput::started) {
        return {good, {TwinInput::applied, input}, false, kEither};
    }
    return {good, {input}, false, kEither};
}

// The states that follow each other in the box's file, as they come.
class StateWatch {
public:
    explicit StateWatch(const FollowedBox& followed, const std::string& directory)
        : followed_(followed), fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
        ::inotify_add_watch(fd_.get(), directory.c_str(), IN_MOVED_TO);
        last_ = followed.on_disk();
    }
    // The next change: what it was before; last() is what it is now. False: none in time.
    bool next(TwinState& before) {
        const auto deadline = std::chrono::steady_clock::now() + kPatience;
        while (std::chrono::steady_clock::now() < deadline) {
            const TwinState now = followed_.on_disk();
            if (!(now == last_)) {
                before = std::exchange(last_, now);
                return true;
            }
            wait_for_a_file();
        }
        return false;
    }
    [[nodiscard]] const TwinState& last() const { return last_; }

private:
    void wait_for_a_file() const {
        pollfd ready{fd_.get(), POLLIN, 0};
        ::poll(&ready, 1, 100);
        std::array<char, 4096> events{};
        (void)::read(fd_.get(), events.data(), events.size());
    }

    const FollowedBox& followed_;
    UniqueFd fd_;
    TwinState last_;
};

class KillCell {
public:
    KillCell(FollowedBox& followed, const TwinRule& rule) : followed_(followed), rule_(rule) {}

    // True: killed exactly there. Either way the box is idle again, and runs.
    bool attempt(KillPlan plan) {
        plan_ = std::move(plan);
        const wire::Desired desired = followed_.document(plan_.config, kKilledTrial);
        StateWatch watch(followed_, followed_.box().file("state"));
        followed_.offer(desired);
        const bool hit = kill_all(watch);
        const TwinState end = settle(watch, desired.generation);
        INFO(wire::to_string(end.phase));
        CHECK(end.candidate == remote::TwinDocument());
        CHECK(end.starts == 0);
        REQUIRE(!end.history.empty());
        const TwinOutcome outcome = end.history[0].outcome;
        const bool runs_it = end.good.version.generation == desired.generation;
        CHECK(runs_it == (outcome == TwinOutcome::confirmed));
        if (hit) {
            CHECK(std::count(plan_.ends.begin(), plan_.ends.end(), outcome) == 1);
        }
        CHECK(followed_.takes_more(5));
        return hit;
    }

private:
    bool kill_all(StateWatch& watch) {
        for (std::size_t i = 0; i < plan_.kills.size(); ++i) {
            if (!kill_at(watch, plan_.kills[i])) {
                return false;
            }
            if (plan_.site_in_the_way) {
                contradict(i == 0);
            }
            launch();
        }
        return true;
    }

    // Follows the states until one was led to by `input`, in the phase of our rule or before it.
    bool kill_at(StateWatch& watch, TwinInput input) {
        TwinState before;
        while (watch.next(before)) {
            const auto& rules = remote::twin_rules();
            const bool there = std::any_of(rules.begin(), rules.end(), [&](const TwinRule& rule) {
                const bool ours = rule.input != rule_.input || rule.phase == rule_.phase;
                return rule.input == input && ours && led_by(rule, before, watch.last());
            });
            if (there) {
                followed_.box().kill();
                alive_ = false;
                return followed_.on_disk() == watch.last();
            }
            if (watch.last().phase == TwinPhase::idle) {
                return false;  // over, and it never came
            }
        }
        return false;
    }

    // The site's file gets a password, which needs the user that the candidate takes away; or loses
    // it again.
    void contradict(bool begin) {
        static const std::string kPlain = "[uplink]\n";
        static const std::string kUser =
            kPlain + "username = \"u\"\npassword_file = \"/dev/null\"\n";
        followed_.box().edit_site(begin ? kPlain : kUser, begin ? kUser : kPlain);
    }

    TwinState settle(StateWatch& watch, std::uint64_t generation) {
        if (plan_.site_in_the_way) {
            contradict(false);
        }
        if (!alive_) {
            launch();
        }
        const auto over = [&] {
            return watch.last().phase == TwinPhase::idle && watch.last().highest == generation;
        };
        const auto deadline =
            std::chrono::steady_clock::now() + kKilledTrial + std::chrono::seconds(30);
        TwinState before;
        while (!over() && std::chrono::steady_clock::now() < deadline && watch.next(before)) {
        }
        CHECK(over());
        return watch.last();
    }
    void launch() {
        followed_.box().launch();
        alive_ = true;
    }

    FollowedBox& followed_;
    TwinRule rule_;
    KillPlan plan_;
    bool alive_ = true;
};

void check_kills_in(TwinPhase phase) {
    if (cannot_follow_here()) {
        return;
    }
    FollowedBox followed;
    std::uint64_t salt = 0;
    int cells = 0;
    for (const TwinRule& rule : remote::twin_rules()) {
        if (rule.phase != phase || !leaves_a_trace(rule)) {
            continue;
        }
        INFO("rule " << &rule - remote::twin_rules().data());
        bool hit = false;
        for (int i = 0; i < kMostTries && !hit; ++i) {
            hit = KillCell(followed, rule).attempt(plan_of(rule, ++salt));
        }
        CHECK(hit);
        ++cells;
    }
    CHECK(cells > 0);
    followed.check_equation();
}

}  // namespace

TEST_CASE("kill matrix: as a document is staged", "[e2e]") {
    check_kills_in(TwinPhase::idle);
}

// After the start the link is not up yet: that is no reason to ask for none.
TEST_CASE("kill matrix: a wrong broker, killed while it is staged", "[e2e]") {
    if (cannot_follow_here()) {
        return;
    }
    FollowedBox followed;
    const TwinRule& offered = remote::twin_rules().front();
    bool hit = false;
    for (std::uint64_t salt = 1; salt <= kMostTries && !hit; ++salt) {
        hit =
            KillCell(followed, offered)
                .attempt(
                    {cut_off_config(salt), {TwinInput::offered}, false, {TwinOutcome::rolled_back}}
                );
    }
    CHECK(hit);
}

TEST_CASE("kill matrix: as a staged one is judged", "[e2e]") {
    check_kills_in(TwinPhase::staged);
}

TEST_CASE("kill matrix: as it is applied", "[e2e]") {
    check_kills_in(TwinPhase::applying);
}

TEST_CASE("kill matrix: in its trial", "[e2e]") {
    check_kills_in(TwinPhase::trial);
}

TEST_CASE("kill matrix: as it is rolled back", "[e2e]") {
    check_kills_in(TwinPhase::rolling_back);
}

}  // namespace cxedge::test
