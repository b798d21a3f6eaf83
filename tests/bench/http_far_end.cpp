// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <list>
#include <stdexcept>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"

#include "tests/bench/far_end.hpp"

namespace cxedge::bench {
namespace {

constexpr int kTurnMs = 5;
constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

sockaddr_in address_of(const std::string& host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    return address;
}

UniqueFd listen_on(const std::string& host, std::uint16_t& port) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int yes = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address = address_of(host, port);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd.get(), generic, size) != 0 || ::listen(fd.get(), SOMAXCONN) != 0 ||
        ::getsockname(fd.get(), generic, &size) != 0) {
        throw std::runtime_error("the HTTP server cannot listen on " + host);
    }
    port = ntohs(address.sin_port);
    return fd;
}

// One connection: what has come of the request under way.
struct Connection {
    UniqueFd fd;
    std::string in;
};

// The body's end in `in`, or npos; its beginning in `body`.
std::size_t end_of_request(const std::string& in, std::size_t& body) {
    constexpr std::string_view kBlank = "\r\n\r\n";
    constexpr std::string_view kLength = "Content-Length: ";
    const std::size_t head = in.find(kBlank);
    const std::size_t length = in.find(kLength);
    if (head == std::string::npos || length == std::string::npos || length > head) {
        return std::string::npos;
    }
    body = head + kBlank.size();
    const std::size_t end = body + std::strtoul(in.c_str() + length + kLength.size(), nullptr, 10);
    return end <= in.size() ? end : std::string::npos;
}

class HttpFarEnd final : public FarEnd {
public:
    HttpFarEnd(FarPlace where, std::size_t samples)
        : host_(where.address.empty() ? "127.0.0.1" : where.address),
          place_(std::move(where.place)),
          arrivals_(samples) {
        start();
    }
    HttpFarEnd(const HttpFarEnd&) = delete;
    HttpFarEnd& operator=(const HttpFarEnd&) = delete;
    ~HttpFarEnd() override { end(); }

    [[nodiscard]] std::string host() const override { return host_; }
    [[nodiscard]] std::uint16_t port() const override { return port_; }
    void stop() override { end(); }
    void start() override {
        stopping_ = false;
        place_([this] { listener_ = listen_on(host_, port_); });
        thread_ = std::thread([this] { run(); });
    }
    // The kernel goes on accepting, as it does for a stopped process.
    void pause() override { paused_ = true; }
    void resume() override { paused_ = false; }
    [[nodiscard]] std::size_t received() const override { return arrivals_.received(); }
    void finish() override { end(); }
    [[nodiscard]] const std::vector<Arrived>& arrived() const override { return arrivals_.all(); }

private:
    void end() {
        stopping_ = true;
        if (thread_.joinable()) {
            thread_.join();
        }
        connections_.clear();
        listener_.reset();
    }

    void run() {
        while (!stopping_) {
            if (paused_) {
                ::poll(nullptr, 0, kTurnMs);
                continue;
            }
            std::vector<pollfd> ready{{listener_.get(), POLLIN, 0}};
            for (const Connection& connection : connections_) {
                ready.push_back({connection.fd.get(), POLLIN, 0});
            }
            ::poll(ready.data(), ready.size(), kTurnMs);
            serve();
        }
    }

    void serve() {
        for (UniqueFd fd(accept_one()); fd; fd = accept_one()) {
            connections_.push_back({std::move(fd), {}});
        }
        connections_.remove_if([this](Connection& connection) { return !serve(connection); });
    }

    UniqueFd accept_one() {
        return UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    }

    // False: it is over.
    bool serve(Connection& connection) {
        std::array<char, 65536> chunk{};
        ssize_t size = 0;
        while ((size = ::recv(connection.fd.get(), chunk.data(), chunk.size(), 0)) > 0) {
            connection.in.append(chunk.data(), static_cast<std::size_t>(size));
        }
        if (size == 0 || errno != EAGAIN) {
            return false;
        }
        std::size_t body = 0;
        for (std::size_t end = end_of_request(connection.in, body); end != std::string::npos;
             end = end_of_request(connection.in, body)) {
            take_body(std::string_view(connection.in).substr(body, end - body));
            connection.in.erase(0, end);
            (void)::send(connection.fd.get(), kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
        }
        return true;
    }

    void take_body(std::string_view body) {
        while (!body.empty()) {
            const std::size_t end = std::min(body.find('\n'), body.size());
            const std::string line(body.substr(0, end));
            if (!line.empty()) {
                arrivals_.take(std::atof(line.c_str()));
            }
            body.remove_prefix(std::min(end + 1, body.size()));
        }
    }

    std::string host_;
    Place place_;
    std::uint16_t port_ = 0;  // once found, kept
    Arrivals arrivals_;
    UniqueFd listener_;
    std::list<Connection> connections_;
    std::atomic<bool> stopping_{false};
    std::atomic<bool> paused_{false};
    std::thread thread_;
};

}  // namespace

std::unique_ptr<FarEnd> make_http_far_end(FarPlace where, std::size_t samples) {
    return std::make_unique<HttpFarEnd>(std::move(where), samples);
}

}  // namespace cxedge::bench
