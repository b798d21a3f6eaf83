// SPDX-License-Identifier: Apache-2.0
// What a user would pick instead of cxedged, as Debian packages it: unpack.sh puts the programs
// into a directory, `root` below, without installing them. Each is configured for keeping data
// where it can: QoS 1, buffers on disk, endless retries.
#pragma once

#include <memory>
#include <string>

#include "tests/bench/candidate.hpp"

namespace cxedge::bench {

// collectd: unixsock plugin (answers every line), mqtt plugin with QoS 1.
std::unique_ptr<Candidate> make_collectd(std::string root);
// syslog-ng: stream socket (no answers), reliable disk buffer, HTTP in batches.
std::unique_ptr<Candidate> make_syslog_ng(std::string root);
// mosquitto_pub -l: a FIFO, a message a line with QoS 1. What a shell script does.
std::unique_ptr<Candidate> make_mosquitto_pub(std::string root);
// Not a choice but a floor: answers each line and forgets it. epoll_wait, read, write.
std::unique_ptr<Candidate> make_echo();

// env(1) with what the unpacked programs need to find their libraries.
std::vector<std::string> unpacked(const std::string& root, const std::string& program);

}  // namespace cxedge::bench
