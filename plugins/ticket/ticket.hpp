// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/_devices/complaints.hpp"
#include "plugins/_devices/device_book.hpp"
#include "plugins/_devices/device_clock.hpp"
#include "plugins/_devices/fields.hpp"
#include "plugins/_devices/private_count.hpp"
#include "plugins/ticket/queue_series.hpp"
#include "plugins/ticket/ticket_settings.hpp"

namespace cxedge::plugins {

// The ways in which a queue system tells its steps. Tests put their own in.
struct TicketInputs {
    std::function<Result<std::unique_ptr<devices::HttpListener>>(
        const devices::HttpListenerSettings&,
        Host&,
        devices::HttpListener::OnRequest,
        devices::HttpListener::OnRefused
    )>
        listen = devices::HttpListener::open;
    std::function<std::unique_ptr<devices::FileFollower>(
        const devices::FileFollowerSettings&, Host&, devices::TakeLine
    )>
        follow = devices::FileFollower::start;
    std::function<std::unique_ptr<devices::ChildLines>(
        const devices::ChildSettings&, Host&, devices::TakeLine
    )>
        run = devices::ChildLines::start;
};

// Turns the steps of a queue system's tickets into the metrics of its queues.
class Ticket final : public Source {
public:
    Ticket();
    explicit Ticket(TicketInputs inputs);
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    ~Ticket() override;
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    [[nodiscard]] bool acknowledges() const override { return true; }
    void stop() override;

    // The webhook's port; 0: none.
    [[nodiscard]] std::uint16_t port() const;

private:
    Status open_inputs();
    void answer(const devices::HttpRequest& request, const devices::HttpListener::Answer& answer);
    [[nodiscard]] int refusal(const devices::HttpRequest& request);
    [[nodiscard]] Result<devices::FieldsMessage> read(const devices::HttpRequest& request) const;
    Status take_line(const devices::Line& line);
    // invalid_argument: nothing of it could be used.
    Status take(const devices::FieldsMessage& message, const devices::Line& origin);
    Status take_event(const TicketEvent& event);
    void tick(bool all);
    [[nodiscard]] TicketNow now() const;
    void complain(const TicketMessage& message);

    // While it runs.
    struct Desk;

    TicketInputs inputs_;
    TicketSettings settings_;
    TicketLanguage language_;
    std::string hmac_key_;
    Host* host_ = nullptr;
    std::unique_ptr<Desk> desk_;
    std::unique_ptr<devices::HttpListener> listener_;
    std::unique_ptr<devices::FileFollower> follower_;
    std::unique_ptr<devices::ChildLines> child_;
    LoopHandle timer_;
};

}  // namespace cxedge::plugins
