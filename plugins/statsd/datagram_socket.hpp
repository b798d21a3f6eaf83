// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agent/base/event_loop.hpp"
#include "agent/base/result.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge::plugins {

// "127.0.0.1:8125" or "[::1]:8125", numbers only. For Schema::check: what is wrong, or empty.
std::string check_udp_address(const std::string& text);

struct Datagram {
    std::string_view bytes;
    bool is_cut = false;  // was longer than the buffer: the end is missing
};

// A datagram socket that hands over what arrives, in batches. Thread: the loop's.
class DatagramSocket {
public:
    using Receive = std::function<void(const Datagram&)>;

    static Result<DatagramSocket> bind_udp(const std::string& address);
    static Result<DatagramSocket> bind_unix(const std::string& path, unsigned mode);
    DatagramSocket(DatagramSocket&& other) noexcept;
    DatagramSocket& operator=(DatagramSocket&&) = delete;
    DatagramSocket(const DatagramSocket&) = delete;
    DatagramSocket& operator=(const DatagramSocket&) = delete;
    ~DatagramSocket();

    // Asks for a receive buffer; returns what the kernel granted, in bytes.
    std::int64_t set_receive_buffer(std::int64_t bytes);

    // From now on every datagram goes to `receive`. The socket must not be moved any more.
    void listen(EventLoop& loop, Receive receive);

    // "127.0.0.1:43211" with the port the kernel chose for port 0, or the path.
    [[nodiscard]] std::string name() const;
    [[nodiscard]] std::uint16_t port() const;
    // Datagrams dropped by the kernel because nobody read in time, as far as known: the kernel
    // tells with the datagram that follows.
    [[nodiscard]] std::uint64_t kernel_drops() const { return kernel_drops_; }

private:
    class Batch;
    explicit DatagramSocket(UniqueFd fd, std::string path);
    void drain();
    void note_drops(std::uint32_t total);

    UniqueFd fd_;
    std::string path_;  // to remove at the end; empty: UDP
    std::unique_ptr<Batch> batch_;
    std::uint64_t kernel_drops_ = 0;
    Receive receive_;
    LoopHandle readable_;
};

}  // namespace cxedge::plugins
