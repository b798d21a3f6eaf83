// SPDX-License-Identifier: Apache-2.0
// Sends a signed configuration to a node or, stage by stage, to a group, and watches it land.
// Thread: one.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/ctl/broker_link.hpp"
#include "agent/ctl/twin/document.hpp"
#include "agent/ctl/twin/rollout.hpp"

namespace cxedge::ctl {

struct PushOptions {
    DocumentOptions document;
    ConnectionOptions connection;
    std::string site;            // of a node
    std::string stages = "100";  // of a group, percent
    double abort_percent = 5;
    double wait_s = 0;  // for each stage; 0: trial_s + 60
    bool json = false;
};
// Status 0: confirmed everywhere it was waited for; 1: rejected, rolled back or stopped; 3: nobody
// answered.
ExitCode run_push(const PushOptions& options);

struct WatchOptions {
    ConnectionOptions connection;
    double seconds = 0;  // 0: until interrupted
    bool json = false;
};
// A line whenever a node says something new of its configuration.
ExitCode run_watch(const WatchOptions& options);

// "store-1/gw-1  rolled back  generation 7  nothing was acknowledged ...", or a JSON object.
std::string reported_line(const std::string& node, const wire::Reported& reported, bool json);

// The roll-out without its connection.
class Push {
public:
    struct Parts {
        const Clock& clock;
        // Publishes it retained; an empty payload clears the topic.
        std::function<void(std::string topic, std::string payload)> publish;
        std::function<void(const std::string& line)> say;
    };
    // Requires: stages that parse_stages() gave, and a document that desired_of() gave.
    Push(const PushOptions& options, RolloutPlan plan, wire::Desired desired, Parts parts);

    // Filter of what hear() wants.
    [[nodiscard]] std::string filter() const;
    void hear(const std::string& topic, std::string_view payload);
    // Goes on where it can; call a few times a second once connected. False when it is over.
    bool turn();
    [[nodiscard]] ExitCode result() const { return result_; }

private:
    bool begin_stage();
    bool end(ExitCode result, const std::string& why);
    [[nodiscard]] std::string topic() const;
    [[nodiscard]] bool is_meant(const std::string& name, const wire::Reported& reported) const;

    PushOptions options_;
    RolloutPlan plan_;
    wire::Desired desired_;
    Parts parts_;
    Fleet fleet_;
    std::size_t stage_ = 0;
    std::vector<std::uint64_t> generations_;
    SteadyTime begin_at_;  // the first stage: until then nodes are gathered
    SteadyTime patient_until_{};
    ExitCode result_ = ExitCode::unavailable;
};

}  // namespace cxedge::ctl
