// SPDX-License-Identifier: Apache-2.0
#include "plugins/feedback/rating.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "plugins/_devices/device_time.hpp"
#include "plugins/_devices/fields.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::plugins {
namespace {

using devices::Fields;

constexpr std::array kScales{
    RatingScale{"smiley4", 1, 4, 3, 2},
    RatingScale{"csat5", 1, 5, 4, 2},
    RatingScale{"nps11", 0, 10, 9, 6},
};

void read_rating_time(
    const Fields& fields, const std::string& place, RatingMessage& message, Rating& rating
) {
    const auto text = place.empty() ? std::nullopt : fields.at(place);
    if (!text) {
        return;
    }
    rating.time = devices::parse_time(*text);
    if (!rating.time) {
        message.bad_elements.push_back({place, "is no time; the time of receipt counts"});
    }
}

// A broker that delivers again delivers the same time. Another button's may be the same, too:
// Zigbee2MQTT's last_seen can be of whole seconds.
std::string id_of_press(const Rating& rating) {
    return rating.time ? std::to_string(rating.time->ms) + "/" + std::to_string(rating.value)
                       : std::string();
}

// Empty: the word means nothing.
std::optional<std::string> meaning(std::string_view word, const ButtonWords& words) {
    if (words.values.empty()) {
        return std::string(word);
    }
    const auto found =
        std::find_if(words.values.begin(), words.values.end(), [&](const auto& value) {
            return value.first == word;
        });
    return found != words.values.end() ? std::optional(found->second) : std::nullopt;
}

void read_word(
    std::string_view word,
    const ButtonWords& words,
    const RatingScale& scale,
    RatingMessage& message
) {
    const std::optional<std::string> said = meaning(word, words);
    if (said == "ignore") {
        return;
    }
    const std::optional<int> value = said ? parse_rating(*said, scale) : std::nullopt;
    if (!value) {
        message.bad_elements.push_back(
            {words.at, said ? "is no value of the scale" : "is a word that `values` does not name"}
        );
        return;
    }
    message.rating.emplace().value = *value;
}

}  // namespace

const RatingScale* find_scale(std::string_view name) {
    const auto* const found = std::find_if(
        kScales.begin(), kScales.end(), [&](const RatingScale& scale) { return scale.name == name; }
    );
    return found != kScales.end() ? found : nullptr;
}

std::optional<int> parse_rating(std::string_view text, const RatingScale& scale) {
    const std::optional<double> number = devices::parse_number(text);
    const bool whole = number && *number == std::floor(*number) && *number >= scale.lowest &&
                       *number <= scale.highest;
    return whole ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

Result<RatingMessage> read_http_rating(
    std::string_view body, std::string_view content_type, const RatingScale& scale
) {
    const bool form = content_type == "application/x-www-form-urlencoded";
    const auto read = form ? devices::form_fields(body) : devices::json_fields(body);
    if (!read) {
        return read.error();
    }
    const std::string slash = form ? "" : "/";
    if (read->items.size() != 1) {
        return invalid_argument("must be one rating");
    }
    const Fields& fields = read->items.front();
    const std::optional<int> value = parse_rating(fields.text(slash + "value"), scale);
    if (!value) {
        return invalid_argument("`value` is missing or no value of the scale");
    }
    RatingMessage message;
    message.private_fields = read->private_fields;
    Rating& rating = message.rating.emplace();
    rating.value = *value;
    rating.id = fields.text(slash + "id");
    read_rating_time(fields, slash + "time", message, rating);
    return message;
}

Result<RatingMessage> read_button(
    std::string_view payload, const ButtonWords& words, const RatingScale& scale
) {
    RatingMessage message;
    if (words.at.empty()) {
        if (!devices::trimmed(payload).empty()) {
            read_word(devices::trimmed(payload), words, scale, message);
        }
        return message;
    }
    const auto read = devices::json_fields(payload);
    if (!read) {
        return read.error();
    }
    message.private_fields = read->private_fields;
    for (const Fields& fields : read->items) {
        const std::optional<double> battery = devices::parse_number(fields.text("/battery"));
        if (battery && *battery >= 0 && *battery <= 100) {
            message.battery = battery;
        }
        if (const auto word = fields.at(words.at)) {
            read_word(*word, words, scale, message);
        }
        if (message.rating) {
            Rating& rating = *message.rating;
            read_rating_time(fields, words.time, message, rating);
            rating.id = id_of_press(rating);
        }
    }
    return message;
}

}  // namespace cxedge::plugins
