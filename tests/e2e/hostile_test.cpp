// SPDX-License-Identifier: Apache-2.0
// What a stranger with the right to publish can send, and what operations can send by mistake, over
// a real broker: refused or rejected with a reason, counted, told, and never acted on.
#include <functional>

#include <fmt/core.h>

#include "agent/remote/envelope.hpp"
#include "agent/wire/envelope.hpp"
#include "agent/wire/topics.hpp"

#include "tests/e2e/followed_box.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

const std::string kHarmless = "[spool]\nmax_mib = 377\n";
constexpr std::chrono::seconds kHostileTrial{3};

// The process is the same, and runs the site's file alone.
class Untouched {
public:
    explicit Untouched(FollowedBox& followed)
        : followed_(followed), before_(followed.box().status()) {}
    void check() const {
        const Json now = followed_.box().status();
        CHECK(now["uptime_s"] >= before_["uptime_s"]);
        CHECK(now["spool_max_bytes"] == before_["spool_max_bytes"]);
        CHECK(now["sources"].size() == before_["sources"].size());
        CHECK(followed_.takes_more(5));
    }

private:
    FollowedBox& followed_;
    Json before_;
};

struct HostilePayload {
    std::string what;
    std::string payload;
    std::string why;  // in what the box says of it
};

std::string flipped(std::string bytes, std::size_t at) {
    bytes.at(at) = static_cast<char>(bytes.at(at) ^ 1);
    return bytes;
}

std::vector<HostilePayload> hostile_documents(FollowedBox& followed) {
    const SigningPair stranger;
    const SigningPair& ours = followed.signer();
    const auto document = [&](const std::function<void(wire::Desired&)>& change) {
        wire::Desired desired = followed.document(kHarmless, kHostileTrial);
        change(desired);
        return sealed(desired, {&ours});
    };
    const wire::Desired plain = followed.document(kHarmless, kHostileTrial);
    const std::string good = sealed(plain, {&ours});
    const auto as_command =
        remote::seal_envelope(remote::Purpose::command, wire::encode_desired(plain), {&ours.key()});
    return {
        {"no envelope", "[spool]\nmax_mib = 377\n", "envelope"},
        {"truncated", good.substr(0, good.size() / 2), "envelope"},
        {"without its last byte", good.substr(0, good.size() - 1), "envelope"},
        {"forged", flipped(good, good.size() - 1), "does not hold"},
        {"forged body", flipped(good, 12), "does not hold"},
        {"signed by a stranger", sealed(plain, {&stranger}), "not in [remote] keys"},
        {"signed as a command", as_command.value(), "does not hold"},
        {"for another node", document([](auto& d) { d.node = "n2"; }), "not for this box"},
        {"for another tenant", document([](auto& d) { d.tenant = "u"; }), "not for this box"},
        {"for a group it is not in",
         document([](auto& d) {
             d.node.clear();
             d.group = "other";
         }),
         "not for this box"},
        {"oversize", std::string(wire::kMaxEnvelopeBytes + 1000, '\n'), "at most"},
        {"not UTF-8", document([](auto& d) { d.config = "a = \"\xff\xfe\"\n"; }), "not UTF-8"},
        {"no document",
         remote::seal_envelope(remote::Purpose::desired, std::string(100, '\x07'), {&ours.key()})
             .value(),
         "are not a Desired"}};
}

std::vector<HostilePayload> mistaken_documents(FollowedBox& followed) {
    const auto document = [&](const std::function<void(wire::Desired&)>& change) {
        wire::Desired desired = followed.document(kHarmless, kHostileTrial);
        change(desired);
        return sealed(desired, {&followed.signer()});
    };
    const std::string deep = "a = " + std::string(5000, '[') + std::string(5000, ']') + "\n";
    return {
        {"expired",
         document([](auto& d) { d.not_after = from_unix_ms(1'600'000'000'000); }),
         "was valid until"},
        {"too new", document([](auto& d) { d.min_agent_version = "999.0.0"; }), "needs cxedge"},
        {"another parent",
         document([](auto& d) { d.parent_hash = std::string(32, 'p'); }),
         "changes configuration"},
        {"deeply nested", document([&](auto& d) { d.config = deep; }), "remote:1:"},
        {"dotted without end",
         document([](auto& d) {
             for (int i = 0; i < 5000; ++i) {
                 d.config += "a.";
             }
             d.config += "a = 1\n";
         }),
         "dots on one line"},
        {"keys of one signer only",
         document([](auto& d) { d.keys = {std::string(32, 'k')}; }),
         "both present ones"},
        {"whom to follow",
         document([](auto& d) { d.config = "[remote]\nkeys = []\n"; }),
         "only this box's own file"}};
}

}  // namespace

TEST_CASE("hostile: documents of strangers are refused, counted, told, not acted on", "[e2e]") {
    if (cannot_follow_here()) {
        return;
    }
    FollowedBox followed;
    const std::string topic = wire::Topics("t", "s", "n").twin_desired();
    const Untouched untouched(followed);
    std::uint64_t refused = 0;
    for (const HostilePayload& hostile : hostile_documents(followed)) {
        INFO(hostile.what);
        followed.operations().publish(topic, hostile.payload, true);
        ++refused;
        const auto report = followed.operations().report_where(
            "n", [&](const auto& now) { return now.refused == refused; }, kPatience
        );
        REQUIRE(report);
        INFO(report->last_refusal);
        CHECK(report->last_refusal.find(hostile.why) != std::string::npos);
        CHECK(report->history.empty());
    }
    CHECK(followed.box().status_where([&](const Json& now) {
        return now.value("configs_refused", 0U) == refused && !now["config_refusal"].empty();
    }));
    untouched.check();
    // Megabytes stay at the broker: what follows them is the next that the box hears of.
    const auto connects = followed.box().status().value("connects", 0);
    followed.operations().publish(topic, std::string(4'000'000, 'x'));
    followed.operations().publish(topic, "x");
    const auto report = followed.operations().report_where(
        "n", [&](const auto& now) { return now.refused > refused; }, kPatience
    );
    REQUIRE(report);
    CHECK(report->refused == refused + 1);
    CHECK(followed.box().status().value("connects", 0) == connects);
    untouched.check();
    followed.check_equation();
}

TEST_CASE("hostile: operations' own mistakes are rejected with a reason", "[e2e]") {
    if (cannot_follow_here()) {
        return;
    }
    FollowedBox followed;
    const std::string topic = wire::Topics("t", "s", "n").twin_desired();
    const Untouched untouched(followed);
    std::uint64_t rejected = 0;
    for (const HostilePayload& mistake : mistaken_documents(followed)) {
        INFO(mistake.what);
        followed.operations().publish(topic, mistake.payload, true);
        ++rejected;
        const auto report = followed.operations().report_where(
            "n",
            [&](const auto& now) {
                return now.phase == wire::TwinPhase::idle && now.history.size() == rejected;
            },
            kPatience
        );
        REQUIRE(report);
        REQUIRE(!report->last_attempt.reasons.empty());
        INFO(report->last_attempt.reasons.front());
        CHECK(report->last_attempt.outcome == wire::TwinOutcome::rejected);
        CHECK(report->last_attempt.reasons.front().find(mistake.why) != std::string::npos);
    }
    CHECK(followed.platform().event("config.rejected", "was valid until"));
    CHECK(followed.box().status_where([&](const Json& now) {
        return now.value("configs_refused", 0U) == rejected;
    }));
    untouched.check();
    followed.check_equation();
}

TEST_CASE("hostile: an old document is a replay, also after kill -9", "[e2e]") {
    if (cannot_follow_here()) {
        return;
    }
    FollowedBox followed;
    const std::string topic = wire::Topics("t", "s", "n").twin_desired();
    const wire::Desired old = followed.document("[spool]\nmax_mib = 376\n", kHostileTrial);
    const wire::Desired newer = followed.document(kHarmless, kHostileTrial);
    followed.offer(newer);
    const auto landed = followed.landed(newer);
    REQUIRE(landed);
    CHECK(landed->last_attempt.outcome == wire::TwinOutcome::confirmed);
    for (const bool killed : {false, true}) {
        if (killed) {
            followed.box().kill();
            followed.box().start();
        }
        followed.operations().publish(topic, sealed(old, {&followed.signer()}));
        const auto report = followed.operations().report_where(
            "n", [](const auto& now) { return now.refused == 1; }, kPatience
        );
        REQUIRE(report);
        CHECK(report->last_refusal.find("a replay") != std::string::npos);
        CHECK(report->running.generation == newer.generation);
        // Until the next process has reported, the broker shows the report of this one.
        CHECK(followed.box().status_where([](const Json& now) {
            return now.value("configs_refused", 0) == 1;
        }));
    }
    followed.check_equation();
}

namespace {

wire::Command command_for_box() {
    wire::Command command;
    command.tenant = "t";
    command.site = "s";
    command.node = "n";
    command.issued_at = SystemClock().wall_now();
    command.id = wire::make_ulid(command.issued_at);
    command.op = "live";
    command.args = {{"series", "*"}, {"every_s", "1"}, {"ttl_s", "60"}};
    return command;
}

std::vector<HostilePayload> hostile_commands(const SigningPair& ours) {
    const SigningPair stranger;
    const auto command = [&](const std::function<void(wire::Command&)>& change) {
        wire::Command asked = command_for_box();
        change(asked);
        return sealed(asked, ours);
    };
    const wire::Command plain = command_for_box();
    const std::string good = sealed(plain, ours);
    const auto as_desired =
        remote::seal_envelope(remote::Purpose::desired, wire::encode_command(plain), {&ours.key()});
    return {
        {"truncated", good.substr(0, good.size() / 2), "envelope"},
        {"forged", flipped(good, good.size() - 1), "does not hold"},
        {"signed by a stranger", sealed(plain, stranger), "not in [remote] keys"},
        {"signed as a configuration", as_desired.value(), "does not hold"},
        {"for another node", command([](auto& c) { c.node = "n2"; }), "is for t/s/n2"},
        {"for another site", command([](auto& c) { c.site = "s2"; }), "is for t/s2/n"},
        {"bad id", command([](auto& c) { c.id = "../../etc/passwd"; }), "no ULID"},
        {"bad operation", command([](auto& c) { c.op = "rm -rf /"; }), "no name"},
        {"endless", command([](auto& c) { c.max_run = std::chrono::hours(100); }), "max_run_s"},
        {"for a year", command([](auto& c) { c.ttl = std::chrono::hours(24 * 365); }), "ttl_s"},
        {"not UTF-8", command([](auto& c) { c.args["series"] = "\xff\xfe"; }), "not a Command"},
        {"oversize", "\x0a" + std::string(100'000, 'x'), "too many"},
        {"expired",
         command([](auto& c) { c.issued_at -= std::chrono::hours(1); }),
         "came after its ttl_s"},
        {"from the future",
         command([](auto& c) { c.issued_at += std::chrono::hours(1); }),
         "clock shows"},
        {"unknown", command([](auto& c) { c.op = "format_disk"; }), "knows no operation"}};
}

// Counted, with its reason; nothing was accepted.
void check_refused(FollowedBox& followed, std::uint64_t count, const std::string& why) {
    Json now;
    const bool counted = followed.box().status_where([&](const Json& status) {
        now = status;
        return status.value("commands_refused", 0U) == count;
    });
    INFO(now.value("command_refusal", ""));
    REQUIRE(counted);
    CHECK(now.value("command_refusal", "").find(why) != std::string::npos);
}

}  // namespace

TEST_CASE("hostile: commands are refused, counted, told, never run", "[e2e]") {
    if (cannot_follow_here()) {
        return;
    }
    FollowedBox followed;
    const std::string topic = wire::Topics("t", "s", "n").command_request();
    const Untouched untouched(followed);
    std::uint64_t refused = 0;
    for (const HostilePayload& hostile : hostile_commands(followed.signer())) {
        INFO(hostile.what);
        followed.operations().publish(topic, hostile.payload);
        check_refused(followed, ++refused, hostile.why);
    }
    CHECK(followed.box().status().value("commands_accepted", -1) == 0);
    // The first of a minute has an event of its own; what operations signed always has.
    CHECK(followed.platform().event("command.refused", "envelope"));
    CHECK(followed.platform().event("command.expired", "live"));
    CHECK(followed.platform().event("command.rejected", "format_disk"));
    untouched.check();
    followed.check_equation();
}

TEST_CASE("hostile: a command is run once, however often it comes", "[e2e]") {
    if (cannot_follow_here()) {
        return;
    }
    FollowedBox followed;
    const std::string topic = wire::Topics("t", "s", "n").command_request();
    wire::Command ping = command_for_box();
    ping.op = "ping";
    ping.args.clear();
    const std::string payload = sealed(ping, followed.signer());
    followed.operations().publish(topic, payload);
    REQUIRE(followed.platform().event("command.succeeded", "ping"));
    followed.operations().publish(topic, payload);
    check_refused(followed, 1, "received before");
    CHECK(followed.box().status().value("commands_accepted", 0) == 1);
    followed.box().kill();
    followed.box().start();
    CHECK(followed.takes_more(5));
    REQUIRE(followed.box().waits_for_platform());
    followed.operations().publish(topic, payload);
    check_refused(followed, 1, "received before");  // of this process
    // Retained, it would come again with each connection.
    wire::Command kept = ping;
    kept.id = wire::make_ulid(kept.issued_at);
    followed.operations().publish(topic, sealed(kept, followed.signer()), true);
    followed.box().kill();
    followed.box().start();
    check_refused(followed, 1, "retained");
    followed.check_equation();
}

}  // namespace cxedge::test
