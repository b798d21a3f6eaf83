// SPDX-License-Identifier: Apache-2.0
// The command line of what operations do with configurations; and what is common to verbs that
// connect.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

#include "agent/ctl/broker_link.hpp"
#include "agent/ctl/exit_code.hpp"

namespace cxedge::ctl {

void add_broker(CLI::App& verb, ConnectionOptions& options);
// Likewise, and --topic.
void add_connection(CLI::App& verb, ConnectionOptions& options);

// keygen, sign, verify, push, watch, audit. The chosen one becomes `verb`, which outlives the
// parsing.
void add_twin_verbs(CLI::App& app, std::function<ExitCode()>& verb);

}  // namespace cxedge::ctl
