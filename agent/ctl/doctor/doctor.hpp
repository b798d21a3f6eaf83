// SPDX-License-Identifier: Apache-2.0
// cxctl doctor: all checks of this box, in the order in which an installer mends things.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "agent/config/agent_config.hpp"
#include "agent/ctl/doctor/finding.hpp"
#include "agent/ctl/exit_code.hpp"
#include "agent/ctl/status.hpp"

namespace cxedge::ctl {

struct DoctorOptions {
    std::string config_file = "/etc/cxedge/cxedged.toml";
    std::string profiles_dir = "/usr/share/cxedge";
    std::string state_dir = "/var/lib/cxedge";
    std::string socket = kDefaultSocket;
    std::string user = "cxedge";  // who runs the daemon
    bool json = false;
};

using Report = std::function<void(const Finding& finding)>;

// Everything but the agent itself; each finding is told as soon as it is known. Blocks for a broker
// or camera that does not answer: some seconds each.
void examine_box(
    const config::AgentConfig& config, const DoctorOptions& options, const Report& report
);

// failed: a problem was found.
ExitCode run_doctor(const DoctorOptions& options);

}  // namespace cxedge::ctl
