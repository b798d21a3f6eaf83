// SPDX-License-Identifier: Apache-2.0
// One rating and the scales it is given on. Pure. Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/result.hpp"

#include "plugins/_devices/privacy.hpp"
#include "plugins/_devices/report.hpp"

namespace cxedge::plugins {

struct RatingScale {
    std::string_view name;
    int lowest;
    int highest;
    // Values from here on are the satisfied ones (of nps11: promoters), those up to `low` the
    // detractors.
    int good;
    int low;
    [[nodiscard]] bool is_nps() const { return highest == 10; }
    [[nodiscard]] bool has(int value) const { return value >= lowest && value <= highest; }
};

// "smiley4", "csat5", "nps11"; null: none of these.
const RatingScale* find_scale(std::string_view name);

struct Rating {
    int value = 0;
    std::string id;                           // the same when it is told again; empty: none
    std::optional<devices::DeviceTime> time;  // when it was given; none: now
};

// "3", " 3 ", "3.0"; empty: not a value of the scale.
std::optional<int> parse_rating(std::string_view text, const RatingScale& scale);

// A touchpoint's message. `rating` may be none without error: a button's battery report.
struct RatingMessage {
    std::optional<Rating> rating;
    std::optional<double> battery;
    std::vector<devices::BadElement> bad_elements;
    devices::PrivateFields private_fields;
};

// {"value": 3, "id": "...", "time": ...} or the same fields of a form (`content_type`).
// invalid_argument: neither, or without a value of the scale.
Result<RatingMessage> read_http_rating(
    std::string_view body, std::string_view content_type, const RatingScale& scale
);

struct ButtonWords {
    std::string at;    // JSON pointer; empty: the whole message is the word
    std::string time;  // JSON pointer; empty: time of receipt
    // The device's word = value, or "ignore"; none: the word is the value.
    std::vector<std::pair<std::string, std::string>> values;
};
// What a button says by MQTT. A message without word is no rating; a word that means nothing is a
// bad element. invalid_argument: not JSON.
Result<RatingMessage> read_button(
    std::string_view payload, const ButtonWords& words, const RatingScale& scale
);

}  // namespace cxedge::plugins
