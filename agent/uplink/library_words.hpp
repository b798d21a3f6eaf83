// SPDX-License-Identifier: Apache-2.0
// What libmosquitto and OpenSSL say, as a person can read it. Pure.
#pragma once

#include <string>
#include <vector>

namespace cxedge::uplink {

// Of an errno value.
std::string errno_text(int error);
// "OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed" -> the last part;
// "Error: host name verification failed." -> without the noise around it.
std::string plain_reason(std::string line);
// libmosquitto 2.0.21 tells of a reset, too.
bool only_reset(const std::vector<std::string>& lines);
// plain_reason() of each, once.
std::string join_reasons(const std::vector<std::string>& lines);

}  // namespace cxedge::uplink
