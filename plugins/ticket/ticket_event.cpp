// SPDX-License-Identifier: Apache-2.0
#include "plugins/ticket/ticket_event.hpp"

#include <algorithm>
#include <array>

#include "plugins/_devices/device_time.hpp"
#include "plugins/_devices/fields.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::plugins {
namespace {

using devices::DeviceTime;
using devices::Fields;

struct StepWord {
    std::string_view word;
    TicketStep step;
};

constexpr std::array kStepWords{
    StepWord{"issued", TicketStep::issued},
    StepWord{"called", TicketStep::called},
    StepWord{"recalled", TicketStep::called},
    StepWord{"served", TicketStep::served},
    StepWord{"finished", TicketStep::finished},
    StepWord{"completed", TicketStep::finished},
    StepWord{"abandoned", TicketStep::abandoned},
    StepWord{"no_show", TicketStep::abandoned},
    StepWord{"transferred", TicketStep::transferred},
    StepWord{"changed", TicketStep::changed},
    StepWord{"counter_opened", TicketStep::opened},
    StepWord{"counter_closed", TicketStep::closed},
    StepWord{"ignore", TicketStep::ignored},
};

TicketLanguage own_words() {
    TicketLanguage language;
    for (const StepWord& word : kStepWords) {
        language.steps.emplace(word.word, word.step);
    }
    return language;
}

TicketLanguage csv_language() {
    TicketLanguage language = own_words();
    language.places = {"", "ticket", "queue", "counter", "step", "time", "", "", "", {}, "", {}};
    return language;
}

// developer.qminder.com, "Webhooks: tickets". A message carries the whole ticket, so that its
// earlier steps are known even where their own messages were lost. Its "served" is the end.
TicketLanguage qminder_language() {
    TicketLanguage language;
    language.places = {
        "",
        "/data/id",
        "/data/line",
        "/data/called/desk",
        "/type",
        "",
        "/data/created/date",
        "/data/called/date",
        "",
        {{TicketStep::issued, "/data/created/date"},
         {TicketStep::called, "/data/called/date"},
         {TicketStep::finished, "/data/served/date"},
         {TicketStep::abandoned, "/data/cancelled/date"}},
        "/data/status",
        {{"noshow", TicketStep::abandoned},
         {"cancelled", TicketStep::abandoned},
         {"cancelled_by_clerk", TicketStep::abandoned}}};
    language.steps = {
        {"ticket_created", TicketStep::issued},
        {"ticket_called", TicketStep::called},
        {"ticket_recalled", TicketStep::called},
        {"ticket_served", TicketStep::finished},
        {"ticket_cancelled", TicketStep::abandoned},
        {"ticket_removed", TicketStep::abandoned},
        {"ticket_changed", TicketStep::changed},
        {"line_changed", TicketStep::ignored},
        {"location_created", TicketStep::ignored},
        {"location_changed", TicketStep::ignored}};
    return language;
}

std::optional<TicketStep> found_step(
    const std::map<std::string, TicketStep>& words, std::string_view text
) {
    const auto found = words.find(devices::lower(devices::trimmed(text)));
    return found != words.end() ? std::optional(found->second) : std::nullopt;
}

// The step of the message's word; its state says more where it only "changed" or was "served".
std::optional<TicketStep> step_of(const TicketLanguage& language, const Fields& item) {
    std::optional<TicketStep> step = found_step(language.steps, item.text(language.places.step));
    const bool vague = step == TicketStep::changed || step == TicketStep::finished;
    if (vague && !language.places.state.empty()) {
        const auto by_state = found_step(language.places.states, item.text(language.places.state));
        step = by_state ? by_state : step;
    }
    return step;
}

// Reads what is a time; a place where something else stands is a bad element.
class TimeReader {
public:
    TimeReader(const Fields& item, std::string_view where, TicketMessage& message)
        : item_(item), where_(where), message_(message) {}

    std::optional<DeviceTime> at(const std::string& place) {
        const auto text = place.empty() ? std::nullopt : item_.at(place);
        if (!text) {
            return std::nullopt;
        }
        const std::optional<DeviceTime> time = devices::parse_time(*text);
        if (!time) {
            message_.bad_elements.push_back({std::string(where_) + place, "is no time"});
        }
        return time;
    }

private:
    const Fields& item_;
    std::string_view where_;
    TicketMessage& message_;
};

}  // namespace

std::optional<TicketStep> parse_ticket_step(std::string_view word) {
    const auto* const found =
        std::find_if(kStepWords.begin(), kStepWords.end(), [&](const StepWord& known) {
            return known.word == word;
        });
    return found != kStepWords.end() ? std::optional(found->step) : std::nullopt;
}

TicketLanguage ticket_language(std::string_view format) {
    if (format == "qminder") {
        return qminder_language();
    }
    return format == "csv" ? csv_language() : own_words();
}

void read_ticket_event(
    const TicketLanguage& language,
    const Fields& item,
    std::string_view where,
    TicketMessage& message
) {
    const TicketPlaces& places = language.places;
    const std::optional<TicketStep> step = step_of(language, item);
    if (!step) {
        message.bad_elements.push_back(
            {std::string(where) + places.step,
             item.at(places.step) ? "is a step that `steps` does not name" : "there is no step"}
        );
        return;
    }
    if (*step == TicketStep::ignored) {
        return;
    }
    TicketEvent event;
    event.step = *step;
    event.queue = item.text(places.queue);
    event.counter = item.text(places.counter);
    event.id = item.text(places.id);
    const std::optional<std::string_view> number = item.at(places.ticket);
    const bool of_counter = *step == TicketStep::opened || *step == TicketStep::closed;
    if (of_counter ? event.counter.empty() : !number) {
        message.bad_elements.push_back(
            {std::string(where) + (of_counter ? places.counter : places.ticket),
             of_counter ? "there is no counter" : "there is no ticket number"}
        );
        return;
    }
    event.ticket = number ? devices::key_of(*number) : 0;
    TimeReader times(item, where, message);
    const auto exact = places.times.find(*step);
    event.time = times.at(exact != places.times.end() ? exact->second : places.time);
    event.issued = times.at(places.issued);
    event.called = times.at(places.called);
    message.events.push_back(std::move(event));
}

}  // namespace cxedge::plugins
