// SPDX-License-Identifier: Apache-2.0
// The server behind HttpListener: connections, requests and their limits (http_server.cpp) on
// libmicrohttpd's daemon (http_daemon.cpp). Thread: the loop's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/_devices/http_credentials.hpp"
#include "plugins/_devices/http_listen_address.hpp"
#include "plugins/_devices/http_listener.hpp"
#include "plugins/_devices/http_rate_limit.hpp"

struct MHD_Connection;
struct MHD_Daemon;

namespace cxedge::devices {

class HttpServer final : public HttpListener {
public:
    HttpServer(
        const HttpListenerSettings& settings,
        Host& host,
        HttpCredentials credentials,
        OnRequest on_request,
        OnRefused on_refused
    );
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    ~HttpServer() override;

    Status start();
    [[nodiscard]] std::uint16_t port() const override { return port_; }

    // What the daemon calls back. False: close the connection.
    [[nodiscard]] bool may_connect(const std::string& peer) const;
    void opened(MHD_Connection* connection, int fd, std::string peer);
    void closed(MHD_Connection* connection);
    bool head(MHD_Connection* connection, const char* url, const char* method);
    bool body(MHD_Connection* connection, std::string_view bytes);
    bool complete(MHD_Connection* connection);  // or resumed
    void completed(MHD_Connection* connection);
    void said(std::string_view text);

private:
    // One request on its way.
    struct Exchange {
        MHD_Connection* connection = nullptr;
        HttpRequest request;
        std::size_t received = 0;
        std::optional<HttpAnswer> refusal;  // decided before the end of the body
        std::optional<HttpAnswer> answer;
        bool asked = false;
        bool suspended = false;
    };
    enum class Phase { head, body, host, answer };
    struct Connection {
        int fd = -1;
        std::string peer;
        Phase phase = Phase::head;
        SteadyTime since{};  // the phase
        SteadyTime heard{};
        bool cut = false;
        std::shared_ptr<Exchange> exchange{};
    };

    Status start_daemon(const ListenSocket& socket, std::string cert, std::string key);
    std::optional<HttpAnswer> check_head(const HttpRequest& request, const char* url);
    [[nodiscard]] Answer make_answer(const std::shared_ptr<Exchange>& exchange);
    bool send(Connection& link, const HttpAnswer& answer);
    void enter(Connection& link, Phase phase);
    void refuse(Exchange& exchange, HttpAnswer answer);
    [[nodiscard]] std::size_t most_bytes() const;
    [[nodiscard]] bool is_tls() const { return !settings_.cert_file.empty(); }

    void pump();
    void pump_soon();
    [[nodiscard]] bool has_more() const;
    void sweep();
    [[nodiscard]] bool is_too_slow(const Connection& link, SteadyTime now) const;
    void cut(Connection& link);
    void say_goodbye();

    const HttpListenerSettings settings_;
    Host& host_;
    const HttpCredentials credentials_;
    const OnRequest on_request_;
    const OnRefused on_refused_;
    HttpRateLimit rate_;
    std::map<MHD_Connection*, Connection> links_;
    std::map<std::string, std::int64_t> of_address_;  // connections
    std::string last_words_;                          // libmicrohttpd's, of a failed start
    std::uint16_t port_ = 0;
    bool closing_ = false;
    MHD_Daemon* daemon_ = nullptr;
    LoopHandle ready_;
    LoopHandle again_;
    LoopHandle tick_;
};

}  // namespace cxedge::devices
