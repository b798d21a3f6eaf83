// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "agent/base/clock.hpp"
#include "agent/ctl/exit_code.hpp"
#include "agent/ctl/receiver.hpp"
#include "agent/ctl/terminal.hpp"
#include "agent/uplink/broker.hpp"

namespace cxedge::ctl {

struct TailOptions {
    std::string broker = "mqtt://127.0.0.1:1883";
    std::string topic = "cx/1/#";
    std::string format = "table";  // or "jsonl"
    bool utc = false;              // times in the table
    std::uint64_t count = 0;       // stop after that many lines; 0 = never
    double seconds = 0;            // stop after that time; 0 = never
    std::string summary_file;
    bool keep_duplicates = false;
    std::string session;  // client id of a session that the broker keeps for an hour; empty = none
    std::string username;
    std::string password_file;
    std::string ca_file;
    std::string certificate_file;
    std::string key_file;
};

// Where the dictionaries of the nodes of a topic filter are announced, so that what the filter
// brings can be decoded: "cx/1/+/+/+/up/#" -> "cx/1/+/+/+/dict/#"; empty when the filter covers
// them.
std::string dictionary_filter(const std::string& topic);

// invalid_argument: the URL is wrong; others: the password file cannot be read.
Result<uplink::BrokerOptions> broker_options(const TailOptions& options);

// Follows a broker until the user, --count or --seconds ends it; reconnects by itself. Thread: one.
class Tail final : private uplink::BrokerListener {
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
    ~Tail() override;

    // One turn: connects when due, handles what arrived, prints. False when there is no more to do.
    bool turn();
    // How long to sleep before the next turn; zero while connected, when turn() itself waits.
    [[nodiscard]] std::chrono::milliseconds pause() const;
    void stop();

    [[nodiscard]] const Totals& totals() const { return receiver_.totals(); }
    [[nodiscard]] double elapsed_s() const;
    [[nodiscard]] bool was_connected() const { return was_connected_; }

private:
    enum class Link : std::uint8_t { down, connecting, up };

    void on_connected(const uplink::BrokerLimits& limits) override;
    void on_disconnected(const std::string& why) override;
    void on_puback(int mid, std::uint8_t reason) override;
    void on_message(const std::string& topic, std::string_view payload, bool retained) override;

    void connect();
    void lost(const std::string& why);
    void subscribe(const std::string& filter);
    void send_requests();
    void print_lines();

    TailOptions options_;
    uplink::BrokerOptions connection_;
    Parts parts_;
    std::string out_;
    std::unique_ptr<LineWriter> writer_;
    Receiver receiver_;
    Link link_ = Link::down;
    bool subscribe_due_ = false;
    bool was_connected_ = false;
    bool reader_gone_ = false;
    std::uint64_t lines_left_;
    std::vector<std::string> requests_;  // topics to ask for dictionaries on
    SteadyTime started_;
    SteadyTime connect_at_;
    SteadyTime tick_at_;
    std::chrono::milliseconds backoff_;
};

ExitCode run_tail(const TailOptions& options);

}  // namespace cxedge::ctl
