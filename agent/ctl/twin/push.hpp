// SPDX-License-Identifier: Apache-2.0
// Sends a signed configuration to a node or, stage by stage, to a group, and watches it land.
// Thread: one.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/ctl/broker_link.hpp"
#include "agent/ctl/twin/document.hpp"
#include "agent/ctl/twin/rollout.hpp"

namespace cxedge::ctl {

struct PushOptions {
    DocumentOptions document;
    ConnectionOptions connection;
    std::string site;                 // of a node
    std::string stages = "100";       // of a group, percent
    std::vector<std::string> canary;  // of a group, "site/node": these before the first percentage
    double abort_percent = 5;
    double wait_s = 0;  // for each stage; 0: trial_s + 60
    bool json = false;
};
// Status 0: confirmed everywhere it was waited for; 1: rejected, rolled back, fallen silent with
// it, or stopped; 3: nobody answered, or interrupted.
ExitCode run_push(const PushOptions& options);

// invalid_argument: the stages or canaries are wrong, or a node has no site.
Result<RolloutPlan> rollout_plan(const PushOptions& options);

// The roll-out without its connection.
class Push {
public:
    struct Parts {
        const Clock& clock;
        // Publishes it retained; an empty payload clears the topic.
        std::function<void(std::string topic, std::string payload)> publish;
        std::function<void(const std::string& line)> say;  // a line of standard output
        std::function<void(const std::string& text)> note;
        // Waits until the broker has what was published. False: it has not, in reasonable time.
        std::function<bool()> settle;
    };
    // Requires: a plan of rollout_plan(), and a document that desired_of() gave.
    Push(PushOptions options, RolloutPlan plan, wire::Desired desired, Parts parts);

    // Filter of what hear() wants.
    [[nodiscard]] std::string filter() const;
    void hear(const std::string& topic, std::string_view payload);
    // There is a new connection: what was lost on the one before is said again.
    void greet();
    // Goes on where it can; call a few times a second once connected. False when it is over.
    bool turn();
    // Somebody does not want to wait: a group's document is taken back from those that have not
    // seen it, for nobody watches it any more.
    void interrupt();
    [[nodiscard]] ExitCode result() const { return result_; }

private:
    bool begin();
    bool begin_stage();
    Status publish_stage();
    Status publish_to(const std::string& topic, const wire::Desired& desired);
    void withdraw();
    [[nodiscard]] std::string not_taken_back() const;
    [[nodiscard]] std::string end_of(const wire::Reported& reported) const;
    void demand_parent();
    void progress(const StageCount& count);
    bool stop(const StageCount& count);
    bool end(ExitCode result, const std::string& what);
    void tell_failures() const;
    [[nodiscard]] bool to_group() const { return !desired_.group.empty(); }
    [[nodiscard]] std::string stage_name() const;
    [[nodiscard]] std::string totals_text(const StageCount& count) const;
    [[nodiscard]] std::size_t untouched() const;
    [[nodiscard]] StageCount count() const;
    [[nodiscard]] bool is_meant(const std::string& name, const wire::Reported& reported) const;

    PushOptions options_;
    RolloutPlan plan_;
    wire::Desired desired_;
    Parts parts_;
    Fleet fleet_;
    std::size_t stage_ = 0;
    Generations generations_;
    std::vector<std::pair<std::string, std::string>> published_;  // topic and payload
    SteadyTime begin_at_;  // the first stage: until then nodes are gathered
    SteadyTime patient_until_{};
    SteadyTime progress_at_{};
    StageCount told_;
    ExitCode result_ = ExitCode::unavailable;
    bool over_ = false;
};

}  // namespace cxedge::ctl
