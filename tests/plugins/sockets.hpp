// SPDX-License-Identifier: Apache-2.0
// Loopback clients for tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/unique_fd.hpp"

#include "tests/support/fake_host.hpp"

namespace cxedge::test {

void send_udp(std::uint16_t port, std::string_view bytes);
void send_unix_datagram(const std::string& path, std::string_view bytes);

// A non-blocking stream client; reads while the host's loop runs.
class LineClient {
public:
    explicit LineClient(const std::string& path);
    // Bytes that the kernel took.
    std::size_t send(std::string_view bytes);
    void finish_sending();
    // Appends what has arrived to text(); at most `limit` bytes.
    void receive(std::size_t limit = 1U << 20U);
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] std::size_t line_count() const;
    [[nodiscard]] bool at_end() const { return at_end_; }
    // Runs the host's loop until `count` answers are here or the peer closed.
    [[nodiscard]] bool wait_for_lines(FakeHost& host, std::size_t count);
    [[nodiscard]] bool wait_for_end(FakeHost& host);
    // Sends everything, running the host's loop meanwhile, without reading a single answer.
    [[nodiscard]] bool send_all(FakeHost& host, std::string_view bytes);

private:
    UniqueFd fd_;
    std::string text_;
    bool at_end_ = false;
};

}  // namespace cxedge::test
