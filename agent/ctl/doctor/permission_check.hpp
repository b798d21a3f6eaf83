// SPDX-License-Identifier: Apache-2.0
// Who may read what: the daemon its files, and nobody else its secrets. Looks at owners and modes
// and not at what this process may do, because cxctl runs as root and the daemon does not.
#pragma once

#include <string>

#include <sys/types.h>

#include "agent/base/result.hpp"
#include "agent/ctl/doctor/finding.hpp"

namespace cxedge::ctl {

struct DaemonUser {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
};
// not_found: there is no such user.
Result<DaemonUser> find_user(const std::string& name);
// Who runs this process.
DaemonUser current_user();

// A file that a setting names. `setting` is for people: "uplink.password_file".
struct NamedFile {
    std::string setting;
    std::string path;
};
// The daemon can read it, and nobody else can.
Finding check_secret(const NamedFile& file, const DaemonUser& user);
// The daemon can read it.
Finding check_readable(const NamedFile& file, const DaemonUser& user);
// The daemon can write into it, and nobody else can. Not being there yet is well: it is made at the
// first start.
Finding check_state_directory(const std::string& path, const DaemonUser& user);

}  // namespace cxedge::ctl
