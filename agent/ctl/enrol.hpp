// SPDX-License-Identifier: Apache-2.0
// Both ends of enrolment for people: `cxctl enrol` on a box, `cxctl enrol-server` as the reference
// enroller. What they do is agent/remote's.
#pragma once

#include <string>
#include <vector>

#include "agent/ctl/broker_link.hpp"
#include "agent/ctl/exit_code.hpp"

namespace cxedge::ctl {

struct EnrolOptions {
    std::string config_file = "/etc/cxedge/cxedged.toml";
    std::string profiles_dir = "/usr/share/cxedge";
    std::string state_dir = "/var/lib/cxedge";
    double timeout_s = 120;
    bool json = false;
};
// What the agent does at its first start: asks until it has a certificate. Status: 0 enrolled (also
// before), 1 refused, 3 nobody answered in time.
ExitCode run_enrol(const EnrolOptions& options);

struct EnrolServerOptions {
    ConnectionOptions connection;
    std::string certificate_file;  // of the CA that signs
    std::string key_file;
    std::string claims_file;
    std::string allow_file;  // of parse_allowed_serials()
    bool any = false;
    std::string register_file = "enrolled.txt";
    std::string desired_dir;           // NODE.desired or default.desired; empty: none
    std::vector<std::string> replace;  // tenant/site/node
    std::vector<std::string> reserve;  // names for no node
    double days = 365;
    double seconds = 0;  // stop after that time; 0: never
    bool json = false;
};
ExitCode run_enrol_server(const EnrolServerOptions& options);

}  // namespace cxedge::ctl
