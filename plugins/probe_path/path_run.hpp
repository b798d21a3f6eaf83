// SPDX-License-Identifier: Apache-2.0
// One trace of the way to a target, and of the largest packet that passes it. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "plugins/_probes/probe.hpp"
#include "plugins/probe_path/mtu_search.hpp"
#include "plugins/probe_path/path_memory.hpp"
#include "plugins/probe_path/path_report.hpp"
#include "plugins/probe_path/path_sender.hpp"
#include "plugins/probe_path/path_tracer.hpp"

namespace cxedge::plugins {

// Settings that were checked.
struct PathPlan {
    PathMethod method = PathMethod::udp;
    std::uint16_t port = 0;  // unless the target has its own
    probes::Family family = probes::Family::any;
    TraceRules rules;
    std::chrono::milliseconds wait{1'000};  // for an answer to a probe
    bool per_hop = false;
    bool mtu = true;
};

// What the probe remembers of a target.
struct PathRecord {
    PathMemory memory;
    SocketAddress address;     // that was traced last
    std::uint16_t source = 0;  // port or id of that flow; 0: none yet
};

class PathRun final : public probes::ProbeRun {
public:
    PathRun(
        const PathPlan& plan,
        probes::Target target,
        const probes::ProbeContext& context,
        std::shared_ptr<PathRecord> record
    );
    void begin(Done done) override;

private:
    // Trace.
    void resolved(const Result<probes::Resolver::Found>& found);
    void choose_address(const std::vector<SocketAddress>& found);
    void begin_trace();
    void pump();
    void hop_answered(int tag, const PathSender::Answer& answer);
    void hop_expired(int tag);
    void end_trace();
    void learn();
    [[nodiscard]] bool judge_end();

    // Path MTU.
    void begin_mtu();
    void try_size();
    void size_answered(int size, const PathSender::Answer& answer);
    void size_expired(int size);
    void end_mtu();
    [[nodiscard]] std::chrono::milliseconds size_wait() const;

    [[nodiscard]] PathSocket::Wish wish(PathMethod method) const;
    // False: the run is ending.
    bool open(PathSender& sender, PathMethod method);
    void fail_to_send(int error);
    bool went(const PathSender::Sent& sent);
    void out_of_time();
    void fail(probes::ProbeResult result, std::string step, std::string detail);
    void finish();

    PathPlan plan_;
    probes::Target target_;
    const probes::ProbeContext& context_;
    std::shared_ptr<PathRecord> record_;
    Done done_;
    PathOutcome outcome_;
    SocketAddress address_;
    probes::Resolver::QuestionPtr question_;
    std::optional<PathTracer> tracer_;
    std::unique_ptr<PathSender> sender_;
    std::unique_ptr<PathSender> mtu_sender_;
    std::optional<MtuSearch> search_;
    int size_tries_ = 0;
    bool ending_ = false;
    LoopHandle deadline_;
    LoopHandle end_;
};

}  // namespace cxedge::plugins
