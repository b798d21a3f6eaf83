// SPDX-License-Identifier: Apache-2.0
#include "plugins/feedback/feedback_settings.hpp"

#include <cmath>
#include <set>

#include "agent/plugin_api/source.hpp"

#include "plugins/feedback/rating.hpp"

namespace cxedge::plugins {
namespace {

std::string check_place(const std::string& text) {
    return text.empty() || text.front() == '/' ? std::string()
                                               : "must be a JSON pointer like \"/action\"";
}

std::string check_topic(const std::string& text) {
    const bool sound = !text.empty() && text.find_first_of("+#") == std::string::npos;
    return sound ? std::string() : "must be one topic, without + and #";
}

std::string check_path(const std::string& text) {
    return !text.empty() && text.front() == '/' ? std::string()
                                                : "must be a path that begins with /";
}

Schema<GpioButtonSettings> gpio_schema() {
    using Gpio = GpioButtonSettings;
    Schema<Gpio> schema;
    schema.text("chip", &Gpio::chip, "GPIO chip, such as /dev/gpiochip0").required();
    schema.numbers("lines", &Gpio::lines, "Line of each value, the lowest first").required();
    schema.text("bias", &Gpio::bias, "Resistors of the chip")
        .one_of({"as_is", "pull_up", "pull_down", "disabled"});
    schema.boolean("active_low", &Gpio::active_low, "A button connects its line to ground");
    schema.duration("debounce_ms", &Gpio::debounce, "Presses closer together are one")
        .range(1, 5'000);
    schema.duration("stuck_s", &Gpio::stuck, "A button held down so long is stuck").range(1, 3'600);
    return schema;
}

Schema<TouchpointMqtt> button_schema() {
    Schema<TouchpointMqtt> schema;
    schema.text("topic", &TouchpointMqtt::topic, "Topic of the button")
        .required()
        .check(check_topic);
    schema.text("at", &TouchpointMqtt::at, "Place of its word; empty: the whole message")
        .check(check_place);
    schema.text("time", &TouchpointMqtt::time, "Place of the time; empty: that of receipt")
        .check(check_place);
    schema.text_map("values", &TouchpointMqtt::values, "Its word = value, or \"ignore\"");
    return schema;
}

Schema<TouchpointHttp> push_schema() {
    Schema<TouchpointHttp> schema;
    schema.text("path", &TouchpointHttp::path, "Path of the touchpoint")
        .required()
        .check(check_path);
    return schema;
}

Schema<TouchpointSettings> touchpoint_schema() {
    Schema<TouchpointSettings> schema;
    schema.text("name", &TouchpointSettings::name, "Its name in the series").required();
    schema.text("scale", &TouchpointSettings::scale, "Scale of its ratings")
        .required()
        .one_of({"smiley4", "csat5", "nps11"});
    schema.text_map("dims", &TouchpointSettings::dims, "Further dimensions of its series");
    schema.table("gpio", &TouchpointSettings::gpio, gpio_schema(), "Buttons on GPIO lines");
    schema.table("mqtt", &TouchpointSettings::mqtt, button_schema(), "Buttons that speak MQTT");
    schema.table("http", &TouchpointSettings::http, push_schema(), "Software that pushes");
    return schema;
}

Schema<devices::HttpListenerSettings> feedback_http_schema() {
    Schema<devices::HttpListenerSettings> schema;
    devices::add_http_listener_keys(schema);
    return schema;
}

Schema<devices::MqttSettings> feedback_mqtt_schema() {
    Schema<devices::MqttSettings> schema;
    devices::add_mqtt_keys(schema);
    return schema;
}

void add_press_keys(Schema<FeedbackSettings>& schema) {
    using Feed = FeedbackSettings;
    schema.duration("debounce_ms", &Feed::debounce, "mqtt, http: presses closer together are one")
        .range(1, 5'000);
    schema.integer("abuse_presses", &Feed::abuse_presses, "More presses than this are play ...")
        .range(2, 100);
    schema.duration("abuse_window_s", &Feed::abuse_window, "... in so long, at one touchpoint")
        .range(1, 600);
    schema.duration("pair_s", &Feed::pair, "Two different values so close are doubtful")
        .range(0, 60);
}

Schema<FeedbackSettings> make_feedback_schema() {
    using Feed = FeedbackSettings;
    Schema<Feed> schema;
    ignore_common_keys(schema);
    schema.table("http", &Feed::http, feedback_http_schema(), "Where software pushes to");
    schema.table("mqtt", &Feed::mqtt, feedback_mqtt_schema(), "The broker of the buttons");
    schema.duration("window_s", &Feed::window, "Over which fb.nps and fb.csat are taken")
        .range(600, 31'536'000);
    add_press_keys(schema);
    schema.duration("silent_s", &Feed::silent, "mqtt, http: who says nothing so long is down")
        .range(60, 2'592'000);
    schema.text("clock", &Feed::clock, "Whose times count: device, receive, auto")
        .one_of({"auto", "device", "receive"});
    schema.duration("clock_ahead_s", &Feed::clock_ahead, "auto: so far ahead is wrong")
        .range(1, 86'400);
    schema.duration("clock_behind_s", &Feed::clock_behind, "auto: so old is wrong")
        .range(1, 31'536'000);
    schema.tables("touchpoint", &Feed::touchpoints, touchpoint_schema(), "A place where they rate")
        .required();
    return schema;
}

// Problems of one touchpoint, at its own place.
class TouchpointCheck {
public:
    TouchpointCheck(
        const TouchpointSettings& settings, const SettingsNode& node, SettingsProblems& to
    )
        : settings_(settings), node_(node), problems_(to) {}

    void gpio() {
        const RatingScale* const scale = find_scale(settings_.scale);
        if (settings_.gpio.chip.empty() || scale == nullptr) {
            return;
        }
        const int values = scale->highest - scale->lowest + 1;
        if (settings_.gpio.lines.size() != static_cast<std::size_t>(values)) {
            add("gpio", "needs " + std::to_string(values) + " lines, one for each value");
        }
        std::set<double> seen;
        for (const double line : settings_.gpio.lines) {
            const bool sound = line >= 0 && line < 4096 && line == std::floor(line);
            if (!sound || !seen.insert(line).second) {
                add("gpio", "lines must be different whole numbers from 0");
                return;
            }
        }
    }

    void mqtt() {
        const RatingScale* const scale = find_scale(settings_.scale);
        for (const auto& [word, value] : settings_.mqtt.values) {
            const bool sound =
                value == "ignore" || scale == nullptr || parse_rating(value, *scale).has_value();
            if (!sound) {
                add("mqtt", "\"" + value + "\" is no value of scale " + settings_.scale);
            }
        }
    }

    void has_input() {
        const bool any = !settings_.gpio.chip.empty() || !settings_.mqtt.topic.empty() ||
                         !settings_.http.path.empty();
        if (!any) {
            add("name", "has neither gpio nor mqtt nor http: nobody can rate there");
        }
    }

    void once(std::set<std::string>& seen, const char* key, const std::string& text) {
        if (!text.empty() && !seen.insert(std::string(key) + " " + text).second) {
            add(key, "is that of another touchpoint, too");
        }
    }

private:
    void add(const char* key, const std::string& what) {
        const SettingsNode* const value = node_.find(key);
        problems_.add(
            value != nullptr ? value->position : node_.position,
            "touchpoint." + std::string(key),
            what
        );
    }

    const TouchpointSettings& settings_;
    const SettingsNode& node_;
    SettingsProblems& problems_;
};

}  // namespace

const Schema<FeedbackSettings>& feedback_schema() {
    static const Schema<FeedbackSettings> kSchema = make_feedback_schema();
    return kSchema;
}

FeedbackSettings read_feedback_settings(const SettingsNode& node, SettingsProblems& problems) {
    FeedbackSettings settings = feedback_schema().read(node, problems);
    const SettingsNode* const tables = node.find("touchpoint");
    const SettingsNode::List* const list = tables != nullptr ? tables->list() : nullptr;
    std::set<std::string> seen;
    for (std::size_t i = 0; list != nullptr && i < settings.touchpoints.size(); ++i) {
        const TouchpointSettings& touchpoint = settings.touchpoints[i];
        TouchpointCheck check(touchpoint, list->at(i), problems);
        check.gpio();
        check.mqtt();
        check.has_input();
        check.once(seen, "name", touchpoint.name);
        check.once(seen, "mqtt", touchpoint.mqtt.topic);
        check.once(seen, "http", touchpoint.http.path);
    }
    if (list != nullptr && list->empty()) {
        problems.add(tables->position, "touchpoint", "is empty: nobody can rate");
    }
    return settings;
}

}  // namespace cxedge::plugins
