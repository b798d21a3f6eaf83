// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 server for devices that push (RFC 9110, 9112), on libmicrohttpd. Runs on the source's
// loop: no thread of its own. Thread: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/plugin_api/source.hpp"

namespace cxedge::devices {

struct HttpListenerSettings {
    std::string listen = "127.0.0.1:8480";  // address:port; port 0: any
    std::string cert_file;                  // PEM; with key_file: TLS
    std::string key_file;
    std::string token_file;     // who pushes sends `Authorization: Bearer <first line>`
    std::string user;           // or basic authentication with this user ...
    std::string password_file;  // ... and the first line of this file
    std::int64_t max_body_kib = 1024;
    std::int64_t max_connections = 64;
    std::int64_t max_connections_per_address = 16;
    double max_requests_per_s = 200;  // of one address, with a burst of twice as many
    // Of a connection that says nothing. One whose request drips in has four times as long.
    std::chrono::milliseconds timeout{15'000};
};

struct HttpRequest {
    std::string method;        // "POST"
    std::string path;          // without query, percent-decoded
    std::string content_type;  // lower case, without parameters
    std::string peer;          // address without port
    // Name in lower case and value, in the order of the request.
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;  // decoded, complete

    // Of the first header of that (lower-case) name; empty: none.
    [[nodiscard]] std::string_view header(std::string_view name) const;
};

struct HttpAnswer {
    int status = 200;
    std::string body{};                                          // text/plain
    std::vector<std::pair<std::string, std::string>> headers{};  // further ones: Retry-After
};

class HttpListener {
public:
    // Call it exactly once, now or later, on the loop's thread; after the listener is gone it does
    // nothing.
    using Answer = std::function<void(HttpAnswer)>;
    // Of complete, authenticated requests within the limits; everything else is answered (400, 401,
    // 408, 413, 429, 431) without it.
    using OnRequest = std::function<void(HttpRequest request, Answer answer)>;
    // What was not let through, for an event: "401", peer (empty: not known). Never of a body.
    // 429 also for a connection more than one address may have, which is closed unanswered.
    using OnRefused = std::function<void(int status, std::string_view peer)>;

    // unavailable: the address cannot be bound (yet), a file cannot be read; invalid_argument:
    // certificate, key or token file is wrong.
    // The host outlives it. Who still waits for an answer when it goes is told 503.
    static Result<std::unique_ptr<HttpListener>> open(
        const HttpListenerSettings& settings, Host& host, OnRequest on_request, OnRefused on_refused
    );
    virtual ~HttpListener() = default;
    // The port that is bound.
    [[nodiscard]] virtual std::uint16_t port() const = 0;
};

// T is HttpListenerSettings or derives from it.
template <class T>
void add_http_listener_keys(Schema<T>& schema);
// What the keys alone do not tell: half of a pair is missing. For init().
void check_http_listener(
    const HttpListenerSettings& settings, const SettingsNode& node, SettingsProblems& problems
);

}  // namespace cxedge::devices

#include "plugins/_devices/http_listener_keys.hpp"
