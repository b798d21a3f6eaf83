// SPDX-License-Identifier: Apache-2.0
// cxctl receive: the platform's end as a program. Every sample that a node delivers is in the
// output once, through any kill of the receiver; then, and only then, the node is told.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/ctl/broker_link.hpp"
#include "agent/ctl/exit_code.hpp"
#include "agent/ctl/receive_output.hpp"
#include "agent/ctl/receive_state.hpp"
#include "agent/ctl/receiver.hpp"
#include "agent/ctl/resend_plan.hpp"

namespace cxedge::ctl {

struct ReceiveOptions {
    ReceiveOptions() {
        connection.session = "cxctl-receive";
        connection.session_expiry_s = 7 * 24 * 3600;
    }
    ConnectionOptions connection;
    std::string state_file;  // empty: beside the output
    std::string out_file;    // empty: standard output
    std::string format;      // jsonl, csv, sqlite; empty: by the name of the output
    bool no_ack = false;
    unsigned ack_ms = 1000;
    double seconds = 0;  // stop after that time; 0: never
    bool equation = false;
};

// What the files of the options come to. invalid_argument: they contradict each other.
struct ReceiveFiles {
    std::string state;
    std::string out;
    OutputFormat format = OutputFormat::jsonl;
};
Result<ReceiveFiles> receive_files(const ReceiveOptions& options);

class Receive final : private LineWriter {
public:
    struct Parts {
        uplink::Broker& broker;
        const Clock& clock;
        BrokerLink::Note note;
    };
    // Opens the files and takes up where the last run was committed. What `parts` refers to
    // outlives the receiver. Errors: of the files, of the broker's URL.
    static Result<std::unique_ptr<Receive>> open(const ReceiveOptions& options, Parts parts);
    Receive(const Receive&) = delete;
    Receive& operator=(const Receive&) = delete;
    Receive(Receive&&) = delete;
    Receive& operator=(Receive&&) = delete;
    ~Receive() override = default;

    // One turn: connects when due, handles what arrived, commits and acknowledges when due. False
    // when there is no more to do.
    bool turn();
    [[nodiscard]] std::chrono::milliseconds pause() const { return link_.pause(); }
    // Commits, acknowledges, says goodbye. The first failure of the files, if there was one:
    // nothing after the last good commit was acknowledged.
    Status finish();

    [[nodiscard]] const Receiver& receiver() const { return receiver_; }
    [[nodiscard]] bool was_connected() const { return link_.was_connected(); }
    [[nodiscard]] double elapsed_s() const;

private:
    struct Node {
        wire::Topics topics;
        std::string tenant;
        std::string site;
        std::string name;
        bool online = false;
        bool announced = false;  // it was told that the platform acknowledges
        bool ack_due = true;
        bool tail_due = false;  // to be asked for what came after all that is known
        SteadyTime tail_at;
    };

    Receive(const ReceiveOptions& options, uplink::BrokerOptions connection, Parts parts);
    Status open_files(const ReceiveFiles& files);
    Status load();

    void batch(const ShownBatch& batch) override;
    void node_state(const Origin& origin, const wire::NodeState& state) override;

    void hear(const std::string& topic, std::string_view payload);
    void greet();
    Node& node_of(const std::string& tenant, const std::string& site, const std::string& name);
    void commit();
    Status save();
    Status save_nodes();
    void acknowledge();
    [[nodiscard]] std::string ack_for(const Node& node) const;
    [[nodiscard]] Lanes::const_iterator first_lane_of(const Node& node) const;
    [[nodiscard]] static bool is_lane_of(const LaneKey& key, const Node& node);
    void ask_for_holes();
    void ask_for_holes_of(const Node& node, SteadyTime now);
    void ask_for_tail(Node& node);
    void ask_beyond(const LaneKey& lane, const Node& node);
    void ask(const Node& node, const wire::Resend& request);

    ReceiveOptions options_;
    const Clock& clock_;
    BrokerLink::Note note_;
    std::unique_ptr<ReceiveState> state_;
    std::unique_ptr<ReceiveOutput> output_;
    Receiver receiver_;
    BrokerLink link_;
    std::map<std::string, Node> nodes_;             // by "tenant/site/node"
    std::vector<ReceiveState::Dictionary> learnt_;  // since the last commit
    std::set<LaneKey> active_;                      // lanes that changed in this run
    ResendPlan plan_;
    std::size_t uncommitted_ = 0;  // payloads
    Status failure_;
    SteadyTime started_;
    SteadyTime commit_at_;
    SteadyTime tick_at_;
};

ExitCode run_receive(const ReceiveOptions& options);

}  // namespace cxedge::ctl
