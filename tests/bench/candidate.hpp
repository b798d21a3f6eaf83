// SPDX-License-Identifier: Apache-2.0
// What a delivery run measures: cxedged, or a program that a user would pick instead. One small
// file each, this one's and those in peers/.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/backlog.hpp"
#include "tests/bench/far_end.hpp"
#include "tests/support/kpi_feeder.hpp"

namespace cxedge::bench {

inline constexpr const char* kMetric = "bench.load";

// Where a candidate may write, and where it sends.
struct Surroundings {
    std::string state;    // directory on disk
    std::string runtime;  // directory on tmpfs
    std::string far_host;
    std::uint16_t far_port = 0;
};

class Candidate {
public:
    Candidate() = default;
    Candidate(const Candidate&) = delete;
    Candidate& operator=(const Candidate&) = delete;
    virtual ~Candidate() = default;

    [[nodiscard]] virtual std::string name() const = 0;
    // What takes its messages. Null: it sends none.
    [[nodiscard]] virtual std::unique_ptr<FarEnd> make_far_end(FarPlace where, std::size_t samples)
        const = 0;
    // Writes its configuration and returns the command; called before each start.
    virtual std::vector<std::string> prepare(const Surroundings& at) = 0;
    // A line of its output. True: it takes samples now. Empty function: it says nothing, and runs
    // once the feeder can connect.
    virtual std::function<bool(const std::string& line)> ready_line() { return {}; }
    // How samples are written to it: socket, form, answers; the rest is the plan's.
    [[nodiscard]] virtual test::KpiFeed feed(const Surroundings& at) const = 0;
    // Set: samples go there over StatsD instead of feed().
    [[nodiscard]] virtual std::uint16_t statsd_port() const { return 0; }
    // Called once, before the first start: what it shall already have waiting.
    virtual Backlog make_backlog(const Surroundings& /*at*/) { return {}; }
};

struct CxedgedOptions {
    std::string via = "kpi_socket";
    std::string config;  // more lines of the configuration
    std::string uplink;  // more lines of its [uplink]
    double backlog_days = 0;
};
std::unique_ptr<Candidate> make_cxedged(CxedgedOptions options);

}  // namespace cxedge::bench
