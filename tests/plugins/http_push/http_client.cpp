// SPDX-License-Identifier: Apache-2.0
#include "tests/plugins/http_push/http_client.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <future>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/support/process.hpp"

namespace cxedge::test {

std::string post(const std::string& path, const std::string& body, const std::string& headers) {
    return "POST " + path + " HTTP/1.1\r\nHost: box\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

HttpClient::HttpClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const void* const generic = &address;
    if (::connect(fd_.get(), static_cast<const sockaddr*>(generic), sizeof(address)) != 0) {
        throw std::runtime_error("cannot connect to the listener");
    }
}

bool HttpClient::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent =
            ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

void HttpClient::finish_sending() {
    ::shutdown(fd_.get(), SHUT_WR);
}

void HttpClient::receive() {
    std::array<char, 4096> bytes{};
    ssize_t got = 0;
    while ((got = ::recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0) {
        text_.append(bytes.data(), static_cast<std::size_t>(got));
    }
    at_end_ = at_end_ || got == 0 || (errno != EAGAIN && errno != EINTR);
}

std::vector<int> HttpClient::statuses() const {
    constexpr std::string_view kMark = "HTTP/1.";
    std::vector<int> found;
    for (auto at = text_.find(kMark); at != std::string::npos; at = text_.find(kMark, at + 1)) {
        const int status = std::atoi(text_.c_str() + at + kMark.size() + 2);
        if (status >= 200 && text_.find("\r\n\r\n", at) != std::string::npos) {
            found.push_back(status);
        }
    }
    return found;
}

std::vector<int> HttpClient::answers(FakeHost& host, std::size_t count) {
    static_cast<void>(host.run_until([&] {
        receive();
        return statuses().size() >= count || at_end_;
    }));
    return statuses();
}

bool HttpClient::wait_for_end(FakeHost& host) {
    return host.run_until([&] {
        receive();
        return at_end_;
    });
}

CurlAnswer curl(FakeHost& host, const std::vector<std::string>& arguments) {
    std::vector<std::string> command{
        "curl", "--silent", "--show-error", "--include", "--max-time", "20"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    auto done = std::async(std::launch::async, [&] { return run(command); });
    static_cast<void>(host.run_until([&] {
        return done.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }));
    const Finished finished = done.get();
    CurlAnswer answer{finished.status, 0, finished.output};
    const std::size_t at = finished.output.rfind("HTTP/1.");
    if (at != std::string::npos) {
        answer.http_status = std::atoi(finished.output.c_str() + at + 9);
    }
    return answer;
}

}  // namespace cxedge::test
