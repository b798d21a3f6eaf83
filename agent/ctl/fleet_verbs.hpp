// SPDX-License-Identifier: Apache-2.0
// The command line of the verbs with which boxes are enrolled and commanded; main.cpp has the
// others.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

#include "agent/ctl/command.hpp"
#include "agent/ctl/enrol.hpp"

namespace cxedge::ctl {

struct FleetOptions {
    EnrolOptions enrol;
    EnrolServerOptions enrol_server;
    CommandOptions command;
};

// Parsing sets `chosen` to what the verb does. All outlive the parsing and the call.
void add_fleet_verbs(CLI::App& app, FleetOptions& options, std::function<ExitCode()>& chosen);

}  // namespace cxedge::ctl
