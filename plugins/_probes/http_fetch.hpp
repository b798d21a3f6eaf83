// SPDX-License-Identifier: Apache-2.0
// One HTTP request with the time of each of its phases (libcurl, on the loop). Names go through the
// Resolver, so that no thread waits for a dead name server. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/_probes/probe.hpp"

namespace cxedge::probes {

struct FetchRequest {
    std::string url;  // http or https
    std::string method = "GET";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::uint64_t send_bytes = 0;  // instead of `body`: so many pseudo-random bytes
    std::string range;             // "0-65535"; empty: all
    Family family = Family::any;
    std::string ca_file;  // empty: the system's
    bool tls_verify = true;
    int redirects = 5;  // followed at most
    std::chrono::milliseconds timeout{15'000};
    std::uint64_t max_bytes = 0;  // the body ends there, which is no error; 0: none
    bool new_connection = false;  // do not use one that is open
};

// Durations, not marks: each is the phase alone. Summed over redirects where there were some.
struct FetchTimes {
    std::chrono::microseconds dns{0};
    std::chrono::microseconds connect{0};
    std::chrono::microseconds tls{0};
    std::chrono::microseconds ttfb{0};  // from the request sent to the answer's first byte
    std::chrono::microseconds transfer{0};
    std::chrono::microseconds redirect{0};  // all of what went before the last request
    std::chrono::microseconds total{0};
};

struct FetchReply {
    ProbeResult result = ProbeResult::ok;  // bad_status is the caller's to judge
    std::string step;                      // guilty: dns, connect, tls, server, transfer
    std::string detail;
    long status = 0;  // 0: no answer
    int redirects = 0;
    std::string url;  // that answered
    std::string content_type;
    std::string location;        // where a redirect leads that was not followed, as written
    std::uint64_t received = 0;  // bytes of the body
    std::uint64_t sent = 0;
    FetchTimes times;
    bool reused = false;            // the connection
    std::uint32_t retransmits = 0;  // TCP_INFO tcpi_total_retrans at the end
    std::string address;            // of the server
};

// Of a request under way.
struct FetchProgress {
    // Bytes of its body that the other side's kernel has (up to 64 KiB of them may still wait in
    // libcurl: the difference of two of these is right).
    std::uint64_t acknowledged = 0;
    std::uint32_t retransmits = 0;            // as in FetchReply, until now
    std::chrono::microseconds round_trip{0};  // the longest TCP knows of, its receiver's, too
    // Bytes of data segments that came on the connection until now, at most, in whatever order.
    std::uint64_t arrived = 0;
};

class FetchPool;

// Owns one request; destroying it ends that without a call back.
class Fetch {
public:
    class State;
    Fetch();
    explicit Fetch(std::unique_ptr<State> state);
    Fetch(Fetch&& other) noexcept;
    Fetch& operator=(Fetch&& other) noexcept;
    Fetch(const Fetch&) = delete;
    Fetch& operator=(const Fetch&) = delete;
    ~Fetch();
    explicit operator bool() const { return state_ != nullptr; }
    // Nothing: not connected yet, or over.
    [[nodiscard]] std::optional<FetchProgress> progress() const;
    // What it asks now: that of the request, or where redirects led. Not of an empty one.
    [[nodiscard]] const std::string& url() const;

private:
    std::unique_ptr<State> state_;
};

// Connections that requests of a run share (as a browser does).
class FetchPool {
public:
    using OnReply = std::function<void(const FetchReply&)>;
    // Bytes of the body as they come; false ends the request (`capped` is the caller's word).
    using OnBytes = std::function<bool(std::string_view)>;

    explicit FetchPool(const ProbeContext& context);
    FetchPool(const FetchPool&) = delete;
    FetchPool& operator=(const FetchPool&) = delete;
    ~FetchPool();

    // All bytes are spent on the context's meter: over its limit the reply is `capped`. Call backs
    // come from the loop, never from within this; there the Fetch may be destroyed.
    [[nodiscard]] Fetch get(FetchRequest request, OnBytes on_bytes, OnReply on_reply);

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

// For settings: what is wrong with it, or empty.
std::string check_url(const std::string& url);

}  // namespace cxedge::probes
