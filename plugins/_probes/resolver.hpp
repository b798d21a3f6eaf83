// SPDX-License-Identifier: Apache-2.0
// Names to addresses without ever blocking (c-ares; /etc/hosts and /etc/resolv.conf as the system
// has them). Thread: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/event_loop.hpp"
#include "agent/base/result.hpp"
#include "agent/base/socket_address.hpp"

namespace cxedge::probes {

enum class Family : std::uint8_t { any, v4, v6 };
// "any", "4" or "6", as in settings.
Family family_of(std::string_view setting);

class Resolver {
public:
    struct Found {
        std::vector<SocketAddress> addresses;  // at least one; port 0; in the order of RFC 6724
        std::chrono::microseconds took{0};     // 0: numeric, or remembered
    };
    // not_found: the name does not exist or has no address of the family; unavailable: nobody
    // answered in time.
    using Done = std::function<void(const Result<Found>&)>;

    // Owns one question; destroying it ends that without a call back.
    class Question;
    using QuestionPtr = std::shared_ptr<Question>;

    explicit Resolver(EventLoop& loop);
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;
    ~Resolver();

    // `done` comes from the loop, never from within this. An answer is remembered for its TTL, five
    // minutes at most.
    [[nodiscard]] QuestionPtr resolve(
        const std::string& name, Family family, std::chrono::milliseconds timeout, Done done
    );
    // As resolve(), asking again what is remembered: for who measures the look-up.
    [[nodiscard]] QuestionPtr resolve_anew(
        const std::string& name, Family family, std::chrono::milliseconds timeout, Done done
    );

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace cxedge::probes
