// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <utility>
#include <vector>

#include <microhttpd.h>

#include "plugins/_devices/http_request.hpp"
#include "plugins/_devices/http_server.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

using std::chrono::milliseconds;

// libmicrohttpd acts so often in one turn of the loop; then others get theirs.
constexpr int kRunsATurn = 16;
constexpr int kGoodbyeRuns = 3;
constexpr unsigned kMemoryOfConnection = 32'768;  // bounds the head of a request

HttpServer& server_of(void* self) {
    return *static_cast<HttpServer*>(self);
}

MHD_Result answer_of(bool good) {
    return good ? MHD_YES : MHD_NO;
}

// NOLINTNEXTLINE(readability-function-size): libmicrohttpd's interface
MHD_Result on_access(
    void* self,
    MHD_Connection* connection,
    const char* url,
    const char* method,
    const char* version,
    const char* data,
    std::size_t* size,
    void** context
) {
    static_cast<void>(version);
    if (*context == nullptr) {
        *context = self;  // not the first call any more
        return answer_of(server_of(self).head(connection, url, method));
    }
    if (const std::size_t bytes = std::exchange(*size, 0); bytes > 0) {
        return answer_of(server_of(self).body(connection, {data, bytes}));
    }
    return answer_of(server_of(self).complete(connection));
}

void on_connection(
    void* self, MHD_Connection* connection, void** context, MHD_ConnectionNotificationCode what
) {
    static_cast<void>(context);
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        server_of(self).closed(connection);
        return;
    }
    // NOLINTBEGIN(cppcoreguidelines-pro-type-vararg): libmicrohttpd's interface
    const MHD_ConnectionInfo* const address =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const std::string peer = peer_of(address->client_addr);
    const MHD_ConnectionInfo* const fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    // NOLINTEND(cppcoreguidelines-pro-type-vararg)
    server_of(self).opened(connection, fd->connect_fd, peer);
}

void on_completed(
    void* self, MHD_Connection* connection, void** context, MHD_RequestTerminationCode why
) {
    static_cast<void>(why);
    *context = nullptr;
    server_of(self).completed(connection);
}

MHD_Result on_accept(void* self, const sockaddr* address, socklen_t size) {
    static_cast<void>(size);
    return answer_of(server_of(self).may_connect(peer_of(address)));
}

void on_log(void* self, const char* format, va_list arguments) {
    std::array<char, 512> buffer{};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"  // libmicrohttpd's own
    std::vsnprintf(buffer.data(), buffer.size(), format, arguments);
#pragma GCC diagnostic pop
    server_of(self).said(trimmed(buffer.data()));
}

// The path is decoded by us: a %00 must not end it.
std::size_t keep_escapes(void* self, MHD_Connection* connection, char* text) {
    static_cast<void>(self);
    static_cast<void>(connection);
    return std::string_view(text).size();
}

template <class Callback>
MHD_OptionItem calling(MHD_OPTION option, Callback* callback, void* self) {
    return {option, reinterpret_cast<std::intptr_t>(callback), self};
}

template <class Number>
MHD_OptionItem number(MHD_OPTION option, Number value) {
    return {option, static_cast<std::intptr_t>(value), nullptr};
}

}  // namespace

HttpServer::~HttpServer() {
    ready_.cancel();
    again_.cancel();
    tick_.cancel();
    if (daemon_ == nullptr) {
        return;
    }
    say_goodbye();
    for (int i = 0; i < kGoodbyeRuns; ++i) {
        MHD_run(daemon_);
    }
    MHD_stop_daemon(daemon_);
}

Status HttpServer::start() {
    std::string cert;
    std::string key;
    if (is_tls()) {
        Result<std::string> cert_text = read_whole_file(settings_.cert_file);
        Result<std::string> key_text = read_whole_file(settings_.key_file);
        if (!cert_text || !key_text) {
            return cert_text ? key_text.error().during("key_file")
                             : cert_text.error().during("cert_file");
        }
        cert = std::move(cert_text).value();
        key = std::move(key_text).value();
    }
    Result<ListenSocket> socket = listen_tcp(settings_.listen);
    if (!socket) {
        return socket.error();
    }
    if (Status started = start_daemon(*socket, std::move(cert), std::move(key)); !started) {
        return started;
    }
    port_ = socket->port;
    static_cast<void>(socket->fd.release());  // the daemon closes it
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): libmicrohttpd's interface
    const MHD_DaemonInfo* const info = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_EPOLL_FD);
    ready_ = host_.loop().when_readable(info->epoll_fd, [this] { pump(); });
    return {};
}

Status HttpServer::start_daemon(const ListenSocket& socket, std::string cert, std::string key) {
    constexpr milliseconds kSecond{1'000};
    // Our own limit comes first where it knows more.
    const auto seconds = (settings_.timeout + kSecond - milliseconds(1)) / kSecond + 1;
    std::vector<MHD_OptionItem> options{
        number(MHD_OPTION_LISTEN_SOCKET, socket.fd.get()),
        number(MHD_OPTION_CONNECTION_LIMIT, settings_.max_connections),
        number(MHD_OPTION_CONNECTION_MEMORY_LIMIT, kMemoryOfConnection),
        number(MHD_OPTION_CONNECTION_TIMEOUT, seconds),
        calling(MHD_OPTION_NOTIFY_COMPLETED, &on_completed, this),
        calling(MHD_OPTION_NOTIFY_CONNECTION, &on_connection, this),
        calling(MHD_OPTION_UNESCAPE_CALLBACK, &keep_escapes, this)};
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    std::string versions = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
    if (is_tls()) {
        flags |= MHD_USE_TLS;
        options.push_back({MHD_OPTION_HTTPS_MEM_CERT, 0, cert.data()});
        options.push_back({MHD_OPTION_HTTPS_MEM_KEY, 0, key.data()});
        options.push_back({MHD_OPTION_HTTPS_PRIORITIES, 0, versions.data()});
    }
    options.push_back({MHD_OPTION_END, 0, nullptr});
    // clang-format off
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): libmicrohttpd's interface
    daemon_ = MHD_start_daemon(flags, 0, &on_accept, this, &on_access, this,
        MHD_OPTION_EXTERNAL_LOGGER, &on_log, this, MHD_OPTION_ARRAY, options.data(), MHD_OPTION_END);
    // clang-format on
    const std::string what = is_tls() ? "cert_file, key_file" : settings_.listen;
    return daemon_ != nullptr ? Status() : invalid_argument(what + ": " + last_words_);
}

// Several requests of one read are waiting: no descriptor tells of them.
bool HttpServer::has_more() const {
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    return MHD_get_timeout(daemon_, &wait_ms) == MHD_YES && wait_ms == 0;
}

void HttpServer::pump_soon() {
    if (!again_) {
        again_ = host_.loop().after(milliseconds(0), [this] { pump(); });
    }
}

void HttpServer::pump() {
    int runs = 0;
    do {
        MHD_run(daemon_);
    } while (++runs < kRunsATurn && has_more());
    again_ = LoopHandle();
    if (has_more()) {
        pump_soon();
    }
    if (!links_.empty() && !tick_) {
        const milliseconds often =
            std::clamp(settings_.timeout / 8, milliseconds(100), milliseconds(1'000));
        tick_ = host_.loop().after(often, [this] {
            tick_ = LoopHandle();
            sweep();
            pump();
        });
    }
}

}  // namespace cxedge::devices
