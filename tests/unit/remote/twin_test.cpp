// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/twin.hpp"

#include <compare>
#include <set>
#include <vector>

#include <fmt/core.h>

#include "agent/remote/twin_file.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::remote {
namespace {

const TwinSelf kThisBox{"acme", "gw-1", {"canary"}, "1.4.0+2026"};
const WallTime kNow = from_unix_ms(1'700'000'000'000);

Offer offer(std::uint64_t generation, const std::string& config = "[spool]\nmax_mib = 8\n") {
    Offer out;
    out.desired.tenant = "acme";
    out.desired.node = "gw-1";
    out.desired.generation = generation;
    out.desired.config = config;
    return out;
}

Verdict judged(const TwinState& state, const Offer& offered) {
    return judge(state, kThisBox, offered, kNow);
}

TwinMoment moment(BootTime boot = BootTime(1000)) {
    TwinMoment out;
    out.wall = kNow;
    out.boot = boot;
    out.boot_id = "boot-1";
    out.link_up = true;
    out.site_hash = "site";
    out.reasons = {"why"};
    return out;
}

TwinState staged(std::uint64_t generation = 7) {
    return stage({}, document_of(offer(generation)), moment()).state;
}

TwinState in_trial() {
    TwinState state = advance(staged(), TwinInput::valid, moment()).state;
    state = begin(state, moment()).state;
    return advance(state, TwinInput::applied, moment()).state;
}

TEST_CASE("twin: a document for this box and newer is tried", "[remote]") {
    CHECK(judged({}, offer(1)).kind == Verdict::Kind::stage);
    Offer group = offer(1);
    group.desired.node.clear();
    group.desired.group = "canary";
    CHECK(judged({}, group).kind == Verdict::Kind::stage);
    group.desired.percent = 64;  // the bucket of gw-1 is 64
    CHECK(judged({}, group).kind == Verdict::Kind::not_for_us);
    group.desired.percent = 65;
    CHECK(judged({}, group).kind == Verdict::Kind::stage);
}

TEST_CASE("twin: what is for another is refused and uses nothing up", "[remote]") {
    Offer other = offer(1);
    other.desired.node = "gw-2";
    CHECK(judged({}, other).kind == Verdict::Kind::refuse);
    Offer tenant = offer(1);
    tenant.desired.tenant = "other";
    CHECK(judged({}, tenant).kind == Verdict::Kind::refuse);
    Offer group = offer(1);
    group.desired.node.clear();
    group.desired.group = "rest";
    CHECK(judged({}, group).kind == Verdict::Kind::refuse);
}

TEST_CASE("twin: a replay is refused, the retained document is not one", "[remote]") {
    TwinState state;
    state.highest = 7;
    CHECK(judged(state, offer(7)).kind == Verdict::Kind::refuse);
    CHECK(judged(state, offer(6)).kind == Verdict::Kind::refuse);
    CHECK(judged(state, offer(8)).kind == Verdict::Kind::stage);
    state.good = document_of(offer(7));
    CHECK(judged(state, offer(7)).kind == Verdict::Kind::not_for_us);
    CHECK(judged(state, offer(7, "other = 1")).kind == Verdict::Kind::refuse);
}

TEST_CASE("twin: time, version and parent must fit", "[remote]") {
    Offer late = offer(1);
    late.desired.not_after = kNow - std::chrono::seconds(1);
    CHECK(judged({}, late).kind == Verdict::Kind::reject);
    Offer early = offer(1);
    early.desired.not_before = kNow + std::chrono::seconds(1);
    CHECK(judged({}, early).kind == Verdict::Kind::wait);
    Offer newer = offer(1);
    newer.desired.min_agent_version = "1.10.0";
    CHECK(judged({}, newer).kind == Verdict::Kind::reject);
    newer.desired.min_agent_version = "1.4.0";
    CHECK(judged({}, newer).kind == Verdict::Kind::stage);
    Offer child = offer(1);
    child.desired.parent_hash = std::string(32, 'p');
    CHECK(judged({}, child).kind == Verdict::Kind::reject);
    // What it runs already it may be told again: a stage of a roll-out that is repeated.
    TwinState there;
    there.good = document_of(child);
    child.desired.generation = 2;
    CHECK(judged(there, child).kind == Verdict::Kind::same);
}

TEST_CASE("twin: a hash that failed is tried again only when told", "[remote]") {
    TwinState state;
    state.denied = {document_of(offer(1)).version.hash};
    CHECK(judged(state, offer(2)).kind == Verdict::Kind::reject);
    Offer again = offer(2);
    again.desired.retry = true;
    CHECK(judged(state, again).kind == Verdict::Kind::stage);
}

TEST_CASE("twin: the same content needs no trial", "[remote]") {
    TwinState state;
    state.good = document_of(offer(1));
    state.highest = 1;
    REQUIRE(judged(state, offer(2)).kind == Verdict::Kind::same);
    const TwinState after =
        conclude(state, document_of(offer(2)), TwinOutcome::confirmed, moment()).state;
    CHECK(after.good.version.generation == 2);
    CHECK(after.phase == TwinPhase::idle);
    CHECK(after.history.at(0).outcome == TwinOutcome::confirmed);
}

TEST_CASE("twin: new keys hold once both present ones signed and it is confirmed", "[remote]") {
    std::vector<PublicKey> pinned;
    for (int i = 0; i < 2; ++i) {
        auto key = SigningKey::generate();
        REQUIRE(key);
        pinned.push_back(key->public_key());
    }
    Offer rotation = offer(1);
    const std::string next(32, 'n');
    rotation.desired.keys = {pinned[1].bytes(), next};
    rotation.signers = {pinned[0]};
    CHECK(judged({}, rotation).kind == Verdict::Kind::reject);
    rotation.signers = pinned;
    REQUIRE(judged({}, rotation).kind == Verdict::Kind::stage);
    TwinMoment now = moment();
    now.pinned_hash = hash_of(pinned);
    const TwinState after = conclude({}, document_of(rotation), TwinOutcome::confirmed, now).state;
    REQUIRE(keys_in_force(after, pinned).size() == 2);
    CHECK(keys_in_force(after, pinned)[0] == pinned[1]);
    CHECK(keys_in_force(after, pinned)[1].bytes() == next);
    // Somebody on the box pinned others: these hold.
    CHECK(keys_in_force(after, {pinned[0]}) == std::vector{pinned[0]});
}

TEST_CASE("twin: versions compare by their numbers", "[remote]") {
    CHECK(older_than("1.9.3", "1.10.0"));
    CHECK(older_than("0.1.0+20260101", "0.1.1"));
    CHECK_FALSE(older_than("1.10.0", "1.9.3"));
    CHECK_FALSE(older_than("1.4.0", ""));
    CHECK_FALSE(older_than("1.4.0+x", "1.4.0"));
}

TEST_CASE("twin: a good configuration is confirmed, a doubtful one rolled back", "[remote]") {
    const TwinState good = advance(in_trial(), TwinInput::proven, moment()).state;
    CHECK(good.phase == TwinPhase::idle);
    CHECK(good.good.version.generation == 7);
    CHECK(good.history.at(0).outcome == TwinOutcome::confirmed);
    CHECK(good.denied.empty());

    TwinStep back = advance(in_trial(), TwinInput::doubted, moment());
    CHECK(back.action == TwinAction::restore);
    CHECK(wanted(back.state).version.generation == 0);
    const TwinState over = advance(back.state, TwinInput::applied, moment()).state;
    CHECK(over.phase == TwinPhase::idle);
    CHECK(over.good.version.generation == 0);
    CHECK(over.highest == 7);
    REQUIRE(over.history.size() == 1);
    CHECK(over.history[0].outcome == TwinOutcome::rolled_back);
    CHECK(over.history[0].reasons == std::vector<std::string>{"why"});
    CHECK(over.denied == std::vector{document_of(offer(7)).version.hash});
}

TEST_CASE("twin: a trial is judged at its end, by health and by an acknowledgement", "[remote]") {
    const TwinState state = in_trial();
    const BootTime end = state.trial_until;
    CHECK(end == BootTime(1000) + wire::kDefaultTrial);
    const TrialView fine{true, true, true, ""};
    CHECK_FALSE(judge_trial(state, fine, end - BootTime(1)).over);
    CHECK(judge_trial(state, fine, end).proven);
    CHECK_FALSE(judge_trial(state, {false, true, true, "camera: failed"}, end).proven);
    CHECK_FALSE(judge_trial(state, {true, false, true, "disk full"}, end).proven);
    CHECK_FALSE(judge_trial(state, {true, true, false, ""}, end).proven);
    TwinState offline = state;
    offline.link_was_up = false;
    CHECK(judge_trial(offline, {true, true, false, ""}, end).proven);
}

TEST_CASE("twin: a restart within a trial does not make it longer", "[remote]") {
    TwinState state = in_trial();
    const BootTime end = state.trial_until;
    state = begin(state, moment(BootTime(50000))).state;
    CHECK(state.phase == TwinPhase::applying);
    CHECK(state.starts == 2);
    state = advance(state, TwinInput::applied, moment(BootTime(51000))).state;
    CHECK(state.trial_until == end);
    // Started once more: enough.
    const TwinStep spent = begin(state, moment(BootTime(60000)));
    CHECK(spent.action == TwinAction::restore);
    CHECK(spent.state.phase == TwinPhase::rolling_back);
}

TEST_CASE("twin: killed while staged, a wrong broker is not confirmed", "[remote]") {
    TwinMoment well = moment();
    well.unwell = {"till"};
    TwinState state = stage({}, document_of(offer(7)), well).state;
    // The process begins again: no link yet, and the camera is starting.
    TwinMoment starting = moment(BootTime(2000));
    starting.link_up = false;
    starting.unwell = {"till", "camera"};
    const TwinStep found = begin(state, starting);
    state = advance(found.state, TwinInput::valid, starting).state;
    CHECK(state.unwell == std::vector<std::string>{"till"});
    state = advance(begin(state, starting).state, TwinInput::applied, starting).state;
    REQUIRE(state.phase == TwinPhase::trial);
    CHECK_FALSE(judge_trial(state, {true, true, false, ""}, state.trial_until).proven);
}

TEST_CASE("twin: offered while the link flaps, a wrong broker is not confirmed", "[remote]") {
    TwinMoment offline = moment();
    offline.link_up = false;
    TwinState state = stage({}, document_of(offer(7)), offline).state;
    state = advance(state, TwinInput::valid, offline).state;
    state = advance(begin(state, offline).state, TwinInput::applied, offline).state;
    CHECK_FALSE(judge_trial(state, {true, true, false, ""}, state.trial_until).proven);
}

TEST_CASE("twin: a check that ends the agent is not repeated for ever", "[remote]") {
    const TwinStep again = begin(staged(), moment());
    REQUIRE(again.action == TwinAction::validate);
    const TwinStep spent = begin(again.state, moment());
    CHECK(spent.action == TwinAction::report);
    CHECK(spent.state.phase == TwinPhase::idle);
    const TwinAttempt& attempt = spent.state.history.at(0);
    CHECK(attempt.outcome == TwinOutcome::rejected);
    CHECK(attempt.reasons.at(0) == "the agent ended twice while it was checked");
    CHECK(spent.state.denied == std::vector{document_of(offer(7)).version.hash});
    // Checks do not count as starts of the trial.
    const TwinState tried = advance(again.state, TwinInput::valid, moment()).state;
    CHECK(tried.starts == 0);
}

TEST_CASE("twin: thousands of mistakes do not spoil the file", "[remote]") {
    TwinMoment now = moment();
    now.reasons.assign(5000, std::string(1000, 'x'));
    const TwinState rejected = advance(staged(), TwinInput::invalid, now).state;
    const TwinState back = advance(in_trial(), TwinInput::doubted, now).state;
    const TwinState late = conclude({}, document_of(offer(7)), TwinOutcome::rejected, now).state;
    for (const TwinState& state : {rejected, back, late}) {
        const auto read = decode_twin(encode_twin(state));
        REQUIRE(read);
        CHECK(*read == state);
    }
    const std::vector<std::string>& reasons = rejected.history.at(0).reasons;
    REQUIRE(reasons.size() == 16);
    CHECK(reasons[0] == std::string(300, 'x'));
    CHECK(reasons[15] == "and 4985 more");
    CHECK((back.reasons == reasons && late.history.at(0).reasons == reasons));
}

TEST_CASE("twin: nothing is concluded over a candidate that is staged", "[remote]") {
    const TwinState state = staged(7);
    const TwinStep step = conclude(state, document_of(offer(8)), TwinOutcome::confirmed, moment());
    CHECK(step.action == TwinAction::illegal);
    CHECK(step.state == state);
}

TEST_CASE("twin: history and refused hashes are bounded", "[remote]") {
    TwinState state;
    for (std::uint64_t i = 1; i <= 100; ++i) {
        TwinDocument document = document_of(offer(i, fmt::format("a = {}", i)));
        state = stage(state, document, moment()).state;
        state = advance(state, TwinInput::valid, moment()).state;
        state = advance(state, TwinInput::failed, moment()).state;
        state = advance(state, TwinInput::applied, moment()).state;
    }
    CHECK(state.history.size() == kHistory);
    CHECK(state.history[0].version.generation == 100);
    CHECK(state.denied.size() == kMostDenied);
}

TEST_CASE("twin: the file gives back what was written", "[remote]") {
    const test::TempDir dir;
    TwinState state = in_trial();
    state.denied = {std::string(32, 'd')};
    state.keys = {std::string(32, 'k')};
    state.history.push_back({{3, "h"}, TwinOutcome::rejected, {"one", "two"}, kNow, "id"});
    REQUIRE(write_twin(dir.file("twin"), state));
    const auto read = read_twin(dir.file("twin"));
    REQUIRE(read);
    CHECK(*read == state);
    CHECK(*read_twin(dir.file("none")) == TwinState());
}

TEST_CASE("twin: a damaged file is noticed", "[remote]") {
    const std::string bytes = encode_twin(in_trial());
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        std::string changed = bytes;
        changed[at] = static_cast<char>(changed[at] + 1);
        CHECK_FALSE(decode_twin(changed));
        CHECK_FALSE(decode_twin(std::string_view(bytes).substr(0, at)));
    }
}

// ---- kill -9 anywhere ----

// A box whose process can be killed before and after each write of the state. What its candidate
// does when it runs is the world's choice.
struct World {
    bool valid = true;     // loads, plugins accept
    bool starts = true;    // the agent comes up with it
    bool healthy = true;   // and proves itself
    bool restores = true;  // the good one comes up at once; else at the second attempt
};

// At the step of a rule: just before it is on disk, or just after.
struct Death {
    TwinPhase phase;
    TwinInput input;
    bool written;
    auto operator<=>(const Death&) const = default;
};

class KilledBox {
public:
    // The process dies at the kill points whose numbers are in `kills`.
    KilledBox(const World& world, std::set<int> kills) : world_(world), kills_(std::move(kills)) {}

    // Runs, being started again after each death, until the attempt is over.
    const TwinState& run(const TwinDocument& document) {
        const auto is_over = [&] {
            return disk_.phase == TwinPhase::idle && disk_.highest == document.version.generation;
        };
        for (int life = 0; life < 40 && !is_over(); ++life) {
            alive_ = true;
            live(document);
            boot_ += BootTime(2000);
        }
        return disk_;
    }
    [[nodiscard]] int points() const { return points_; }
    [[nodiscard]] const std::vector<Death>& deaths() const { return deaths_; }

private:
    bool survives(const Death& death) {
        if (kills_.count(points_++) != 0) {
            alive_ = false;
            deaths_.push_back(death);
        }
        return alive_;
    }
    void commit(TwinInput input, const TwinStep& step) {
        REQUIRE(step.action != TwinAction::illegal);
        const TwinPhase from = disk_.phase;
        if (survives({from, input, false})) {
            disk_ = step.state;
            action_ = step.action;
            survives({from, input, true});
        }
    }
    void live(const TwinDocument& document) {
        const TwinStep found = begin(disk_, moment(boot_));
        const bool given_up =
            found.action == TwinAction::report || found.state.phase == TwinPhase::rolling_back;
        const bool spent = disk_.phase != found.state.phase && given_up;
        commit(spent ? TwinInput::spent : TwinInput::started, found);
        if (alive_ && disk_.phase == TwinPhase::idle &&
            disk_.highest < document.version.generation) {
            commit(TwinInput::offered, stage(disk_, document, moment(boot_)));
        }
        while (alive_ && disk_.phase != TwinPhase::idle) {
            const TwinInput input = next_input();
            commit(input, advance(disk_, input, moment(boot_)));
            if (input == TwinInput::valid || input == TwinInput::doubted) {
                return;  // a new process begins with it
            }
        }
    }
    TwinInput next_input() {
        switch (action_) {
            case TwinAction::validate:
                return world_.valid ? TwinInput::valid : TwinInput::invalid;
            case TwinAction::apply:
                return world_.starts ? TwinInput::applied : TwinInput::failed;
            case TwinAction::restore:
                return world_.restores || restores_++ > 0 ? TwinInput::applied : TwinInput::failed;
            default:
                boot_ = disk_.trial_until;
                return world_.healthy ? TwinInput::proven : TwinInput::doubted;
        }
    }

    World world_;
    std::set<int> kills_;
    TwinState disk_;
    TwinAction action_ = TwinAction::none;
    BootTime boot_{1000};
    int points_ = 0;
    int restores_ = 0;
    bool alive_ = true;
    std::vector<Death> deaths_;
};

std::vector<World> worlds() {
    return {
        {true, true, true, true},
        {true, true, false, true},
        {true, true, false, false},
        {true, false, false, true},
        {false, false, false, true}};
}

void check_end(const World& world, const TwinState& end, std::size_t kills) {
    CHECK(end.phase == TwinPhase::idle);
    CHECK(end.highest == 7);
    REQUIRE(end.history.size() == 1);
    const TwinOutcome outcome = end.history[0].outcome;
    if (!world.valid) {
        CHECK(outcome == TwinOutcome::rejected);
    } else if (!world.starts || !world.healthy) {
        const bool unchecked = outcome == TwinOutcome::rejected && kills >= kMostStarts;
        CHECK((outcome == TwinOutcome::rolled_back || unchecked));
    } else {
        // A good one is given up only after as many deaths as the loop breaker allows.
        const bool given_up = outcome != TwinOutcome::confirmed && kills >= kMostStarts;
        CHECK((outcome == TwinOutcome::confirmed || given_up));
    }
    const bool runs_new = end.good.version.generation == 7;
    CHECK(runs_new == (outcome == TwinOutcome::confirmed));
    CHECK(end.candidate == TwinDocument());
    CHECK(end.starts == 0);
}

// Every way to die up to three times; where it died goes to `deaths`.
void kill_everywhere(const World& world, std::set<Death>& deaths) {
    const TwinDocument document = document_of(offer(7));
    KilledBox undisturbed(world, {});
    check_end(world, undisturbed.run(document), 0);
    const int points = undisturbed.points();
    for (int first = 0; first < points; ++first) {
        for (int second = first; second < points + 4; ++second) {
            for (int third = second; third < points + 8; ++third) {
                KilledBox box(world, {first, second, third});
                INFO("killed at " << first << ", " << second << " and " << third);
                const TwinState& end = box.run(document);
                check_end(world, end, box.deaths().size());
                deaths.insert(box.deaths().begin(), box.deaths().end());
            }
        }
    }
}

TEST_CASE("twin: killed at the step of any rule it ends confirmed or rolled back", "[remote]") {
    std::set<Death> deaths;
    for (const World& world : worlds()) {
        kill_everywhere(world, deaths);
    }
    // The matrix is the table: each rule, just before its step is on disk and just after.
    for (const TwinRule& rule : twin_rules()) {
        INFO(wire::to_string(rule.phase) << ", input " << static_cast<int>(rule.input));
        CHECK(deaths.count({rule.phase, rule.input, false}) == 1);
        CHECK(deaths.count({rule.phase, rule.input, true}) == 1);
    }
    CHECK(deaths.size() == 2 * twin_rules().size());
}

TEST_CASE("twin: no phase is a dead end for a process that begins in it", "[remote]") {
    for (const TwinRule& rule : twin_rules()) {
        INFO(wire::to_string(rule.phase));
        // Wherever a rule leads, a process that begins there knows what to do.
        TwinState state = in_trial();
        state.phase = rule.next;
        state.starts = 0;
        CHECK(begin(state, moment()).action != TwinAction::illegal);
        state.starts = kMostStarts;
        CHECK(begin(state, moment()).action != TwinAction::illegal);
    }
    for (const auto phase : {TwinPhase::idle, TwinPhase::staged, TwinPhase::rolling_back}) {
        TwinState state = in_trial();
        state.phase = phase;
        CHECK(advance(state, TwinInput::proven, moment()).action == TwinAction::illegal);
        CHECK(advance(state, TwinInput::proven, moment()).state == state);
    }
}

}  // namespace
}  // namespace cxedge::remote
