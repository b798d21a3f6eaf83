// SPDX-License-Identifier: Apache-2.0
#include "agent/app/uplink_thread.hpp"

#include <utility>

#include <pthread.h>

#include "agent/app/clock_probe.hpp"

namespace cxedge::app {
namespace {

constexpr std::chrono::milliseconds kTurn{1000};
// While a connection for asking or trying is under way: it is looked after between turns.
constexpr std::chrono::milliseconds kBusyTurn{50};
constexpr std::chrono::milliseconds kDrainPoll{10};

}  // namespace

UplinkThread::UplinkThread(
    uplink::UplinkOptions options,
    store::Spool& spool,
    const Clock& clock,
    telemetry::WatchdogFeed* watchdog,
    std::unique_ptr<Identity> identity
)
    : spool_(spool),
      clock_(clock),
      watchdog_(watchdog),
      broker_(uplink::make_mosquitto_broker()),
      scout_(options.alternatives.empty() ? nullptr : uplink::make_mosquitto_broker()),
      identity_(std::move(identity)),
      uplink_(std::move(options), spool, {*broker_, scout_.get()}, clock, probe_clock),
      thread_([this] { run(); }) {}

UplinkThread::~UplinkThread() {
    stop();
}

void UplinkThread::run() {
    ::pthread_setname_np(::pthread_self(), "uplink");
    while (!stopping_.load()) {
        uplink_.run_once(identity_ && identity_->busy() ? kBusyTurn : kTurn);
        if (identity_) {
            identity_->turn(uplink_);
        }
        if (watchdog_ != nullptr) {
            watchdog_->tick(telemetry::Ticker::uplink);
        }
    }
    uplink_.stop();
}

void UplinkThread::drain(SteadyTime deadline) {
    while (!spool_.drained() && clock_.steady_now() < deadline) {
        if (uplink_.status().connection == uplink::Connection::offline) {
            return;  // what is left waits in the spool for the next start
        }
        std::this_thread::sleep_for(kDrainPoll);
    }
}

void UplinkThread::ask_to_stop() {
    if (!stopping_.exchange(true)) {
        broker_->wake();
    }
}

void UplinkThread::stop() {
    ask_to_stop();
    if (thread_.joinable()) {
        thread_.join();
    }
}

}  // namespace cxedge::app
