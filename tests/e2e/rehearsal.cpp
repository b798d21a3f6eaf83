// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/rehearsal.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>
#include <sys/resource.h>

#include "agent/remote/envelope.hpp"
#include "agent/wire/node_state.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::test {
namespace {

using std::chrono::milliseconds;

constexpr const char* kTenant = "t";
constexpr const char* kVersion = "9.9.9";
constexpr std::size_t kNodesOfSite = 10;
constexpr std::size_t kSitesToHardwareB = 10;
constexpr std::chrono::seconds kLongestSettling{60};
constexpr std::chrono::minutes kLongestVerb{5};
// Socket, wake-up and the two that libmosquitto keeps; and what else a process has open.
constexpr rlim_t kFilesOfNode = 5;
constexpr rlim_t kOtherFiles = 100;

void allow_files(std::size_t nodes) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const rlim_t wanted = kOtherFiles + kFilesOfNode * nodes;
    if (limit.rlim_cur >= wanted) {
        return;
    }
    limit.rlim_cur = std::min(wanted, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted) {
        throw std::runtime_error(
            fmt::format("{} nodes need {} open files: ulimit -n {}", nodes, wanted, wanted)
        );
    }
}

RehearsedName name_of(std::size_t number) {
    const std::size_t site = number / kNodesOfSite;
    return {
        fmt::format("store-{:04}", site),
        fmt::format("gw-{:04}", number),
        site % kSitesToHardwareB == 3};
}

}  // namespace

// ---- a node ----

RehearsedNode::RehearsedNode(
    RehearsedName name, std::uint16_t broker_port, remote::PublicKey key, const Clock& clock
)
    : name_(std::move(name)),
      port_(broker_port),
      key_(std::move(key)),
      clock_(clock),
      self_{kTenant, name_.node, {kRehearsedGroup}, kVersion},
      broker_(uplink::make_mosquitto_broker()) {}

void RehearsedNode::turn(milliseconds wait) {
    if (!std::exchange(connecting_, true)) {
        uplink::BrokerOptions options;
        options.host = "127.0.0.1";
        options.port = port_;
        options.client_id = name_.node;
        connecting_ = broker_->connect(options, *this).ok();
    }
    broker_->poll(wait);
    if (std::exchange(greeting_due_, false)) {
        greet();
    }
    if (state_.phase == remote::TwinPhase::idle) {
        for (const std::string& payload : std::exchange(inbox_, {})) {
            offer(payload);
        }
    }
    end_trial();
}

void RehearsedNode::greet() {
    const wire::Topics topics(kTenant, name_.site, name_.node);
    (void)broker_->subscribe(topics.twin_desired());
    (void)broker_->subscribe(wire::group_desired_topic(kTenant, kRehearsedGroup));
    const wire::NodeState online{true, 1, 1, kVersion, clock_.wall_now()};
    (void)broker_->publish(topics.state(), wire::encode_node_state(online), true);
    report();
    ready_ = true;
}

void RehearsedNode::on_connected(const uplink::BrokerLimits& /*limits*/) {
    greeting_due_ = true;
}

void RehearsedNode::on_disconnected(const std::string& /*why*/) {
    connecting_ = false;
    ready_ = false;
}

void RehearsedNode::on_puback(int /*mid*/, std::uint8_t /*reason*/) {}

void RehearsedNode::on_message(
    const std::string& /*topic*/, std::string_view payload, bool /*retained*/
) {
    if (!payload.empty()) {
        inbox_.emplace_back(payload);
    }
}

remote::TwinMoment RehearsedNode::moment() const {
    remote::TwinMoment now;
    now.wall = clock_.wall_now();
    now.boot = clock_.boot_now();
    now.boot_id = "rehearsal";
    now.link_up = true;
    return now;
}

// As agent/app/twin_offers.cpp does it.
void RehearsedNode::offer(const std::string& payload) {
    using Kind = remote::Verdict::Kind;
    const auto opened = remote::open_envelope(remote::Purpose::desired, payload, {key_});
    const auto desired =
        opened ? wire::decode_desired(opened->body) : Result<wire::Desired>(opened.error());
    if (!desired) {
        return;
    }
    const remote::Offer offer{*desired, opened->signers};
    const auto verdict = remote::judge(state_, self_, offer, clock_.wall_now());
    remote::TwinMoment now = moment();
    now.reasons = {verdict.reason};
    if (verdict.kind == Kind::stage) {
        take(remote::stage(state_, remote::document_of(offer), now));
    } else if (verdict.kind == Kind::same || verdict.kind == Kind::reject) {
        const auto outcome = verdict.kind == Kind::same ? remote::TwinOutcome::confirmed
                                                        : remote::TwinOutcome::rejected;
        take(remote::conclude(state_, remote::document_of(offer), outcome, now));
    }
}

void RehearsedNode::take(const remote::TwinStep& step) {
    state_ = step.state;
    report();
    if (step.action == remote::TwinAction::validate) {
        take(remote::advance(state_, remote::TwinInput::valid, moment()));
    } else if (step.action == remote::TwinAction::apply || step.action == remote::TwinAction::restore) {
        take(remote::advance(state_, remote::TwinInput::applied, moment()));
    }
}

void RehearsedNode::end_trial() {
    if (state_.phase != remote::TwinPhase::trial) {
        return;
    }
    const bool broken =
        name_.hardware_b && state_.candidate.config.find(kBreaksHardwareB) != std::string::npos;
    const remote::TrialView view{
        !broken, true, true, broken ? "source camera is failed: not for hardware B" : ""};
    const auto result = remote::judge_trial(state_, view, clock_.boot_now());
    if (result.over) {
        remote::TwinMoment now = moment();
        now.reasons = result.reasons;
        const auto input = result.proven ? remote::TwinInput::proven : remote::TwinInput::doubted;
        take(remote::advance(state_, input, now));
    }
}

void RehearsedNode::report() {
    wire::Reported out;
    out.phase = state_.phase;
    out.running = remote::wanted(state_).version;
    out.last_good = state_.good.version;
    out.history = state_.history;
    if (state_.phase != remote::TwinPhase::idle) {
        out.last_attempt.version = state_.candidate.version;
        out.last_attempt.reasons = state_.reasons;
    } else if (!state_.history.empty()) {
        out.last_attempt = state_.history.front();
    }
    out.groups = self_.groups;
    out.version = kVersion;
    out.at = clock_.wall_now();
    const wire::Topics topics(kTenant, name_.site, name_.node);
    (void)broker_->publish(topics.twin_reported(), wire::encode_reported(out), true);
}

// ---- all of them ----

Rehearsal::Rehearsal(std::size_t nodes) {
    allow_files(nodes);
    const Finished made = run({CXCTL, "keygen", "--out", dir_.file("ops.pem")});
    if (made.status != 0) {
        throw std::runtime_error("cxctl keygen: " + made.output);
    }
    for (std::size_t i = 0; i < nodes; ++i) {
        add(name_of(i));
    }
    settle();
}

Rehearsal::~Rehearsal() = default;

void Rehearsal::add(RehearsedName name) {
    std::ifstream file(dir_.file("ops.pem"));
    const std::string pem{std::istreambuf_iterator<char>(file), {}};
    const auto key = remote::SigningKey::from_pem(pem);
    if (!key) {
        throw std::runtime_error(key.error().message);
    }
    nodes_.push_back(
        std::make_unique<RehearsedNode>(std::move(name), broker_.port(), key->public_key(), clock_)
    );
}

// The first one waits for all: a turn takes a few milliseconds.
void Rehearsal::turn_all() {
    milliseconds wait{5};
    for (const auto& node : nodes_) {
        node->turn(std::exchange(wait, milliseconds(0)));
    }
}

// Connected, and none in the middle of something.
void Rehearsal::settle() {
    const SteadyTime end = clock_.steady_now() + kLongestSettling;
    const auto settled = [](const auto& node) {
        return node->is_ready() && node->state().phase == remote::TwinPhase::idle;
    };
    while (!std::all_of(nodes_.begin(), nodes_.end(), settled)) {
        if (clock_.steady_now() > end) {
            throw std::runtime_error("not all nodes are connected and idle: " + broker_.log());
        }
        turn_all();
    }
}

Finished Rehearsal::beside_nodes(const std::vector<std::string>& command) {
    settle();
    std::atomic<bool> over{false};
    std::thread nodes([this, &over] {
        while (!over) {
            turn_all();
        }
    });
    Finished finished;
    try {
        finished = run(command, kLongestVerb);
    } catch (const std::exception& error) {
        finished = {-1, error.what()};
    }
    over = true;
    nodes.join();
    settle();
    return finished;
}

Finished Rehearsal::push(const std::string& config, const std::vector<std::string>& options) {
    std::ofstream(dir_.file("change.toml")) << config;
    std::vector<std::string> command{
        CXCTL,
        "push",
        dir_.file("change.toml"),
        "--sign-key",
        dir_.file("ops.pem"),
        "--broker",
        fmt::format("mqtt://127.0.0.1:{}", broker_.port()),
        "--tenant",
        kTenant,
        "--group",
        kRehearsedGroup,
        "--trial-s",
        "1"};
    command.insert(command.end(), options.begin(), options.end());
    return beside_nodes(command);
}

Finished Rehearsal::watch_once() {
    const std::string broker = fmt::format("mqtt://127.0.0.1:{}", broker_.port());
    return beside_nodes({CXCTL, "watch", "--once", "--json", "--broker", broker});
}

RehearsalCount Rehearsal::count() const {
    RehearsalCount count;
    for (const auto& node : nodes_) {
        ++count.nodes;
        count.touched += node->is_touched() ? 1U : 0U;
        const auto& history = node->state().history;
        const auto outcome = history.empty() ? remote::TwinOutcome::none : history.front().outcome;
        count.confirmed += outcome == remote::TwinOutcome::confirmed ? 1U : 0U;
        count.rolled_back += outcome == remote::TwinOutcome::rolled_back ? 1U : 0U;
    }
    return count;
}

}  // namespace cxedge::test
