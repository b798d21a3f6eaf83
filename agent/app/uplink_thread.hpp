// SPDX-License-Identifier: Apache-2.0
// The thread that sends; owns the broker connection.
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "agent/app/identity.hpp"
#include "agent/telemetry/health.hpp"
#include "agent/uplink/uplink.hpp"

namespace cxedge::app {

class UplinkThread {
public:
    // All outlive the thread; `watchdog` and `identity` may be null.
    UplinkThread(
        uplink::UplinkOptions options,
        store::Spool& spool,
        const Clock& clock,
        telemetry::WatchdogFeed* watchdog,
        std::unique_ptr<Identity> identity
    );
    UplinkThread(const UplinkThread&) = delete;
    UplinkThread& operator=(const UplinkThread&) = delete;
    ~UplinkThread();

    // Thread: any.
    [[nodiscard]] uplink::UplinkStatus status() const { return uplink_.status(); }
    [[nodiscard]] IdentityStatus identity() const {
        return identity_ ? identity_->status() : IdentityStatus();
    }
    // See Uplink::ask(). Thread: any.
    void ask(const wire::Request& request) { uplink_.ask(request); }
    // See Uplink::retain(). Thread: any.
    void retain(std::string topic, std::string payload) {
        uplink_.retain(std::move(topic), std::move(payload));
    }
    // See Uplink::answer(). Thread: any.
    void answer(const uplink::MessageProperties& asked, std::string payload) {
        uplink_.answer(asked, std::move(payload));
    }
    // Waits until the spool is empty, at most until `deadline` and not at all while offline.
    void drain(SteadyTime deadline);
    // The thread says goodbye to the broker and ends; stop() waits for it.
    void ask_to_stop();
    void stop();

private:
    void run();

    store::Spool& spool_;
    const Clock& clock_;
    telemetry::WatchdogFeed* watchdog_;  // may be null
    std::unique_ptr<uplink::Broker> broker_;
    std::unique_ptr<uplink::Broker> scout_;  // only with several brokers
    std::unique_ptr<Identity> identity_;
    uplink::Uplink uplink_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace cxedge::app
