// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/ctl/exit_code.hpp"

namespace cxedge::ctl {

struct AuditOptions {
    std::string file = "/var/lib/cxedge/audit.log";
    bool verify = false;
    bool json = false;
};
// Who changed what on this box, oldest first. With verify: only whether the chain is whole; status
// 1 if it is not.
ExitCode run_audit(const AuditOptions& options);

}  // namespace cxedge::ctl
