// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 client for devices that are asked (RFC 9110, 9112; basic and digest: RFC 7617, 7616),
// on libcurl. Runs on the source's loop; only names are looked up elsewhere (Host::offload()), so
// that a dead name server stops neither other requests nor the source. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/plugin_api/source.hpp"

namespace cxedge::devices {

// How a device is asked; settings of targets derive from it.
struct HttpAccess {
    std::vector<std::pair<std::string, std::string>> headers;
    std::string auth = "auto";  // auto: as the device asks, basic or digest
    std::string user;           // empty: none
    std::string password_file;  // its first line
    std::string ca_file;        // PEM; empty: the system's
    bool tls_verify = true;
    std::chrono::milliseconds connect_timeout{5'000};  // also of the look-up of its name
    std::chrono::milliseconds timeout{15'000};         // of it all, redirects included
    std::int64_t max_body_kib = 1'024;
};

struct HttpCall {
    HttpAccess access;
    std::string method = "GET";  // GET, POST, PUT
    std::string url;             // http or https, without user
    std::string body;
    // Of listen(): no byte for so long ends it.
    std::chrono::milliseconds silence{60'000};
};

struct HttpReply {
    std::string content_type;  // as sent, with parameters
    std::string body;
};

class HttpExchange;
struct HttpEngine;

// Owns one request; destroying it ends the request without a call back.
class HttpTask {
public:
    HttpTask() = default;
    explicit HttpTask(std::shared_ptr<HttpExchange> exchange) : exchange_(std::move(exchange)) {}
    explicit operator bool() const { return exchange_ != nullptr; }

private:
    std::shared_ptr<HttpExchange> exchange_;
};

// Addresses of a host's name as text ("10.0.0.7", "fe80::1"), best first. Blocks; runs on a worker.
using HttpLookup = std::function<Result<std::vector<std::string>>(const std::string& name)>;
Result<std::vector<std::string>> look_up_host(const std::string& name);

class HttpClient {
public:
    // Errors say which host and what is wrong in words for who installs it: "10.0.0.7: connection
    // refused", "10.0.0.7: 401: user or password is wrong". Answers other than 2xx are errors;
    // redirects are followed, three at most, to http and https only and without credentials,
    // headers and body once they lead elsewhere (other scheme, host or port).
    using OnReply = std::function<void(const Result<HttpReply>& reply)>;
    // Of listen(): what comes of the body, the content type with it.
    using OnBytes = std::function<void(std::string_view content_type, std::string_view bytes)>;
    // Of listen(): the body ended (success), or why there is no more.
    using OnEnd = std::function<void(const Status& end)>;

    // The host outlives it.
    explicit HttpClient(Host& host, HttpLookup lookup = look_up_host);
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    ~HttpClient();

    // Call backs come from the loop, never from within these; there the task may be destroyed.
    [[nodiscard]] HttpTask ask(HttpCall call, OnReply on_reply);
    // A body without end. Is called with no bytes once when the answer begins.
    [[nodiscard]] HttpTask listen(HttpCall call, OnBytes on_bytes, OnEnd on_end);

private:
    std::shared_ptr<HttpEngine> engine_;
};

// For settings: what is wrong with it, or empty.
std::string check_http_url(const std::string& url);
std::string check_http_headers(const std::vector<std::pair<std::string, std::string>>& headers);
// "10.0.0.7" or "10.0.0.7:8080" of a sound URL: how the target is called where it has no name.
std::string http_host_of(const std::string& url);
// "application/json" of "Application/JSON; charset=utf-8".
std::string bare_content_type(std::string_view content_type);

// T is HttpAccess or derives from it.
template <class T>
void add_http_access_keys(Schema<T>& schema) {
    schema.text_map("headers", &T::headers, "Header lines to send, e.g. { Accept = \"text/csv\" }");
    schema.text("auth", &T::auth, "How to sign in; auto: as the device asks, basic or digest")
        .one_of({"auto", "basic", "digest"});
    schema.text("user", &T::user, "User at the device; empty: none");
    schema.text("password_file", &T::password_file, "File whose first line is the password");
    schema.text("ca_file", &T::ca_file, "PEM certificates that sign the device's (https)");
    schema.boolean("tls_verify", &T::tls_verify, "https: whether the device's certificate counts");
    schema.duration("connect_timeout_s", &T::connect_timeout, "Name and connection take at most")
        .range(0.1, 120);
    schema.duration("timeout_s", &T::timeout, "A request takes at most").range(0.1, 600);
    schema.integer("max_body_kib", &T::max_body_kib, "Largest answer").range(1, 65'536);
}

}  // namespace cxedge::devices
