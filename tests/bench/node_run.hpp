// SPDX-License-Identifier: Apache-2.0
// One cxedged that is measured while it works: no faster than a box does.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "agent/base/unique_fd.hpp"

#include "tests/bench/usage.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::bench {

class NodeRun {
public:
    // `site`: TOML; "{dir}" becomes the node's runtime directory, in memory as on a box. Throws if
    // it does not run.
    explicit NodeRun(const std::string& site);

    [[nodiscard]] test::Process& agent() { return *agent_; }
    [[nodiscard]] std::string file(const std::string& name) const { return dir_.file(name); }
    [[nodiscard]] Usage usage() const { return usage_of(agent_->pid()); }
    // A number of `cxctl status --json`; -1: no answer.
    [[nodiscard]] double status(const std::string& key) const;
    // Asks until it is at least `least`; false if it never is.
    [[nodiscard]] bool status_reaches(const std::string& key, double least) const;
    // SIGTERM; the exit status.
    int stop();

private:
    test::TempDir disk_;
    test::TempDir dir_;
    std::unique_ptr<test::Process> agent_;
};

// What it used in `seconds`, without anybody doing anything.
Usage watch(const NodeRun& node, double seconds);

// Local software that sends gauges to a Unix datagram socket, values that do not compress. A
// receiver that cannot keep up makes it wait.
class StatsdClient {
public:
    explicit StatsdClient(const std::string& socket);
    // One line a datagram, evenly over the time.
    void send_for(double seconds, double per_s);
    // As fast as it goes.
    void send_at_once(std::size_t lines);

private:
    void send(std::size_t lines);

    UniqueFd fd_;
    std::mt19937_64 random_{1};
};

// Sends to {dir}/statsd.sock until the oldest samples make room for new ones; false if that does
// not come.
bool fill_spool(const NodeRun& node);

// Resident, without the surplus of a debug build's code: for that counts what a release build's
// code takes. Of the peak, not of now.
double peak_rss_mib(pid_t pid);

}  // namespace cxedge::bench
