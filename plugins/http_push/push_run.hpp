// SPDX-License-Identifier: Apache-2.0
// One run of http_push, from start() to stop(). Thread: the loop's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plugins/_devices/http_listener.hpp"
#include "plugins/_devices/intake.hpp"
#include "plugins/_devices/payload.hpp"
#include "plugins/http_push/push_settings.hpp"
#include "plugins/http_push/push_tally.hpp"

namespace cxedge::plugins {

class PushRun {
public:
    struct Kind {
        const PushRoute* settings = nullptr;
        devices::PayloadReader* reader = nullptr;
    };

    // Settings and readers outlive it. Errors as HttpListener::open().
    static Result<std::unique_ptr<PushRun>> start(
        const PushSettings& settings, const std::vector<Kind>& kinds, Host& host
    );
    PushRun(const PushRun&) = delete;
    PushRun& operator=(const PushRun&) = delete;
    ~PushRun();

    [[nodiscard]] std::uint16_t port() const { return listener_->port(); }

private:
    using Answer = devices::HttpListener::Answer;
    struct Route {
        Kind kind;
        std::string secret;  // empty: messages are not signed
        std::unique_ptr<devices::Intake> intake;
    };

    PushRun(const PushSettings& settings, Host& host)
        : settings_(settings), host_(host), tally_(host) {}

    Status add_route(const Kind& kind);
    Status open();
    void warn_of_openness() const;

    void take(const devices::HttpRequest& request, const Answer& answer);
    [[nodiscard]] Route* route_of(const std::string& path);
    [[nodiscard]] int refusal(const devices::HttpRequest& request, const Route* route) const;
    [[nodiscard]] static bool is_signed_well(
        const devices::HttpRequest& request, const Route& route
    );
    Status take_reports(Route& route, const std::vector<devices::Report>& reports);
    void reply(const Answer& answer, devices::HttpAnswer with);
    void commit_soon(const Answer& answer);
    void commit_all();
    void committed(const std::vector<Answer>& answers, const Status& status);

    const PushSettings& settings_;
    Host& host_;
    PushTally tally_;
    std::vector<Route> routes_;
    // Who waits for the next commit. One is on its way at a time, for all that came meanwhile.
    std::vector<Answer> waiting_;
    bool committing_ = false;
    LoopHandle turn_;
    std::shared_ptr<PushRun*> here_ = std::make_shared<PushRun*>(this);
    std::unique_ptr<devices::HttpListener> listener_;
};

}  // namespace cxedge::plugins
