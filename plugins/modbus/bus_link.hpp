// SPDX-License-Identifier: Apache-2.0
// The line to the devices: libmodbus 3.1 over TCP or a serial port. Blocks, so it is used on worker
// threads, by one at a time; abort() may come from any thread meanwhile.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "plugins/modbus/read_plan.hpp"

namespace cxedge::plugins {

struct BusAddress {
    std::string host;  // TCP; empty: serial
    std::string port = "502";
    std::string serial;  // path of the device
    int baud = 9600;
    char parity = 'N';
    int data_bits = 8;
    int stop_bits = 1;
    bool rs485 = false;  // the driver switches between sending and receiving
    std::chrono::milliseconds timeout{500};
};

// "tcp://10.0.0.7:502", "tcp://[fe80::1]"; what is wrong, or empty.
std::string parse_bus_url(const std::string& url, BusAddress& address);

enum class ReadFault : std::uint8_t {
    none,
    bus,        // there is no way to any device
    silent,     // no answer, or nothing that makes sense
    gateway,    // the gateway says that the device does not answer
    refused,    // these registers are not there, or not so many at once
    exception,  // the device answers that it cannot
};

struct ReadAnswer {
    ReadFault fault = ReadFault::none;
    std::string text;                  // of the fault, a short constant sentence but for fault bus
    std::vector<std::uint16_t> words;  // registers, or one 0 or 1 for each bit
};

class BusLink {
public:
    explicit BusLink(BusAddress address);
    BusLink(const BusLink&) = delete;
    BusLink& operator=(const BusLink&) = delete;
    ~BusLink();

    // One request and its answer; of a request by_word one for each register. A connection that the
    // other side closed is made again at once. `again`: one more try when no sense came back.
    ReadAnswer read(int unit, const ReadRequest& request, bool again);

    // Ends what runs and refuses what comes. Thread: any.
    void abort();

private:
    class Context;
    ReadAnswer read_some(int unit, const ReadRequest& request, bool again);
    ReadAnswer read_by_word(int unit, const ReadRequest& request, bool again);
    ReadAnswer read_words(int unit, const ReadRequest& request, bool again);
    ReadAnswer exchange(int unit, const ReadRequest& request);
    ReadAnswer failed(int error, std::size_t asked);
    std::string open();
    void close();

    const BusAddress address_;
    std::unique_ptr<Context> context_;
    bool used_ = false;  // the connection has carried an answer
    std::atomic<bool> aborted_{false};
    std::mutex fd_mutex_;
    int fd_ = -1;  // of the open connection, for abort()
};

}  // namespace cxedge::plugins
