// SPDX-License-Identifier: Apache-2.0
// What devices do: publishes with QoS 1 at a broker of this machine, and waits until it has it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

struct mosquitto;

namespace cxedge::test {

struct PublisherOptions {
    std::uint16_t port = 0;
    std::string user{};
    std::string password{};
    std::string ca_file{};  // TLS
};

// Throws std::runtime_error when the broker does not take it.
class Publisher {
public:
    explicit Publisher(std::uint16_t port) : Publisher(PublisherOptions{port}) {}
    explicit Publisher(const PublisherOptions& options);
    Publisher(const Publisher&) = delete;
    Publisher& operator=(const Publisher&) = delete;
    ~Publisher();

    void send(const std::string& topic, const std::string& payload, bool retain = false);

private:
    void run_until_acknowledged(int mid);

    int acknowledged_ = 0;  // the last mid; also: greeted (-1 before)
    mosquitto* handle_ = nullptr;
};

}  // namespace cxedge::test
