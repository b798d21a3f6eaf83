// SPDX-License-Identifier: Apache-2.0
#include "plugins/ticket/ticket_settings.hpp"

#include <array>

#include "agent/base/local_time.hpp"
#include "agent/plugin_api/source.hpp"

#include "plugins/_devices/text.hpp"

namespace cxedge::plugins {
namespace {

std::string check_day_end(const std::string& text) {
    const auto time = parse_time_of_day(text);
    return time ? std::string() : time.error().message;
}

std::string check_separator(const std::string& text) {
    return text.size() == 1 ? std::string() : "must be one character, not more and not none";
}

std::string check_pointer(const std::string& text) {
    return text.empty() || text.front() == '/' ? std::string()
                                               : "must be a path that begins with /";
}

Schema<TicketHttp> http_schema() {
    Schema<TicketHttp> schema;
    devices::add_http_listener_keys(schema);
    schema.text("path", &TicketHttp::path, "Path of the webhook").required().check(check_pointer);
    schema.text(
        "hmac_key_file",
        &TicketHttp::hmac_key_file,
        "File with the key that messages are signed with (HMAC-SHA256); empty: they are not"
    );
    schema.text("hmac_header", &TicketHttp::hmac_header, "Header that carries the signature");
    schema.text(
        "hmac_prefix",
        &TicketHttp::hmac_prefix,
        "What the sender puts in front of the body it signs (Qminder: the webhook's URL)"
    );
    return schema;
}

Schema<devices::FileFollowerSettings> file_schema() {
    Schema<devices::FileFollowerSettings> schema;
    schema.text_or_texts("paths", &devices::FileFollowerSettings::paths, "Files, * allowed")
        .required();
    schema.boolean(
        "from_start",
        &devices::FileFollowerSettings::from_start,
        "Read what stands in a file at the very first start, too"
    );
    return schema;
}

Schema<devices::ChildSettings> exec_schema() {
    Schema<devices::ChildSettings> schema;
    schema.texts("command", &devices::ChildSettings::command, "Program and its arguments")
        .required();
    schema.duration("interval_s", &devices::ChildSettings::interval, "0: it runs on; else so often")
        .range(0, 86'400);
    schema.duration("timeout_s", &devices::ChildSettings::timeout, "A run may take so long")
        .range(1, 86'400);
    return schema;
}

void add_place_keys(Schema<TicketSettings>& schema) {
    schema.text("each", &TicketSettings::each, "Place of a list of steps in a message")
        .check(check_pointer);
    schema.text("ticket_at", &TicketSettings::ticket_at, "Place of the ticket's number");
    schema.text("queue_at", &TicketSettings::queue_at, "Place of the queue's name");
    schema.text("counter_at", &TicketSettings::counter_at, "Place of the counter's name");
    schema.text("step_at", &TicketSettings::step_at, "Place of the step's word");
    schema.text("time_at", &TicketSettings::time_at, "Place of the step's time");
    schema.text(
        "issued_at", &TicketSettings::issued_at, "Where later steps repeat the issue's time"
    );
    schema.text(
        "called_at", &TicketSettings::called_at, "Where later steps repeat the call's time"
    );
    schema.text("id_at", &TicketSettings::id_at, "Place of what is the same when it comes again");
    schema.text_map("steps", &TicketSettings::steps, "The system's word = step");
    schema.text("separator", &TicketSettings::separator, "csv: between columns")
        .check(check_separator);
    schema.texts("columns", &TicketSettings::columns, "csv: names of the columns, in their order");
}

void add_rule_keys(Schema<TicketSettings>& schema) {
    schema.text("queue", &TicketSettings::queue, "Name of the queue where none is told");
    schema.text("numbers", &TicketSettings::numbers, "Whether ticket numbers begin anew every day")
        .one_of({"daily", "unique"});
    schema
        .text("day_ends", &TicketSettings::day_ends, "Local time at which who still waits has left")
        .check(check_day_end);
    schema.duration("forget_s", &TicketSettings::forget, "A ticket is forgotten after")
        .range(3'600, 604'800);
    schema.boolean(
        "next_ends",
        &TicketSettings::next_ends,
        "A call at a counter ends what was served there before (systems that tell no end)"
    );
    schema
        .duration(
            "counter_active_s", &TicketSettings::counter_active, "Open without being told: so long"
        )
        .range(60, 86'400);
    schema.integer("max_tickets", &TicketSettings::max_tickets, "Tickets at most")
        .range(10, 1'000'000);
    schema.integer("max_queues", &TicketSettings::max_queues, "Queues at most").range(1, 1'000);
}

void add_clock_keys(Schema<TicketSettings>& schema) {
    schema.text("clock", &TicketSettings::clock, "Whose times count: device, receive, auto")
        .one_of({"auto", "device", "receive"});
    schema.duration("clock_ahead_s", &TicketSettings::clock_ahead, "auto: so far ahead is wrong")
        .range(1, 86'400);
    schema.duration("clock_behind_s", &TicketSettings::clock_behind, "auto: so old is wrong")
        .range(1, 31'536'000);
}

Schema<TicketSettings> make_ticket_schema() {
    Schema<TicketSettings> schema;
    ignore_common_keys(schema);
    schema.text("device", &TicketSettings::device, "Name of the queue system");
    schema.text_map("names", &TicketSettings::names, "What it says = what it is called here");
    schema.text_map("dims", &TicketSettings::dims, "Dimensions of every series");
    schema.text("format", &TicketSettings::format, "What its messages look like")
        .one_of({"generic", "csv", "qminder"});
    add_place_keys(schema);
    add_rule_keys(schema);
    add_clock_keys(schema);
    schema.table("http", &TicketSettings::http, http_schema(), "It sends webhooks");
    schema.table("file", &TicketSettings::file, file_schema(), "It writes a file");
    schema.table("exec", &TicketSettings::exec, exec_schema(), "A program tells its steps");
    return schema;
}

struct PlaceKey {
    const char* key;
    std::string TicketPlaceSettings::*setting;
    std::string TicketPlaces::*place;
};

constexpr std::array kPlaceKeys{
    PlaceKey{"ticket_at", &TicketPlaceSettings::ticket_at, &TicketPlaces::ticket},
    PlaceKey{"queue_at", &TicketPlaceSettings::queue_at, &TicketPlaces::queue},
    PlaceKey{"counter_at", &TicketPlaceSettings::counter_at, &TicketPlaces::counter},
    PlaceKey{"step_at", &TicketPlaceSettings::step_at, &TicketPlaces::step},
    PlaceKey{"time_at", &TicketPlaceSettings::time_at, &TicketPlaces::time},
    PlaceKey{"issued_at", &TicketPlaceSettings::issued_at, &TicketPlaces::issued},
    PlaceKey{"called_at", &TicketPlaceSettings::called_at, &TicketPlaces::called},
    PlaceKey{"id_at", &TicketPlaceSettings::id_at, &TicketPlaces::id},
};

const SettingsPosition& position_of(const SettingsNode& node, std::string_view key) {
    const SettingsNode* const value = node.find(key);
    return value != nullptr ? value->position : node.position;
}

void check_steps(
    const TicketSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    for (const auto& [word, step] : settings.steps) {
        if (!parse_ticket_step(step)) {
            problems.add(
                position_of(node, "steps"),
                "steps",
                "\"" + step +
                    "\" is no step: issued, called, recalled, served, finished, abandoned, "
                    "no_show, transferred, changed, counter_opened, counter_closed, ignore"
            );
        }
    }
}

void check_places(
    const TicketSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    for (const PlaceKey& key : kPlaceKeys) {
        const std::string& place = settings.*key.setting;
        const bool json = settings.format != "csv";
        if (!place.empty() && json && place.front() != '/') {
            problems.add(
                position_of(node, key.key), key.key, "must be a JSON pointer like \"/ticket/id\""
            );
        }
    }
    if (settings.format == "csv" && settings.columns.empty()) {
        problems.add(node.position, "columns", "is needed with format \"csv\"");
    }
    if (settings.format != "csv" && !settings.columns.empty()) {
        problems.add(
            position_of(node, "columns"), "columns", "has no effect without format \"csv\""
        );
    }
}

void check_input(
    const TicketSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    const bool lines = !settings.file.paths.empty() || !settings.exec.command.empty();
    if (settings.http.path.empty() && !lines && problems.empty()) {
        problems.add(node.position, "http", "is missing, and so are `file` and `exec`: no input");
    }
}

}  // namespace

const Schema<TicketSettings>& ticket_schema() {
    static const Schema<TicketSettings> kSchema = make_ticket_schema();
    return kSchema;
}

TicketSettings read_ticket_settings(const SettingsNode& node, SettingsProblems& problems) {
    TicketSettings settings = ticket_schema().read(node, problems);
    check_steps(settings, node, problems);
    check_places(settings, node, problems);
    check_input(settings, node, problems);
    if (settings.format == "qminder" && settings.http.hmac_header == TicketHttp().hmac_header) {
        settings.http.hmac_header = "x-qminder-signature";
    }
    settings.http.hmac_header = devices::lower(settings.http.hmac_header);
    return settings;
}

TicketLanguage language_of(const TicketSettings& settings) {
    TicketLanguage language = ticket_language(settings.format);
    for (const PlaceKey& key : kPlaceKeys) {
        const std::string& place = settings.*key.setting;
        if (!place.empty()) {
            language.places.*key.place = place;
        }
    }
    if (!settings.time_at.empty()) {
        language.places.times.clear();  // the site knows better
    }
    language.places.each = settings.each;
    for (const auto& [word, step] : settings.steps) {
        language.steps.insert_or_assign(
            devices::lower(word), parse_ticket_step(step).value_or(TicketStep::ignored)
        );
    }
    return language;
}

}  // namespace cxedge::plugins
