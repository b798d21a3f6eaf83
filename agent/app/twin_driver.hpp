// SPDX-License-Identifier: Apache-2.0
// Makes the box run what the twin wants: at start it names the remote layer to begin with; then it
// listens, has documents checked, begins and ends trials. Sources and the uplink change in the
// process that runs; anything else begins in a new one (the journal and the ring go on there).
// Thread: main's.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "agent/app/config_change.hpp"
#include "agent/app/twin_keeper.hpp"
#include "agent/model/event.hpp"
#include "agent/remote/envelope.hpp"
#include "agent/telemetry/health.hpp"
#include "agent/uplink/uplink.hpp"

namespace cxedge::app {

// What it needs of a running agent.
struct TwinSurroundings {
    std::function<telemetry::Health()> health;
    std::function<uplink::UplinkStatus()> uplink;  // since it began to run as it does now
    std::function<void(const std::string& topic, std::string payload)> retain;
    std::function<void(Event)> tell;
    std::function<void(std::function<void()>)> post;  // to main's thread, from any
    std::function<void()> restart;
    std::function<void(telemetry::Refused)> note_refused;
    // What running this would take.
    std::function<ConfigChange(const config::Loaded& next)> compare;
    // Runs it from now on; calls back on main's thread once it does. Requires: no new process is
    // needed.
    std::function<void(config::Loaded next, const ConfigChange&, std::function<void()> done)>
        change;
};

class TwinDriver {
public:
    // A start with a configuration on trial counts from here.
    TwinDriver(const Places& places, const Clock& clock);
    TwinDriver(const TwinDriver&) = delete;
    TwinDriver& operator=(const TwinDriver&) = delete;
    ~TwinDriver();

    // The remote layer to load (TOML); empty: none.
    [[nodiscard]] std::string wanted() const;
    // What was wanted does not load, or not run: true when something else is wanted now.
    bool does_not_load(const Error& why);
    bool does_not_start(const Error& why);
    // On trial: queue and history keep what the last good one keeps, until it is confirmed.
    void delete_nothing_yet(config::AgentConfig& config);

    // What to subscribe to; nothing when the box follows nobody.
    [[nodiscard]] std::vector<std::string> topics(const config::AgentConfig& config) const;
    // The agent runs with what was wanted.
    void follow(const config::AgentConfig& config, TwinSurroundings around);
    // The agent is about to go: nothing of `around` is called any more.
    void leave();
    void receive(const std::string& topic, const std::string& payload);
    // Likewise, for a document that no broker retains. False: offer it again later, it was not
    // looked at, or what became of it could not be kept.
    [[nodiscard]] bool receive_unretained(const std::string& topic, const std::string& payload);
    // About once a second.
    void tick();
    // Who may configure and command this box now.
    [[nodiscard]] std::vector<remote::PublicKey> keys() const {
        return remote::keys_in_force(keeper_.state(), keeper_.pinned());
    }

private:
    [[nodiscard]] bool follows() const;
    [[nodiscard]] remote::TwinMoment moment() const;
    [[nodiscard]] remote::TrialView view() const;
    // False: it could not be kept, so nothing was done.
    bool take(const remote::TwinStep& step);
    void act(remote::TwinAction action);
    void run_wanted();
    bool run_wanted_here();
    void validate();
    void judged(const std::vector<std::string>& problems);
    // True: it needs no second look.
    bool offer(const std::string& topic, const std::string& payload);
    bool judge(const std::string& topic, const std::string& payload, const remote::Offer& offer);
    void end_trial(const remote::TrialResult& result);
    void offer_held();
    bool conclude(const remote::Offer& offer, remote::TwinOutcome outcome, std::string reason);
    void refuse(const std::string& topic, const std::string& why);
    void over();
    void tell(const std::string& name, Severity severity, const std::string& text) const;
    void report();

    Places places_;
    const Clock& clock_;
    TwinKeeper keeper_;
    bool site_alone_ = false;      // the good one does not load
    bool ended_at_start_ = false;  // a candidate, which nobody was told of yet
    bool following_ = false;
    bool limits_wait_ = false;  // for the end of the trial
    remote::TwinSelf self_;
    std::string site_;
    TwinSurroundings around_;
    std::thread checker_;
    std::map<std::string, std::string> held_;  // by topic: came at a bad time
    std::uint64_t refused_ = 0;
    std::string last_refusal_;
    bool refusal_untold_ = false;
    SteadyTime complain_at_{};
    std::uint64_t rejected_ = 0;
};

}  // namespace cxedge::app
