// SPDX-License-Identifier: Apache-2.0
// What queue systems, kiosks and buttons send, and where to: the first byte chooses a reader, the
// rest is its input. Any bytes give something that the plugins can take, or an error.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "plugins/_devices/fields.hpp"
#include "plugins/_devices/http_path.hpp"
#include "plugins/feedback/rating.hpp"
#include "plugins/mqtt_local/topic_filter.hpp"
#include "plugins/ticket/ticket_event.hpp"

namespace {

using namespace cxedge;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void check(const Error& error) {
    require(error.code == ErrorCode::invalid_argument && !error.message.empty());
}

void check_counts(const std::map<std::string, std::uint64_t>& fields) {
    for (const auto& [kind, dropped] : fields) {
        require(!kind.empty() && dropped > 0);
    }
}

void read_tickets(std::string_view format, const Result<devices::FieldsMessage>& fields) {
    if (!fields) {
        check(fields.error());
        return;
    }
    check_counts(fields->private_fields);
    const plugins::TicketLanguage language = plugins::ticket_language(format);
    plugins::TicketMessage message;
    for (const devices::Fields& item : fields->items) {
        plugins::read_ticket_event(language, item, "item ", message);
    }
    for (const plugins::TicketEvent& event : message.events) {
        require(event.step != plugins::TicketStep::ignored);
    }
    for (const devices::BadElement& bad : message.bad_elements) {
        require(!bad.where.empty() && !bad.what.empty());
    }
}

void check_rating(
    const Result<plugins::RatingMessage>& message, const plugins::RatingScale& scale
) {
    if (!message) {
        check(message.error());
        return;
    }
    check_counts(message->private_fields);
    require(!message->rating || scale.has(message->rating->value));
    require(!message->battery || (*message->battery >= 0 && *message->battery <= 100));
}

void read_rating(std::string_view text) {
    for (const char* name : {"smiley4", "csat5", "nps11"}) {
        const plugins::RatingScale& scale = *plugins::find_scale(name);
        check_rating(plugins::read_http_rating(text, "application/json", scale), scale);
        check_rating(
            plugins::read_http_rating(text, "application/x-www-form-urlencoded", scale), scale
        );
        check_rating(plugins::read_button(text, {"/action", "/last_seen", {}}, scale), scale);
        check_rating(plugins::read_button(text, {"", "", {{"on", "3"}}}, scale), scale);
    }
}

// A line of a filter or pattern, then a topic.
void read_topic(std::string_view text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string wide(text.substr(0, end));
    const std::string_view topic = text.substr(std::min(end + 1, text.size()));
    if (plugins::check_filter(wide).empty()) {
        require(plugins::covers(wide, wide) || wide.front() == '$');
        const bool fits = plugins::matches(wide, topic);
        const bool plain = topic.find_first_of("+#") == std::string_view::npos;
        require(!plain || fits == plugins::covers(wide, topic));
    }
    if (!wide.empty() && plugins::check_pattern(wide).empty()) {
        const auto names = plugins::names_in(topic, wide);
        require(!names || !names->empty());
    }
}

void read_path(std::string_view text) {
    const auto path = devices::decoded_path(text);
    require(!path || (path->front() == '/' && path->size() <= text.size()));
}

void read_lines(std::string_view text) {
    const std::size_t cells = devices::csv_cells(text, ';').size();
    require(cells > 0 && cells <= text.size() + 1);
    read_tickets("csv", devices::csv_fields(text, ';', {"ticket", "step", "queue", "time"}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    switch (data[0] % 7) {
        case 0:
            read_tickets("generic", devices::json_fields(text));
            break;
        case 1:
            read_tickets("qminder", devices::json_fields(text, "/e"));
            break;
        case 2:
            read_tickets("generic", devices::form_fields(text));
            break;
        case 3:
            read_lines(text);
            break;
        case 4:
            read_rating(text);
            break;
        case 5:
            read_topic(text);
            break;
        default:
            read_path(text);
            break;
    }
    return 0;
}
