// SPDX-License-Identifier: Apache-2.0
// A fleet to rehearse roll-outs with, in one process. Real: the broker and a connection of each
// node to it, the documents and their signatures, the twin's rules (remote::Twin) and its reports,
// cxctl. Played: what a box does with a configuration. It is always valid, applied at once, and
// works unless the node's hardware and the text say otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/remote/twin.hpp"
#include "agent/uplink/broker.hpp"

#include "tests/support/mosquitto_server.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

inline constexpr const char* kRehearsedGroup = "stores";
// What breaks boxes of hardware B: on trial one of their sources does not work.
inline constexpr const char* kBreaksHardwareB = "hardware = \"A\"";

struct RehearsedName {
    std::string site;
    std::string node;
    bool hardware_b = false;
};

// Thread: one.
class RehearsedNode final : private uplink::BrokerListener {
public:
    // `clock` outlives it.
    RehearsedNode(
        RehearsedName name, std::uint16_t broker_port, remote::PublicKey key, const Clock& clock
    );

    // Handles what the broker sent, ends a trial whose time is over.
    void turn(std::chrono::milliseconds wait);
    // It has said how it is on a connection that listens.
    [[nodiscard]] bool is_ready() const { return ready_; }
    [[nodiscard]] const RehearsedName& name() const { return name_; }
    [[nodiscard]] const remote::TwinState& state() const { return state_; }
    [[nodiscard]] bool is_touched() const { return state_.highest != 0; }

private:
    void on_connected(const uplink::BrokerLimits& limits) override;
    void on_disconnected(const std::string& why) override;
    void on_puback(int mid, std::uint8_t reason) override;
    void on_message(const std::string& topic, std::string_view payload, bool retained) override;

    void greet();
    void offer(const std::string& payload);
    void take(const remote::TwinStep& step);
    void end_trial();
    void report();
    [[nodiscard]] remote::TwinMoment moment() const;

    RehearsedName name_;
    std::uint16_t port_;
    remote::PublicKey key_;
    const Clock& clock_;
    remote::TwinSelf self_;
    remote::TwinState state_;
    std::unique_ptr<uplink::Broker> broker_;
    bool connecting_ = false;
    bool greeting_due_ = false;
    bool ready_ = false;
    std::vector<std::string> inbox_;
};

// What became of the nodes: `touched` began with some document.
struct RehearsalCount {
    std::size_t nodes = 0;
    std::size_t touched = 0;
    std::size_t confirmed = 0;
    std::size_t rolled_back = 0;
    bool operator==(const RehearsalCount&) const = default;
};

class Rehearsal {
public:
    // gw-0000 and so on, ten to a site; every tenth site has hardware B. All are connected when it
    // returns; throws std::runtime_error when that takes too long.
    explicit Rehearsal(std::size_t nodes);
    ~Rehearsal();
    Rehearsal(const Rehearsal&) = delete;
    Rehearsal& operator=(const Rehearsal&) = delete;

    // Runs cxctl beside the nodes, then lets them end what they have begun.
    Finished push(const std::string& config, const std::vector<std::string>& options);
    Finished watch_once();
    // A box that is switched on now.
    void add(RehearsedName name);

    [[nodiscard]] const std::vector<std::unique_ptr<RehearsedNode>>& nodes() const {
        return nodes_;
    }
    [[nodiscard]] RehearsalCount count() const;

private:
    Finished beside_nodes(const std::vector<std::string>& command);
    void turn_all();
    void settle();

    TempDir dir_;
    MosquittoServer broker_;
    SystemClock clock_;
    std::vector<std::unique_ptr<RehearsedNode>> nodes_;
};

}  // namespace cxedge::test
