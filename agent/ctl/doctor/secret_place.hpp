// SPDX-License-Identifier: Apache-2.0
// Files as settings name them: by a path, or as "credential:NAME" (agent/config/credential.hpp).
#pragma once

#include <string>

namespace cxedge::ctl {

bool is_credential(const std::string& text);

// Where to read it, also while cxedged does not run: what systemd hands over as site_NAME is NAME
// in /etc/cxedge/credentials (systemd/README.md).
std::string readable_path(const std::string& text);

// How to write it into a site file, whose reader has another working directory.
std::string absolute_place(const std::string& text);

}  // namespace cxedge::ctl
