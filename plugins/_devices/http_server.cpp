// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/http_server.hpp"

#include <charconv>
#include <utility>

#include <microhttpd.h>
#include <sys/socket.h>

#include "plugins/_devices/http_path.hpp"
#include "plugins/_devices/http_request.hpp"

namespace cxedge::devices {
namespace {

// A request that drips in ends after so many timeouts: of its head, of its body.
constexpr int kHeadTimeouts = 2;
constexpr int kBodyTimeouts = 4;
constexpr std::chrono::seconds kSilentMargin{2};
// What comes beyond max_body_kib is not kept, but read so far: who still sends hears no answer.
constexpr std::size_t kReadBeyond = 4;
constexpr std::string_view kTooSlow =
    "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

HttpAnswer refusal_of(int status, std::string body) {
    return {status, std::move(body), {}};
}

HttpAnswer try_later(int status, int seconds, std::string body) {
    return {status, std::move(body), {{"Retry-After", std::to_string(seconds)}}};
}

// The peer will say no more, and all it said was read.
bool is_left(int fd) {
    char byte = 0;
    return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

}  // namespace

HttpServer::HttpServer(
    const HttpListenerSettings& settings,
    Host& host,
    HttpCredentials credentials,
    OnRequest on_request,
    OnRefused on_refused
)
    : settings_(settings),
      host_(host),
      credentials_(std::move(credentials)),
      on_request_(std::move(on_request)),
      on_refused_(std::move(on_refused)),
      rate_(settings.max_requests_per_s) {}

bool HttpServer::may_connect(const std::string& peer) const {
    const auto known = of_address_.find(peer);
    const std::int64_t open = known == of_address_.end() ? 0 : known->second;
    if (open >= settings_.max_connections_per_address) {
        on_refused_(MHD_HTTP_TOO_MANY_REQUESTS, peer);
        return false;
    }
    return true;
}

void HttpServer::opened(MHD_Connection* connection, int fd, std::string peer) {
    const SteadyTime now = host_.clock().steady_now();
    ++of_address_[peer];
    links_[connection] = Connection{fd, std::move(peer), Phase::head, now, now};
}

void HttpServer::closed(MHD_Connection* connection) {
    const auto found = links_.find(connection);
    if (found == links_.end()) {
        return;
    }
    const auto count = of_address_.find(found->second.peer);
    if (--count->second == 0) {
        of_address_.erase(count);
    }
    links_.erase(found);
    if (!closing_ && links_.size() + 1 >= static_cast<std::size_t>(settings_.max_connections)) {
        pump_soon();  // there is room for who waits, and no descriptor tells of it
    }
}

void HttpServer::enter(Connection& link, Phase phase) {
    link.phase = phase;
    link.since = host_.clock().steady_now();
    link.heard = link.since;
}

std::size_t HttpServer::most_bytes() const {
    return static_cast<std::size_t>(settings_.max_body_kib) * 1'024;
}

std::optional<HttpAnswer> HttpServer::check_head(const HttpRequest& request, const char* url) {
    const int wait = rate_.take(request.peer, host_.clock().steady_now());
    if (wait > 0) {
        return try_later(429, wait, "too many requests");
    }
    if (!credentials_.allow(request.header("authorization"))) {
        return HttpAnswer{
            401, "wrong or missing credentials", {{"WWW-Authenticate", credentials_.challenge()}}};
    }
    if (!decoded_path(url)) {
        return refusal_of(400, "the path is malformed");
    }
    if (declared_length(request).value_or(0) > most_bytes()) {
        return refusal_of(413, "the body is too large");
    }
    return std::nullopt;
}

void HttpServer::refuse(Exchange& exchange, HttpAnswer answer) {
    if (exchange.refusal) {
        return;
    }
    on_refused_(answer.status, exchange.request.peer);
    exchange.refusal = std::move(answer);
    exchange.request.body = std::string();
}

bool HttpServer::head(MHD_Connection* connection, const char* url, const char* method) {
    Connection& link = links_[connection];
    link.exchange = std::make_shared<Exchange>();
    Exchange& exchange = *link.exchange;
    exchange.connection = connection;
    exchange.request = request_head(connection, method, link.peer);
    enter(link, Phase::body);
    std::optional<HttpAnswer> refused = check_head(exchange.request, url);
    if (!refused) {
        exchange.request.path = decoded_path(url).value_or("/");
        return true;
    }
    const std::uint64_t length = declared_length(exchange.request).value_or(0);
    refuse(exchange, std::move(*refused));
    // A small body is read all the same: then the answer is sure to arrive, and the connection
    // lives on. A large one, or one that waits for our word, is not.
    const bool waits = !exchange.request.header("expect").empty();
    return length > most_bytes() || waits ? send(link, *exchange.refusal) : true;
}

bool HttpServer::body(MHD_Connection* connection, std::string_view bytes) {
    Connection& link = links_[connection];
    Exchange& exchange = *link.exchange;
    link.heard = host_.clock().steady_now();
    exchange.received += bytes.size();
    if (exchange.received > most_bytes()) {
        refuse(exchange, refusal_of(413, "the body is too large"));
    }
    if (!exchange.refusal) {
        exchange.request.body.append(bytes);
    }
    return exchange.received <= kReadBeyond * most_bytes();
}

// An exchange that lives has a server that does.
HttpListener::Answer HttpServer::make_answer(const std::shared_ptr<Exchange>& exchange) {
    return [this, weak = std::weak_ptr(exchange)](HttpAnswer answer) {
        const std::shared_ptr<Exchange> here = weak.lock();
        if (!here || here->answer) {
            return;
        }
        here->answer = std::move(answer);
        if (std::exchange(here->suspended, false)) {
            MHD_resume_connection(here->connection);
            pump_soon();  // no descriptor tells of it
        }
    };
}

bool HttpServer::complete(MHD_Connection* connection) {
    Connection& link = links_[connection];
    Exchange& exchange = *link.exchange;
    if (exchange.refusal) {
        return send(link, *exchange.refusal);
    }
    if (closing_ && !exchange.asked) {
        return send(link, try_later(503, 5, "shutting down"));
    }
    if (!std::exchange(exchange.asked, true)) {
        on_request_(std::move(exchange.request), make_answer(link.exchange));
    }
    if (exchange.answer) {
        return send(link, *exchange.answer);
    }
    enter(link, Phase::host);
    exchange.suspended = true;
    MHD_suspend_connection(connection);
    return true;
}

bool HttpServer::send(Connection& link, const HttpAnswer& answer) {
    enter(link, Phase::answer);
    return send_answer(link.exchange->connection, answer);
}

void HttpServer::completed(MHD_Connection* connection) {
    const auto found = links_.find(connection);
    if (found != links_.end()) {
        found->second.exchange.reset();
        enter(found->second, Phase::head);
    }
}

// What libmicrohttpd refuses by itself (400, 413, 414, 431) it tells its log only.
void HttpServer::said(std::string_view text) {
    constexpr std::string_view kRefused = "Error processing request (HTTP response code is ";
    if (daemon_ == nullptr) {
        last_words_ = text;
    }
    if (text.substr(0, kRefused.size()) != kRefused) {
        return;
    }
    int status = 0;
    std::from_chars(text.data() + kRefused.size(), text.data() + text.size(), status);
    on_refused_(status, {});
}

// libmicrohttpd closes what is silent; what drips is for us to end, and whose peer left amid a
// request: of an end that came together with bytes libmicrohttpd hears nothing (edge triggered).
void HttpServer::sweep() {
    const SteadyTime now = host_.clock().steady_now();
    for (auto& [connection, link] : links_) {
        if (link.cut || link.phase == Phase::host) {
            continue;
        }
        if (is_too_slow(link, now)) {
            cut(link);
        } else if (is_left(link.fd)) {
            link.cut = true;
            ::shutdown(link.fd, SHUT_RDWR);
        }
    }
}

bool HttpServer::is_too_slow(const Connection& link, SteadyTime now) const {
    switch (link.phase) {
        case Phase::host:
            return false;
        case Phase::body:
            return now - link.heard >= settings_.timeout ||
                   now - link.since >= kBodyTimeouts * settings_.timeout;
        case Phase::head:
        case Phase::answer:
            break;
    }
    // A silent one is libmicrohttpd's, which is told so and comes first.
    return now - link.since >= kHeadTimeouts * settings_.timeout + kSilentMargin;
}

void HttpServer::cut(Connection& link) {
    link.cut = true;
    if (link.phase != Phase::answer) {
        on_refused_(MHD_HTTP_REQUEST_TIMEOUT, link.peer);
        if (!is_tls()) {
            // libmicrohttpd answers nothing before a request is complete.
            static_cast<void>(
                ::send(link.fd, kTooSlow.data(), kTooSlow.size(), MSG_NOSIGNAL | MSG_DONTWAIT)
            );
        }
    }
    ::shutdown(link.fd, SHUT_RDWR);
}

// Nobody may be suspended when the daemon stops, and who waits shall know that it must ask again.
void HttpServer::say_goodbye() {
    closing_ = true;
    for (auto& [connection, link] : links_) {
        if (link.exchange && link.exchange->suspended) {
            link.exchange->answer = try_later(503, 5, "shutting down");
            link.exchange->suspended = false;
            MHD_resume_connection(connection);
        }
    }
}

}  // namespace cxedge::devices
