// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/_devices/complaints.hpp"
#include "plugins/_devices/device_book.hpp"
#include "plugins/_devices/device_clock.hpp"
#include "plugins/_devices/private_count.hpp"
#include "plugins/feedback/feedback_settings.hpp"
#include "plugins/feedback/touchpoint.hpp"

namespace cxedge::plugins {

// The ways in which ratings come. Tests put their own in.
struct FeedbackInputs {
    std::function<Result<std::unique_ptr<devices::HttpListener>>(
        const devices::HttpListenerSettings&,
        Host&,
        devices::HttpListener::OnRequest,
        devices::HttpListener::OnRefused
    )>
        listen = devices::HttpListener::open;
    std::function<Result<std::unique_ptr<devices::MqttSubscriber>>(
        const devices::MqttSettings&,
        const std::vector<std::string>&,
        Host&,
        devices::MqttSubscriber::OnMessage,
        devices::MqttSubscriber::OnState
    )>
        subscribe = devices::MqttSubscriber::open;
    devices::MakeGpioChip gpio = devices::kernel_gpio_chip;
};

// Ratings that customers give at touchpoints: buttons on GPIO lines, buttons that speak MQTT,
// software that pushes.
class Feedback final : public Source {
public:
    Feedback();
    explicit Feedback(FeedbackInputs inputs);
    Feedback(const Feedback&) = delete;
    Feedback& operator=(const Feedback&) = delete;
    ~Feedback() override;
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    [[nodiscard]] bool acknowledges() const override { return true; }
    void stop() override;

    // What a timer does every second.
    void tick();
    // Of the HTTP listener; 0: none.
    [[nodiscard]] std::uint16_t port() const;

private:
    // While it runs.
    struct Desk;
    struct Place {
        Touchpoint* touchpoint = nullptr;
        const TouchpointSettings* settings = nullptr;
    };

    Status open_touchpoints();
    Status open_gpio(Touchpoint& touchpoint, const TouchpointSettings& settings);
    void note_gpio(const std::string& touchpoint, bool up);
    Status open_http();
    Status open_mqtt();
    void answer(const devices::HttpRequest& request, const devices::HttpListener::Answer& answer);
    void take_button(const devices::MqttMessage& message);
    void complain(const Touchpoint& touchpoint, const RatingMessage& message);
    void set_problem(const std::string& input, std::string_view problem);

    FeedbackInputs inputs_;
    FeedbackSettings settings_;
    Host* host_ = nullptr;
    std::unique_ptr<Desk> desk_;
    std::unique_ptr<devices::HttpListener> listener_;
    std::unique_ptr<devices::MqttSubscriber> subscriber_;
    LoopHandle timer_;
};

}  // namespace cxedge::plugins
