// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/twin/push.hpp"

#include <fstream>

#include "agent/remote/envelope.hpp"
#include "agent/wire/topics.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::ctl {
namespace {

using std::chrono::milliseconds;
using wire::TwinOutcome;

constexpr const char* kGroupTopic = "cx/1/acme/group/stores/twin/desired";

// An operator who pushes, and the nodes that answer.
class Pushing {
public:
    explicit Pushing(PushOptions options) : options_(std::move(options)) {
        const auto key = remote::SigningKey::generate();
        std::ofstream(dir_.file("ops.pem")) << *key->pem();
        std::ofstream(dir_.file("change.toml")) << "[spool]\nmax_mib = 64\n";
        public_key_ = std::make_unique<remote::PublicKey>(key->public_key());
        options_.document.key_files = {dir_.file("ops.pem")};
        options_.document.config_file = dir_.file("change.toml");
        options_.document.tenant = "acme";
        push = std::make_unique<Push>(
            options_,
            *rollout_plan(options_),
            *desired_of(options_.document, clock.wall_now()),
            Push::Parts{
                clock,
                [this](std::string topic, std::string payload) {
                    sent.emplace_back(std::move(topic), std::move(payload));
                },
                [this](const std::string& line) { said += line; },
                [this](const std::string& text) { notes += text + "\n"; },
                [this] {
                    return broker_confirms;
                }}
        );
    }

    // The node's report; generation 0: it has tried nothing.
    void reports(const std::string& name, std::uint64_t generation, TwinOutcome outcome) {
        wire::Reported reported;
        reported.groups = {"stores"};
        reported.last_good = {3, std::string(32, 'g')};
        if (generation != 0) {
            reported.last_attempt.version.generation = generation;
            reported.last_attempt.outcome = outcome;
            reported.last_attempt.reasons = {"why"};
            reported.history = {reported.last_attempt};
        }
        push->hear("cx/1/acme/" + name + "/twin/reported", wire::encode_reported(reported));
    }
    // The node says that it tries it.
    void begins(const std::string& name, std::uint64_t generation) {
        wire::Reported reported;
        reported.groups = {"stores"};
        reported.phase = wire::TwinPhase::trial;
        reported.last_attempt.version.generation = generation;
        push->hear("cx/1/acme/" + name + "/twin/reported", wire::encode_reported(reported));
    }
    // Until the first document is out, or it is over.
    bool begin() {
        clock.advance(milliseconds(3000));
        return push->turn();
    }
    // What was sent last, as a box reads it.
    [[nodiscard]] wire::Desired document() const {
        const auto opened =
            remote::open_envelope(remote::Purpose::desired, sent.back().second, {*public_key_});
        REQUIRE(opened);
        return *wire::decode_desired(opened->body);
    }

    test::ManualClock clock;
    std::vector<std::pair<std::string, std::string>> sent;
    std::string said;
    std::string notes;
    bool broker_confirms = true;
    std::unique_ptr<Push> push;

private:
    test::TempDir dir_;
    PushOptions options_;
    std::unique_ptr<remote::PublicKey> public_key_;
};

PushOptions to_node() {
    PushOptions options;
    options.site = "paris";
    options.document.node = "gw-1";
    return options;
}

PushOptions to_group() {
    PushOptions options;
    options.document.group = "stores";
    options.stages = "100";
    return options;
}

}  // namespace

TEST_CASE("push: a node's document demands the parent that the node reports", "[ctl]") {
    Pushing pushing(to_node());
    pushing.reports("paris/gw-1", 0, TwinOutcome::none);
    CHECK(pushing.push->turn());  // it need not wait for others
    REQUIRE(pushing.sent.size() == 1);
    CHECK(pushing.sent[0].first == "cx/1/acme/paris/gw-1/twin/desired");
    CHECK(pushing.document().parent_hash == std::string(32, 'g'));
    pushing.reports("paris/gw-1", pushing.document().generation, TwinOutcome::confirmed);
    CHECK_FALSE(pushing.push->turn());
    CHECK(pushing.push->result() == ExitCode::ok);
    CHECK(pushing.sent.size() == 1);  // it stays for a box that is replaced
}

TEST_CASE("push: a parent that was told, or any, is not overridden", "[ctl]") {
    PushOptions options = to_node();
    options.document.parent = kAnyParent;
    Pushing any(options);
    any.reports("paris/gw-1", 0, TwinOutcome::none);
    CHECK(any.push->turn());
    CHECK(any.document().parent_hash.empty());
    options.document.parent = std::string(64, 'a');
    Pushing told(options);
    told.reports("paris/gw-1", 0, TwinOutcome::none);
    CHECK(told.push->turn());
    CHECK(told.document().parent_hash == std::string(32, '\xAA'));
}

TEST_CASE("push: a node that never answers takes nothing later, status 3", "[ctl]") {
    Pushing pushing(to_node());
    CHECK(pushing.push->turn());
    CHECK(pushing.sent.empty());
    CHECK(pushing.begin());
    REQUIRE(pushing.sent.size() == 1);
    pushing.clock.advance(milliseconds(181'000));
    CHECK_FALSE(pushing.push->turn());
    CHECK(pushing.push->result() == ExitCode::unavailable);
    CHECK(pushing.sent.back() == std::pair<std::string, std::string>(pushing.sent[0].first, ""));
}

TEST_CASE("push: a group demands no parent, for its boxes may differ", "[ctl]") {
    Pushing pushing(to_group());
    pushing.reports("paris/gw-1", 0, TwinOutcome::none);
    CHECK(pushing.begin());
    CHECK(pushing.sent.back().first == kGroupTopic);
    CHECK(pushing.document().parent_hash.empty());
}

TEST_CASE("push: nothing is sent to a group that nobody belongs to", "[ctl]") {
    Pushing pushing(to_group());
    CHECK_FALSE(pushing.begin());
    CHECK(pushing.push->result() == ExitCode::unavailable);
    CHECK(pushing.sent.empty());
}

TEST_CASE(
    "push: canaries get it under their names, then the group under the next number", "[ctl]"
) {
    PushOptions options = to_group();
    options.canary = {"paris/gw-1"};
    Pushing pushing(options);
    pushing.reports("paris/gw-1", 0, TwinOutcome::none);
    pushing.reports("paris/gw-2", 0, TwinOutcome::none);
    CHECK(pushing.begin());
    REQUIRE(pushing.sent.size() == 1);
    const std::uint64_t first = pushing.document().generation;
    CHECK(pushing.document().node == "gw-1");
    pushing.reports("paris/gw-1", first, TwinOutcome::confirmed);
    CHECK(pushing.push->turn());
    REQUIRE(pushing.sent.size() == 3);
    CHECK(pushing.sent[1].second.empty());  // the canary's own has done its work
    CHECK(pushing.sent[2].first == kGroupTopic);
    CHECK(pushing.document().generation == first + 1);
    CHECK(pushing.document().percent == 100);
    pushing.reports("paris/gw-2", first + 1, TwinOutcome::confirmed);
    CHECK_FALSE(pushing.push->turn());
    CHECK(pushing.push->result() == ExitCode::ok);
}

TEST_CASE("push: a canary that fails is the end, the others never see it", "[ctl]") {
    PushOptions options = to_group();
    options.canary = {"paris/gw-1"};
    Pushing pushing(options);
    pushing.reports("paris/gw-1", 0, TwinOutcome::none);
    pushing.reports("paris/gw-2", 0, TwinOutcome::none);
    CHECK(pushing.begin());
    pushing.reports("paris/gw-1", pushing.document().generation, TwinOutcome::rolled_back);
    CHECK_FALSE(pushing.push->turn());
    CHECK(pushing.push->result() == ExitCode::failed);
    CHECK(pushing.sent.back().second.empty());
    CHECK(pushing.notes.find("paris/gw-1 rolled back: why") != std::string::npos);
    CHECK(pushing.notes.find("1 others never saw it") != std::string::npos);
}

TEST_CASE("push: a canary outside the group is a mistake, nothing is sent", "[ctl]") {
    PushOptions options = to_group();
    options.canary = {"paris/gw-9"};
    Pushing pushing(options);
    pushing.reports("paris/gw-1", 0, TwinOutcome::none);
    CHECK_FALSE(pushing.begin());
    CHECK(pushing.sent.empty());
    CHECK(pushing.notes.find("paris/gw-9") != std::string::npos);
}

TEST_CASE("push: who interrupts a group's takes it back, a node's stays", "[ctl]") {
    Pushing group(to_group());
    group.reports("paris/gw-1", 0, TwinOutcome::none);
    CHECK(group.begin());
    group.push->interrupt();
    CHECK(group.sent.back() == std::pair<std::string, std::string>(kGroupTopic, ""));
    CHECK(group.push->result() == ExitCode::unavailable);
    Pushing node(to_node());
    node.reports("paris/gw-1", 0, TwinOutcome::none);
    CHECK(node.push->turn());
    node.push->interrupt();
    CHECK(node.sent.size() == 1);
}

TEST_CASE("push: it does not go on over boxes that took it and fell silent", "[ctl]") {
    PushOptions options = to_group();
    options.canary = {"paris/gw-1", "paris/gw-2"};
    Pushing pushing(options);
    for (const char* node : {"paris/gw-1", "paris/gw-2", "paris/gw-3"}) {
        pushing.reports(node, 0, TwinOutcome::none);
    }
    CHECK(pushing.begin());
    const std::uint64_t generation = pushing.document().generation;
    pushing.reports("paris/gw-1", generation, TwinOutcome::confirmed);
    pushing.begins("paris/gw-2", generation);
    CHECK(pushing.push->turn());
    pushing.clock.advance(milliseconds(181'000));
    CHECK_FALSE(pushing.push->turn());
    CHECK(pushing.push->result() == ExitCode::failed);
    for (const auto& [topic, payload] : pushing.sent) {
        CHECK(topic != kGroupTopic);
    }
    CHECK(pushing.notes.find("paris/gw-2 took it and fell silent (trial)") != std::string::npos);
    CHECK(pushing.notes.find("1 confirmed, 1 failed, 0 silent") != std::string::npos);
}

TEST_CASE("push: says taken back only when the broker has confirmed it", "[ctl]") {
    for (const bool confirms : {true, false}) {
        Pushing group(to_group());
        group.broker_confirms = confirms;
        group.reports("paris/gw-1", 0, TwinOutcome::none);
        CHECK(group.begin());
        group.push->interrupt();
        const bool done = group.notes.find("; taken back from the others") != std::string::npos;
        CHECK(done == confirms);
        const bool still = group.notes.find("may still get the document") != std::string::npos;
        CHECK(still == !confirms);
    }
    Pushing stopped(to_group());
    stopped.broker_confirms = false;
    stopped.reports("paris/gw-1", 0, TwinOutcome::none);
    CHECK(stopped.begin());
    stopped.reports("paris/gw-1", stopped.document().generation, TwinOutcome::rejected);
    CHECK_FALSE(stopped.push->turn());
    CHECK(stopped.notes.find("NOT taken back") != std::string::npos);
    CHECK(stopped.notes.find("never saw it") == std::string::npos);
}

TEST_CASE("push: its result is the last line, whoever speaks after it", "[ctl]") {
    PushOptions options = to_group();
    options.json = true;
    Pushing pushing(options);
    pushing.reports("paris/gw-1", 0, TwinOutcome::none);
    CHECK(pushing.begin());
    const std::uint64_t generation = pushing.document().generation;
    pushing.reports("paris/gw-1", generation, TwinOutcome::rolled_back);
    CHECK_FALSE(pushing.push->turn());
    const std::string said = pushing.said;
    CHECK(said.find("\"status\":1") != std::string::npos);
    pushing.reports("paris/gw-2", generation, TwinOutcome::confirmed);
    CHECK(pushing.said == said);
}

TEST_CASE("push: a document that a lost connection may have taken along is sent again", "[ctl]") {
    Pushing pushing(to_group());
    pushing.push->greet();
    CHECK(pushing.sent.empty());
    pushing.reports("paris/gw-1", 0, TwinOutcome::none);
    CHECK(pushing.begin());
    pushing.push->greet();
    REQUIRE(pushing.sent.size() == 2);
    CHECK(pushing.sent[0] == pushing.sent[1]);
}

TEST_CASE("push: a report that cannot be read is said, and ends nothing", "[ctl]") {
    Pushing pushing(to_group());
    pushing.push->hear("cx/1/acme/paris/gw-1/twin/reported", "\xFF\xFF");
    CHECK(pushing.notes.find("paris/gw-1: its report cannot be read") != std::string::npos);
    pushing.reports("paris/gw-1", 0, TwinOutcome::none);
    CHECK(pushing.begin());
}

TEST_CASE("push: options that do not fit are refused by name", "[ctl]") {
    PushOptions options = to_group();
    options.stages = "10,5";
    CHECK(rollout_plan(options).error().message.find("--stages") == 0);
    options = to_group();
    options.canary = {"gw-1"};
    CHECK(rollout_plan(options).error().message.find("--canary gw-1") == 0);
    options = to_node();
    options.site.clear();
    CHECK(rollout_plan(options).error().message.find("--site") != std::string::npos);
}

}  // namespace cxedge::ctl
