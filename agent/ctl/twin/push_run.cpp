// SPDX-License-Identifier: Apache-2.0
// push with a connection.
#include <thread>
#include <utility>

#include "agent/ctl/terminal.hpp"
#include "agent/ctl/twin/push.hpp"

namespace cxedge::ctl {
namespace {

// The link tries a lost connection again after at most two seconds.
constexpr std::chrono::seconds kSettle{5};

void say_out(const std::string& line) {
    write_out(line);
}

// False: somebody interrupted.
bool follow_push(Push& push, BrokerLink& link, StopSignal& signal) {
    while (!signal.within(link.pause())) {
        link.turn();
        if (link.connected() && !push.turn()) {
            return true;
        }
    }
    return false;
}

// False: in this time the broker has not confirmed all. Signals wait: the first one brought us
// here.
bool settle_link(BrokerLink& link) {
    const SystemClock clock;
    const SteadyTime until = clock.steady_now() + kSettle;
    while (link.unconfirmed() > 0 && clock.steady_now() < until) {
        link.turn();
        std::this_thread::sleep_for(link.pause());
    }
    return link.unconfirmed() == 0;
}

}  // namespace

ExitCode run_push(const PushOptions& options) {
    auto signal = StopSignal::create();
    if (!signal) {
        return fail(signal.error());
    }
    const SystemClock clock;
    const auto connection = broker_options(options.connection);
    auto desired = desired_of(options.document, clock.wall_now());
    const auto plan = rollout_plan(options);
    for (const Error* error :
         {connection ? nullptr : &connection.error(),
          desired ? nullptr : &desired.error(),
          plan ? nullptr : &plan.error()}) {
        if (error != nullptr) {
            return fail(*error);
        }
    }
    const auto broker = uplink::make_mosquitto_broker();
    BrokerLink* out = nullptr;
    const auto publish = [&out](std::string topic, std::string payload) {
        out->keep(std::move(topic), std::move(payload));
    };
    const auto settle = [&out] {
        return settle_link(*out);
    };
    Push push(options, *plan, std::move(*desired), {clock, publish, say_out, note, settle});
    const auto hear = [&push](const std::string& topic, std::string_view payload) {
        push.hear(topic, payload);
    };
    const auto greet = [&push] {
        push.greet();
    };
    BrokerLink link(
        options.connection.broker, *connection, {push.filter()}, {*broker, clock, note, hear, greet}
    );
    out = &link;
    if (!follow_push(push, link, *signal)) {
        push.interrupt();
    }
    link.turn();
    link.stop();
    return push.result();
}

}  // namespace cxedge::ctl
