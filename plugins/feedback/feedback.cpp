// SPDX-License-Identifier: Apache-2.0
#include "plugins/feedback/feedback.hpp"

#include <utility>

#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

constexpr std::chrono::seconds kTick{1};
constexpr int kTicksOfMinute = 60;

PressRules press_rules(const FeedbackSettings& settings) {
    PressRules rules;
    rules.debounce = settings.debounce;
    rules.burst = static_cast<std::size_t>(settings.abuse_presses);
    rules.burst_window = settings.abuse_window;
    rules.pair = settings.pair;
    return rules;
}

}  // namespace

struct Feedback::Desk {
    struct Buttons {
        std::string touchpoint;
        std::unique_ptr<GpioButtons> lines;
    };
    Desk(Host& host, const FeedbackSettings& settings)
        : complaints(host),
          dropped(host),
          book(host, settings.silent, settings.touchpoints.size()),
          clock(
              host,
              devices::clock_policy(settings.clock),
              settings.clock_ahead,
              settings.clock_behind
          ) {}

    devices::Complaints complaints;
    devices::PrivateCount dropped;
    devices::DeviceBook book;  // of touchpoints
    devices::DeviceClock clock;
    std::vector<std::unique_ptr<Touchpoint>> touchpoints;
    std::vector<Buttons> buttons;
    std::map<std::string, Place, std::less<>> by_path;
    std::map<std::string, Place, std::less<>> by_topic;
    std::map<std::string, std::string> problems;
    int ticks = 0;
};

Feedback::Feedback() : Feedback(FeedbackInputs{}) {}

Feedback::Feedback(FeedbackInputs inputs) : inputs_(std::move(inputs)) {}

Feedback::~Feedback() = default;

std::vector<SettingHelp> Feedback::settings_help() {
    return feedback_schema().help();
}

void Feedback::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = read_feedback_settings(settings, problems);
}

Status Feedback::start(Host& host) {
    host_ = &host;
    desk_ = std::make_unique<Desk>(host, settings_);
    for (const auto open :
         {&Feedback::open_touchpoints, &Feedback::open_http, &Feedback::open_mqtt}) {
        if (Status opened = (this->*open)(); !opened) {
            return opened;
        }
    }
    timer_ = host.loop().every(kTick, [this] { tick(); });
    return {};
}

Status Feedback::open_touchpoints() {
    for (const TouchpointSettings& settings : settings_.touchpoints) {
        desk_->touchpoints.push_back(std::make_unique<Touchpoint>(
            *host_,
            Touchpoint::Naming{settings.name, find_scale(settings.scale), settings.dims},
            press_rules(settings_),
            settings_.window,
            desk_->clock
        ));
        Touchpoint& touchpoint = *desk_->touchpoints.back();
        if (Status opened = touchpoint.open(); !opened) {
            return opened;
        }
        if (Status opened = open_gpio(touchpoint, settings); !opened) {
            return opened;
        }
        const Place place{&touchpoint, &settings};
        if (!settings.http.path.empty()) {
            desk_->by_path.emplace(settings.http.path, place);
        }
        if (!settings.mqtt.topic.empty()) {
            desk_->by_topic.emplace(settings.mqtt.topic, place);
        }
    }
    return {};
}

Status Feedback::open_gpio(Touchpoint& touchpoint, const TouchpointSettings& settings) {
    if (settings.gpio.chip.empty()) {
        return {};
    }
    GpioButtons::Callbacks callbacks;
    callbacks.press = [&touchpoint](std::size_t button, SteadyTime at) {
        Rating rating;
        rating.value = touchpoint.scale().lowest + static_cast<int>(button);
        static_cast<void>(touchpoint.take(rating, {at, true}));
    };
    callbacks.stick = [&touchpoint](bool stuck) {
        touchpoint.stick(stuck);
    };
    callbacks.problem = [this, name = settings.name](std::string_view problem) {
        set_problem("gpio of " + name, problem);
        note_gpio(name, problem.empty());
    };
    auto lines =
        std::make_unique<GpioButtons>(*host_, settings.gpio, inputs_.gpio, std::move(callbacks));
    if (Status opened = lines->open(); !opened) {
        return opened;
    }
    desk_->buttons.push_back({settings.name, std::move(lines)});
    note_gpio(settings.name, true);
    return {};
}

// Buttons on lines say nothing while nobody presses: as long as their chip is there, they are.
void Feedback::note_gpio(const std::string& touchpoint, bool up) {
    if (up) {
        static_cast<void>(desk_->book.heard(touchpoint));
    } else {
        desk_->book.lost(touchpoint);
    }
}

Status Feedback::open_http() {
    if (desk_->by_path.empty()) {
        return {};
    }
    auto opened = inputs_.listen(
        settings_.http,
        *host_,
        [this](const devices::HttpRequest& request, const devices::HttpListener::Answer& done) {
            answer(request, done);
        },
        [this](int status, std::string_view /*peer*/) {
            desk_->complaints.bad_message("http", fmt::format("was refused with {}", status));
        }
    );
    if (!opened) {
        return opened.error();
    }
    listener_ = std::move(opened).value();
    return {};
}

Status Feedback::open_mqtt() {
    if (desk_->by_topic.empty()) {
        return {};
    }
    std::vector<std::string> topics;
    for (const auto& [topic, place] : desk_->by_topic) {
        topics.push_back(topic);
    }
    auto opened = inputs_.subscribe(
        settings_.mqtt,
        topics,
        *host_,
        [this](const devices::MqttMessage& message) { take_button(message); },
        [this](std::string_view problem) { set_problem("mqtt", problem); }
    );
    if (!opened) {
        return opened.error();
    }
    subscriber_ = std::move(opened).value();
    return {};
}

void Feedback::answer(
    const devices::HttpRequest& request, const devices::HttpListener::Answer& answer
) {
    const auto found = desk_->by_path.find(request.path);
    if (found == desk_->by_path.end() || request.method != "POST") {
        answer({found == desk_->by_path.end() ? 404 : 405, {}});
        return;
    }
    Touchpoint& touchpoint = *found->second.touchpoint;
    const auto message = read_http_rating(request.body, request.content_type, touchpoint.scale());
    if (!message) {
        desk_->complaints.bad_message("http of " + touchpoint.name(), message.error().message);
        answer({400, message.error().message});
        return;
    }
    static_cast<void>(desk_->book.heard(touchpoint.name()));
    complain(touchpoint, *message);
    const Status taken = touchpoint.take(*message->rating, {});
    if (!taken) {
        answer({taken.error().code == ErrorCode::exhausted ? 503 : 422, "not stored"});
        return;
    }
    host_->commit([answer](const Status& done) {
        answer(done ? devices::HttpAnswer{200, "ok"} : devices::HttpAnswer{503, "not stored"});
    });
}

void Feedback::take_button(const devices::MqttMessage& message) {
    const auto found = desk_->by_topic.find(message.topic);
    if (found == desk_->by_topic.end() || message.retained) {
        return;  // what the broker kept is an old press, and was counted when it came
    }
    Touchpoint& touchpoint = *found->second.touchpoint;
    const TouchpointMqtt& mqtt = found->second.settings->mqtt;
    const auto read =
        read_button(message.payload, {mqtt.at, mqtt.time, mqtt.values}, touchpoint.scale());
    if (!read) {
        desk_->complaints.bad_message("mqtt of " + touchpoint.name(), read.error().message);
        return;
    }
    if (desk_->book.heard(touchpoint.name())) {
        devices::DeviceState state;
        state.device = touchpoint.name();
        state.battery = read->battery;
        desk_->book.told(touchpoint.name(), state);
    }
    complain(touchpoint, *read);
    if (read->rating) {
        static_cast<void>(touchpoint.take(*read->rating, {std::nullopt, false, true}));
    }
}

void Feedback::complain(const Touchpoint& touchpoint, const RatingMessage& message) {
    for (const devices::BadElement& bad : message.bad_elements) {
        desk_->complaints.bad_element(touchpoint.name(), bad.where, bad.what);
    }
    desk_->dropped.add(message.private_fields);
}

// Several inputs, one line: the first that is not well.
void Feedback::set_problem(const std::string& input, std::string_view problem) {
    desk_->problems[input] = problem;
    for (const auto& [name, text] : desk_->problems) {
        if (!text.empty()) {
            host_->set_problem(fmt::format("{}: {}", name, text));
            return;
        }
    }
    host_->set_problem({});
}

void Feedback::tick() {
    const bool minute = ++desk_->ticks % kTicksOfMinute == 0;
    for (const Desk::Buttons& buttons : desk_->buttons) {
        buttons.lines->tick();
        if (minute && !buttons.lines->is_lost()) {
            note_gpio(buttons.touchpoint, true);
        }
    }
    for (const auto& touchpoint : desk_->touchpoints) {
        touchpoint->tick();
        if (minute) {
            touchpoint->tell_score();
        }
    }
}

void Feedback::stop() {
    timer_ = LoopHandle();
    listener_.reset();
    subscriber_.reset();
    desk_.reset();
}

std::uint16_t Feedback::port() const {
    return listener_ ? listener_->port() : std::uint16_t{0};
}

}  // namespace cxedge::plugins
