// SPDX-License-Identifier: Apache-2.0
// What has to be done so that an agent that runs one configuration runs another: as little as can
// be. Pure; two configurations are compared by their values, not by where they were written.
// Thread: any.
#pragma once

#include <string>

#include "agent/config/load.hpp"
#include "agent/ingest/supervisor.hpp"

namespace cxedge::app {

struct ConfigChange {
    // Why only a new process can begin with it ("spool.max_mib"); empty: the rest is all there is.
    std::string new_process_for;
    ingest::SourceChange sources;
    bool uplink = false;  // the main one connects anew
};

// Sources are the same when all of their tables is; one that is not enabled does not run.
ConfigChange change_between(const config::Loaded& running, const config::Loaded& next);

}  // namespace cxedge::app
