// SPDX-License-Identifier: Apache-2.0
// cxctl setup: from a bare box to a site file that loads, and what is still in the way.
#pragma once

#include "agent/ctl/doctor/doctor.hpp"
#include "agent/ctl/exit_code.hpp"
#include "agent/ctl/setup_questions.hpp"
#include "agent/ctl/site_file.hpp"

namespace cxedge::ctl {

struct SetupOptions {
    SetupAnswers answers;
    SiteFacts further;  // what is never asked: node, username, files
    DoctorOptions box;  // where things are
    bool force = false;
    bool json = false;  // what the checks say, as doctor's
};

// ok: the site file is written, whatever the checks that follow say (cxctl doctor tells scripts);
// usage: an answer is wrong or missing, or the file is there already.
ExitCode run_setup(const SetupOptions& options);

}  // namespace cxedge::ctl
