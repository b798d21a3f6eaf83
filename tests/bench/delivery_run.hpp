// SPDX-License-Identifier: Apache-2.0
// One run of the delivery bench: a candidate (cxedged, or another), what takes its messages, a
// feeder, and what happens to them on the way. Thread: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/bench/candidate.hpp"
#include "tests/bench/far_end.hpp"
#include "tests/bench/statsd_feeder.hpp"
#include "tests/bench/usage.hpp"
#include "tests/bench/wire.hpp"
#include "tests/support/kpi_feeder.hpp"
#include "tests/support/process.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::bench {

struct DeliveryPlan {
    double rate = 1000;
    double seconds = 20;         // of feeding, without outage and freeze
    bool strict = false;         // one line, and the next after its answer
    std::int64_t burst_ms = 10;  // otherwise: lines are written this often
    double outage_s = 0;         // the broker is stopped for so long
    double freeze_s = 0;         // the broker is SIGSTOPped for so long
    bool kill = false;           // SIGKILL to it: with the broker up, and inside the outage
    bool full_disk = false;      // its disk gets full to the last block early in the outage
    std::int64_t delay_ms = 0;
    bool offline = false;      // no broker while feeding
    bool trace_files = false;  // count file writes with strace(1)
    // The first second is not measured.
    static constexpr double kWarmUp = 1;
    [[nodiscard]] double feeding_s() const { return kWarmUp + seconds + outage_s + freeze_s; }
    [[nodiscard]] std::size_t samples() const {
        return static_cast<std::size_t>(rate * feeding_s());
    }
};

// What went through pwrite(2) and fsync(2).
struct FileTraffic {
    std::uint64_t bytes = 0;
    std::uint64_t syncs = 0;
};

struct DeliveryFigures {
    std::size_t sent = 0;
    std::size_t measured = 0;  // of these: after the warm-up
    std::size_t acknowledged = 0;
    std::size_t received = 0;
    std::size_t lost = 0;        // acknowledged, and never received
    std::size_t duplicates = 0;  // received in two batches, and never sent twice
    std::size_t sent_twice = 0;  // received twice after its answer got lost with the connection
    std::size_t refusals = 0;
    BatchTotals totals;  // of cxedged
    double cpu_user_s = 0;
    double cpu_system_s = 0;
    std::uint64_t wakeups = 0;
    double peak_mib = 0;
    double end_mib = 0;
    std::optional<WireCount> wire;
    bool delivers = true;  // else nothing is known of what follows
    std::string no_wire;   // why there is no wire count
    std::uint64_t written_bytes = 0;
    std::int64_t state_growth = 0;
    FileTraffic files;
    std::vector<double> latency_ms;  // sorted; of samples that no outage or kill concerned
    std::vector<double> answer_ms;   // sorted; until "ok"
    // After the broker came back.
    std::optional<double> first_message_s;
    std::size_t backlog = 0;
    double backlog_s = 0;  // from the first message to the last of the backlog
    // What had waited before the start.
    Backlog old;
    std::size_t old_received = 0;
    std::size_t old_twice = 0;
    double old_s = 0;       // from its first sample to its last
    bool old_late = false;  // still going on when feeding ended
};

class DeliveryRun {
public:
    // Throws std::runtime_error when a process does not start.
    DeliveryRun(DeliveryPlan plan, Candidate& candidate);
    DeliveryFigures run();

private:
    using SteadyTime = std::chrono::steady_clock::time_point;
    struct Span {
        std::int64_t from_ns;
        std::int64_t to_ns;
    };

    void start_agent();
    void start_feeding();
    void begin_measuring();
    void begin_trace();
    void end_trace();
    void sleep_until(double s) const;
    void trouble();
    void kill_agent();
    void outage();
    void freeze();
    void end_feeding();
    void await(std::size_t wanted) const;
    void await_arrivals();
    void add_usage();
    [[nodiscard]] std::size_t written() const;
    [[nodiscard]] const std::vector<test::KpiSent>& sent() const;
    void count(DeliveryFigures& figures) const;
    void measure_latency();
    void measure_return();
    void measure_old();
    [[nodiscard]] bool troubled(std::int64_t at_ns) const;

    DeliveryPlan plan_;
    Candidate& candidate_;
    test::TempDir disk_;
    std::unique_ptr<test::SmallDisk> small_disk_;
    test::TempDir runtime_;  // on tmpfs
    std::unique_ptr<Wire> wire_;
    std::unique_ptr<FarEnd> far_end_;
    Surroundings at_;
    std::unique_ptr<test::Process> agent_;
    std::unique_ptr<test::Process> strace_;
    std::unique_ptr<test::KpiFeeder> kpi_;
    std::unique_ptr<StatsdFeeder> statsd_;
    SteadyTime begin_;
    Usage base_;  // of the present process when feeding began, or zero
    DeliveryFigures figures_;
    std::vector<Span> troubles_;
    std::int64_t returned_ns_ = 0;
};

}  // namespace cxedge::bench
