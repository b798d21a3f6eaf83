// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agent/base/clock.hpp"
#include "agent/ctl/broker_link.hpp"
#include "agent/ctl/exit_code.hpp"
#include "agent/ctl/receiver.hpp"
#include "agent/ctl/terminal.hpp"

namespace cxedge::ctl {

struct TailOptions {
    ConnectionOptions connection;
    std::string format = "table";  // or "jsonl"
    bool utc = false;              // times in the table
    std::uint64_t count = 0;       // stop after that many lines; 0 = never
    double seconds = 0;            // stop after that time; 0 = never
    std::string summary_file;
    bool keep_duplicates = false;
};

// Follows a broker until the user, --count or --seconds ends it; reconnects by itself. Thread: one.
class Tail {
public:
    using Print = std::function<bool(std::string_view lines)>;  // false: nobody reads any more
    using Note = Receiver::Note;

    struct Parts {
        uplink::Broker& broker;
        const Clock& clock;
        Print print;
        Note note;
    };
    // What `parts` refers to outlives the tail.
    Tail(TailOptions options, uplink::BrokerOptions connection, Parts parts);
    Tail(const Tail&) = delete;
    Tail& operator=(const Tail&) = delete;
    Tail(Tail&&) = delete;
    Tail& operator=(Tail&&) = delete;
    ~Tail();

    // One turn: connects when due, handles what arrived, prints. False when there is no more to do.
    bool turn();
    // How long to sleep before the next turn; zero while connected, when turn() itself waits.
    [[nodiscard]] std::chrono::milliseconds pause() const { return link_.pause(); }
    void stop() { link_.stop(); }

    [[nodiscard]] const Receiver& receiver() const { return receiver_; }
    [[nodiscard]] double elapsed_s() const;
    [[nodiscard]] bool was_connected() const { return link_.was_connected(); }

private:
    void hear(const std::string& topic, std::string_view payload);
    void print_lines();

    TailOptions options_;
    Print print_;
    const Clock& clock_;
    std::string out_;
    std::unique_ptr<LineWriter> writer_;
    Receiver receiver_;
    BrokerLink link_;
    bool reader_gone_ = false;
    std::uint64_t lines_left_;
    SteadyTime started_;
    SteadyTime tick_at_;
};

ExitCode run_tail(const TailOptions& options);

}  // namespace cxedge::ctl
