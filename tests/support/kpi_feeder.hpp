// SPDX-License-Identifier: Apache-2.0
// A client of kpi_socket, or of something like it, as a careful application is one: each sample has
// a value of its own, and stays the client's until it is answered "ok". Thread: its own; the
// results belong to the caller after finish().
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "agent/base/unique_fd.hpp"

namespace cxedge::test {

struct KpiFeed {
    std::string socket;
    std::string series = "bench.load";  // name and dimensions
    // Of another program's lines: what stands before the value instead of the series, and how the
    // answer begins that means "taken".
    std::string before;
    std::string ok = "ok";
    // False: nothing is answered, and `socket` may also be a FIFO (of a process that ignores
    // SIGPIPE). A sample counts as taken once the kernel has it.
    bool answered = true;
    double rate = 1000;          // samples a second
    std::size_t samples = 1000;  // in all
    // Lines are written together this often; strict: one line, and the next after its answer.
    std::chrono::milliseconds burst{10};
    bool strict = false;
    // What was not answered when the connection broke may have been taken. True: it is sent again
    // under its value, and may arrive twice; false: it is given up, and a fresh value goes instead.
    bool repeat_unanswered = true;
};

// What became of sample `i`, whose value has `i` as its whole part.
struct KpiSent {
    std::int64_t first_ns = 0;  // steady clock, when it was written first; 0: never
    std::int64_t ok_ns = 0;     // likewise, when it was answered "ok"; 0: never
    bool repeated = false;      // written again after an answer that never came
};

class KpiFeeder {
public:
    // The whole part is the number of the sample; the decimals make it as hard to compress as a
    // measured value.
    static std::string value_of(std::size_t sample);

    explicit KpiFeeder(KpiFeed feed);
    KpiFeeder(const KpiFeeder&) = delete;
    KpiFeeder& operator=(const KpiFeeder&) = delete;
    ~KpiFeeder();

    // Begins no further samples. Thread: any.
    void end() { limit_ = next_.load(); }
    // Waits until every sample is answered or given up; after `patience` it stops where it is.
    // Returns whether it came to the end.
    bool finish(std::chrono::milliseconds patience);
    // Thread: any.
    [[nodiscard]] std::size_t written() const { return next_.load(); }
    [[nodiscard]] std::size_t acknowledged() const { return acknowledged_.load(); }
    [[nodiscard]] std::size_t refusals() const { return refusals_.load(); }

    [[nodiscard]] const std::string& series() const { return feed_.series; }
    [[nodiscard]] const std::vector<KpiSent>& sent() const { return sent_; }

private:
    void run();
    void connect();
    void lost();
    void write_due();
    void write_sample(std::size_t sample);
    void flush();
    void take_written();
    void read_answers();
    void take_answer(std::string_view answer);
    [[nodiscard]] std::size_t due() const;
    [[nodiscard]] bool at_end() const;
    void wait() const;

    KpiFeed feed_;
    std::vector<KpiSent> sent_;
    std::atomic<std::size_t> next_{0};
    std::atomic<std::size_t> limit_;
    std::atomic<std::size_t> acknowledged_{0};
    std::atomic<std::size_t> refusals_{0};
    std::atomic<bool> stopping_{false};
    std::atomic<bool> ended_{false};
    std::chrono::steady_clock::time_point begin_;
    UniqueFd fd_;
    std::deque<std::size_t> waiting_;  // written on this connection, in the order of answers
    std::deque<std::size_t> again_;    // to be written again
    std::chrono::steady_clock::time_point again_at_;
    std::string out_;
    std::string in_;
    std::thread thread_;
};

}  // namespace cxedge::test
