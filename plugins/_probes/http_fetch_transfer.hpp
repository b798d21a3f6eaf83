// SPDX-License-Identifier: Apache-2.0
// One request of libcurl's to one host, redirects not followed. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/_probes/http_fetch.hpp"
#include "plugins/_probes/http_fetch_sockets.hpp"
#include "plugins/_probes/http_fetch_words.hpp"

namespace cxedge::probes {

class FetchTransfer {
public:
    struct Order {
        std::string url;
        std::string host;  // as in the URL, without brackets
        std::uint16_t port = 0;
        bool tls = false;
        std::string method;
        bool with_body = false;     // whether that of the request is sent
        bool with_headers = false;  // likewise
        bool alone = false;         // shares no connection
        bool follow = false;        // a redirect is not an answer: its body is not told
        std::vector<SocketAddress> addresses;
        std::chrono::milliseconds timeout{0};
    };
    // False ends it. May destroy the Fetch: the transfer then is given to FetchEngine::retire().
    using OnBytes = std::function<bool(std::string_view)>;

    // Nesting depth of call backs from within libcurl; where it is not 0 nothing may be removed.
    struct Shared {
        FetchSockets& sockets;
        int& in_curl;
    };

    // What is shared outlives it. Null: out of memory.
    static std::unique_ptr<FetchTransfer> make(
        const Shared& shared,
        std::shared_ptr<const FetchRequest> request,
        Order order,
        OnBytes on_bytes
    );
    FetchTransfer(const FetchTransfer&) = delete;
    FetchTransfer& operator=(const FetchTransfer&) = delete;
    ~FetchTransfer();

    [[nodiscard]] void* easy() const;
    // From now on nothing is told.
    void abandon();

    // ---- What is known so far.
    [[nodiscard]] long status() const;  // 0: no answer
    // Where a redirect leads, as written; empty: it is none.
    [[nodiscard]] std::string redirect() const;
    // connect, tls, server or transfer.
    [[nodiscard]] std::string step() const;
    // Nothing: not connected.
    [[nodiscard]] std::optional<FetchProgress> progress() const;
    // After libcurl said that it ended with `code`. The receiver had enough (max_bytes, or it said
    // so): that is no error.
    [[nodiscard]] FetchVerdict verdict(int code);
    // Adds times, bytes and the like to those of the requests before.
    void tell(FetchReply& reply) const;

private:
    class Impl;
    explicit FetchTransfer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace cxedge::probes
