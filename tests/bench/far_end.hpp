// SPDX-License-Identifier: Apache-2.0
// The other end of a bench: what takes messages, and can be stopped and frozen, and what became of
// each sample there. Thread: the owner's, but for received().
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/arrivals.hpp"

namespace cxedge::bench {

// Runs a task where the sockets that it makes shall be; returns when that has ended.
using Place = std::function<void(const std::function<void()>&)>;

class FarEnd {
public:
    FarEnd() = default;
    FarEnd(const FarEnd&) = delete;
    FarEnd& operator=(const FarEnd&) = delete;
    virtual ~FarEnd() = default;

    // Where the program under test connects to.
    [[nodiscard]] virtual std::string host() const = 0;
    [[nodiscard]] virtual std::uint16_t port() const = 0;

    virtual void stop() = 0;
    virtual void start() = 0;
    // As SIGSTOP and SIGCONT do: connections stay, nothing is answered.
    virtual void pause() = 0;
    virtual void resume() = 0;

    [[nodiscard]] virtual std::size_t received() const = 0;
    // No more arrivals; the rest may be asked afterwards.
    virtual void finish() = 0;
    [[nodiscard]] virtual const std::vector<Arrived>& arrived() const = 0;
};

// What a cxedged's messages came to.
struct BatchTotals {
    std::uint64_t batches = 0;
    std::uint64_t repeated = 0;
    std::uint64_t payload_bytes = 0;
};

struct FarPlace {
    Place place;
    std::string address;  // empty: loopback, on any port
};

// mosquitto, and a subscriber beside it whose session outlives the broker. How a payload names its
// samples; empty: as cxedged does it.
using ReadValues =
    std::function<void(std::string_view payload, const std::function<void(double)>&)>;
class MqttFarEnd : public FarEnd {
public:
    [[nodiscard]] virtual BatchTotals totals() const = 0;
    // Of Watched::backlog.
    [[nodiscard]] virtual const Arrivals& backlog() const = 0;
};
struct Watched {
    std::string metric;
    std::size_t samples = 0;
    std::size_t backlog = 0;  // samples of kBacklogMetric
    ReadValues values{};
};
std::unique_ptr<MqttFarEnd> make_mqtt_far_end(FarPlace where, Watched watched);

// An HTTP/1.1 server that takes POST requests with one value a line.
std::unique_ptr<FarEnd> make_http_far_end(FarPlace where, std::size_t samples);

}  // namespace cxedge::bench
