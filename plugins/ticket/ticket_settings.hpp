// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/settings.hpp"

#include "plugins/_devices/http_listener.hpp"
#include "plugins/_devices/line_sources.hpp"
#include "plugins/ticket/ticket_event.hpp"

namespace cxedge::plugins {

// Webhooks.
struct TicketHttp : devices::HttpListenerSettings {
    std::string path;  // empty: none
    std::string hmac_key_file;
    std::string hmac_header = "x-signature";
    std::string hmac_prefix;  // signed in front of the body
};

// What of the settings is read into a language (ticket_event.hpp).
struct TicketPlaceSettings {
    std::string each;
    std::string ticket_at;
    std::string queue_at;
    std::string counter_at;
    std::string step_at;
    std::string time_at;
    std::string issued_at;
    std::string called_at;
    std::string id_at;
    std::vector<std::pair<std::string, std::string>> steps;
};

struct TicketSettings : TicketPlaceSettings {
    std::string device;
    std::vector<std::pair<std::string, std::string>> names;
    std::vector<std::pair<std::string, std::string>> dims;
    std::string format = "generic";
    std::string separator = ",";
    std::vector<std::string> columns;
    std::string queue = "main";
    std::string numbers = "daily";
    std::string day_ends = "04:00";
    std::chrono::milliseconds forget{86'400'000};
    bool next_ends = false;
    std::chrono::milliseconds counter_active{1'800'000};
    std::int64_t max_tickets = 10'000;
    std::int64_t max_queues = 64;
    std::string clock = "auto";
    std::chrono::milliseconds clock_ahead{120'000};
    std::chrono::milliseconds clock_behind{7 * 86'400'000};
    TicketHttp http;
    devices::FileFollowerSettings file;
    devices::ChildSettings exec;
};

const Schema<TicketSettings>& ticket_schema();
TicketSettings read_ticket_settings(const SettingsNode& node, SettingsProblems& problems);
// Of settings that were read without problems.
TicketLanguage language_of(const TicketSettings& settings);

}  // namespace cxedge::plugins
