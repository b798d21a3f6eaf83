// SPDX-License-Identifier: Apache-2.0
// More than one box, and more than one key: a document of a group, and keys that follow each other.
#include <fstream>
#include <memory>

#include "agent/wire/topics.hpp"

#include "tests/e2e/followed_box.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

constexpr std::chrono::seconds kFleetTrial{4};
constexpr std::uint64_t kPushedBytes = 364U << 20U;

std::string remote_of(const std::vector<std::string>& keys, const std::string& group) {
    std::string list;
    for (const std::string& key : keys) {
        list += (list.empty() ? "\"" : ", \"") + key + "\"";
    }
    return "[remote]\nkeys = [" + list + "]\n" +
           (group.empty() ? "" : "groups = [\"" + group + "\"]\n") + kFedSource;
}

std::unique_ptr<Box> member(
    const MosquittoServer& broker, const std::string& name, const std::string& remote
) {
    auto box = std::make_unique<Box>(broker.port(), remote);
    box->set_node(name);
    box->start();
    REQUIRE(box->status_where([](const Json& now) { return now["connection"] == "online"; }));
    return box;
}

// `cxctl push`, for a node or a group.
struct PushedBy {
    const MosquittoServer& broker;
    std::vector<const SigningPair*> signers;
    std::vector<std::string> words{};

    [[nodiscard]] Finished run_with(const std::string& config) const {
        const TempDir dir;
        std::ofstream(dir.file("change.toml")) << config;
        std::vector<std::string> command{CXCTL, "push", dir.file("change.toml"), "--tenant", "t"};
        for (const SigningPair* pair : signers) {
            command.insert(command.end(), {"--sign-key", pair->file()});
        }
        command.insert(
            command.end(),
            {"--broker",
             BrokerAddress{broker.port(), ""}.url(),
             "--trial-s",
             std::to_string(kFleetTrial.count()),
             "--wait-s",
             "60",
             "--json"}
        );
        command.insert(command.end(), words.begin(), words.end());
        return run(command, std::chrono::seconds(120));
    }
};

bool runs_pushed(const Box& box) {
    return box.status_where([](const Json& now) {
        return now.value("spool_max_bytes", std::uint64_t{0}) == kPushedBytes;
    });
}

}  // namespace

TEST_CASE("fleet: a group's document lands in the group, and nowhere else", "[e2e]") {
    if (cannot_follow_here()) {
        return;
    }
    const MosquittoServer broker;
    const SigningPair signer;
    const auto first = member(broker, "n1", remote_of({signer.pinned()}, "canary"));
    const auto second = member(broker, "n2", remote_of({signer.pinned()}, "canary"));
    const auto other = member(broker, "n3", remote_of({signer.pinned()}, "rest"));
    Operations operations({broker.port(), ""});
    const auto heard = [](const wire::Reported& now) {
        return now.phase == wire::TwinPhase::idle;
    };
    for (const char* name : {"n1", "n2", "n3"}) {
        REQUIRE(operations.report_where(name, heard, kPatience));
    }

    const Finished pushed =
        PushedBy{broker, {&signer}, {"--group", "canary"}}.run_with("[spool]\nmax_mib = 364\n");
    INFO(pushed.output);
    REQUIRE(pushed.status == 0);
    CHECK(runs_pushed(*first));
    CHECK(runs_pushed(*second));
    for (const char* name : {"n1", "n2"}) {
        CHECK(operations.report_where(
            name,
            [](const auto& now) {
                return now.last_attempt.outcome == wire::TwinOutcome::confirmed &&
                       now.running.generation > 0;
            },
            kPatience
        ));
    }
    // What was signed for one group is nothing to another, wherever it is published.
    wire::Desired desired;
    desired.tenant = "t";
    desired.group = "canary";
    desired.generation = 1;
    desired.config = "[spool]\nmax_mib = 365\n";
    operations.publish(wire::group_desired_topic("t", "rest"), sealed(desired, {&signer}), true);
    const auto report = operations.report_where(
        "n3", [](const auto& now) { return now.refused == 1; }, kPatience
    );
    REQUIRE(report);
    CHECK(report->last_refusal.find("not for this box") != std::string::npos);
    CHECK(report->history.empty());
    CHECK(other->status().value("spool_max_bytes", std::uint64_t{0}) != kPushedBytes);
    for (Box* box : {first.get(), second.get(), other.get()}) {
        CHECK(box->stop() == 0);
    }
}

TEST_CASE("fleet: both keys sign for new ones, the old key is then a stranger's", "[e2e]") {
    if (cannot_follow_here()) {
        return;
    }
    const MosquittoServer broker;
    const SigningPair old;
    const SigningPair present;
    const SigningPair next;
    const auto box = member(broker, "n", remote_of({old.pinned(), present.pinned()}, ""));
    Operations operations({broker.port(), ""});
    const auto push = [&](const std::vector<const SigningPair*>& signers, const char* config) {
        PushedBy by{broker, signers, {"--site", "s", "--node", "n"}};
        if (signers.size() == 2) {
            by.words.insert(
                by.words.end(), {"--new-key", present.pinned(), "--new-key", next.pinned()}
            );
        }
        return by.run_with(config);
    };
    const auto ping = [&](const SigningPair& signer, const char* wait_s) {
        return run(
            {CXCTL,
             "cmd",
             "t/s/n",
             "ping",
             "--sign-key",
             signer.file(),
             "--broker",
             BrokerAddress{broker.port(), ""}.url(),
             "--wait-s",
             wait_s},
            std::chrono::seconds(60)
        );
    };
    CHECK(ping(old, "30").status == 0);
    const Finished rotated = push({&old, &present}, "[spool]\nmax_mib = 363\n");
    INFO(rotated.output);
    REQUIRE(rotated.status == 0);

    // The old key neither configures nor commands, the new one does both; also after kill -9.
    wire::Desired stale;
    stale.tenant = "t";
    stale.node = "n";
    stale.generation = std::uint64_t{1} << 62U;
    stale.config = "[spool]\nmax_mib = 362\n";
    operations.publish(wire::Topics("t", "s", "n").twin_desired(), sealed(stale, {&old}));
    const auto report = operations.report_where(
        "n", [](const auto& now) { return now.refused == 1; }, kPatience
    );
    REQUIRE(report);
    CHECK(report->last_refusal.find("not in [remote] keys") != std::string::npos);
    CHECK(ping(old, "3").status == 3);
    CHECK(ping(next, "30").status == 0);
    box->kill();
    box->start();
    CHECK(ping(old, "3").status == 3);
    const Finished pushed = push({&next}, "[spool]\nmax_mib = 364\n");
    INFO(pushed.output);
    CHECK(pushed.status == 0);
    CHECK(runs_pushed(*box));
    CHECK(box->stop() == 0);
}

}  // namespace cxedge::test
