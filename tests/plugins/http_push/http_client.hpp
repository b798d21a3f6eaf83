// SPDX-License-Identifier: Apache-2.0
// HTTP clients for tests: bytes as the test wants them, and the real curl.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/unique_fd.hpp"

#include "tests/support/fake_host.hpp"

namespace cxedge::test {

// "POST /path HTTP/1.1" with Host and Content-Length. `headers`: whole lines with their ends.
std::string post(const std::string& path, const std::string& body, const std::string& headers = "");

// A non-blocking connection to loopback; reads while the host's loop runs.
class HttpClient {
public:
    explicit HttpClient(std::uint16_t port);
    // False: the peer closed.
    bool send(std::string_view bytes);
    void close() { fd_.reset(); }
    void finish_sending();
    // Appends what has arrived.
    void receive();
    [[nodiscard]] const std::string& text() const { return text_; }
    // Of the final answers so far ("100 Continue" is none).
    [[nodiscard]] std::vector<int> statuses() const;
    [[nodiscard]] bool at_end() const { return at_end_; }
    // Runs the host's loop until so many answers are here, or the peer closed.
    std::vector<int> answers(FakeHost& host, std::size_t count);
    [[nodiscard]] bool wait_for_end(FakeHost& host);

private:
    UniqueFd fd_;
    std::string text_;
    bool at_end_ = false;
};

struct CurlAnswer {
    int exit_status = 0;
    int http_status = 0;
    std::string output;  // headers and body
};
// Runs curl with these arguments beside the host's loop.
CurlAnswer curl(FakeHost& host, const std::vector<std::string>& arguments);

}  // namespace cxedge::test
