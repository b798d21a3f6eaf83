// SPDX-License-Identifier: Apache-2.0
#include "agent/app/command_diagnosis.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "agent/app/command_service.hpp"
#include "agent/base/log.hpp"
#include "agent/base/version.hpp"
#include "agent/config/credential.hpp"
#include "agent/control/control.hpp"

namespace cxedge::app {
namespace {

constexpr std::size_t kMaxProcBytes = 4096;
// Of remote::kMaxResultBytes; what is left is the log's.
constexpr std::size_t kMaxStatusBytes = 32U << 10U;
constexpr std::size_t kMaxLineBytes = 400;

std::string json_string(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        const bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
        out += plain ? std::string(1, c) : c == '\n' ? std::string("\\n") : std::string(" ");
    }
    return out + "\"";
}

// Of a small file of the kernel.
std::string quoted_file(const std::string& path) {
    std::ifstream file(path);
    std::string text(kMaxProcBytes, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return json_string(text);
}

}  // namespace

std::vector<std::string> own_secrets(const config::AgentConfig& config) {
    std::vector<const config::UplinkConfig*> uplinks{&config.uplink};
    for (const config::SinkConfig& sink : config.sinks) {
        uplinks.push_back(&sink);
    }
    std::vector<std::string> secrets;
    for (const config::UplinkConfig* uplink : uplinks) {
        std::ifstream file(config::secret_file_path(uplink->password_file));
        std::string line;
        if (std::getline(file, line) && !line.empty()) {
            secrets.push_back(std::move(line));
        }
    }
    return secrets;
}

void mask(telemetry::Health& health, const SecretWords& secrets) {
    std::vector<std::string*> texts{
        &health.last_error,
        &health.storage_problem,
        &health.memory_problem,
        &health.certificate_problem,
        &health.history_problem,
        &health.command_refusal,
        &health.config_refusal};
    for (telemetry::SourceHealth& source : health.sources) {
        texts.push_back(&source.problem);
    }
    for (telemetry::SinkHealth& sink : health.sinks) {
        texts.push_back(&sink.last_error);
        texts.push_back(&sink.storage_problem);
    }
    for (std::string* text : texts) {
        *text = secrets.without(*text);
    }
}

std::string log_lines(
    std::vector<std::string> lines, const SecretWords& secrets, std::size_t room
) {
    std::vector<std::string> newest_first;
    std::size_t size = 2;
    for (; !lines.empty(); lines.pop_back()) {
        // Cut first, the beginning of a secret would be left.
        std::string text = json_string(secrets.without(lines.back()).substr(0, kMaxLineBytes));
        size += text.size() + 1;
        if (size > room) {
            break;
        }
        newest_first.push_back(std::move(text));
    }
    return fmt::format("[{}]", fmt::join(newest_first.rbegin(), newest_first.rend(), ","));
}

// Only what is named here: numbers of this agent and of the kernel, and its last log lines without
// what looks like a secret. Nothing of the configuration, nothing of the environment.
std::string collected_diagnosis(const CommandSurroundings& around) {
    const SecretWords secrets(own_secrets(around.config));
    std::string text = fmt::format(
        R"({{"version":"{}","at":"{}","profile":"{}","sources":{})",
        version(),
        iso8601(around.clock.wall_now()),
        around.config.profile,
        around.config.sources.size()
    );
    constexpr std::array<const char*, 5> kFiles{
        "/proc/meminfo", "/proc/loadavg", "/proc/uptime", "/proc/version", "/proc/self/status"};
    for (const char* path : kFiles) {
        text += fmt::format(R"(,"{}":{})", path, quoted_file(path));
    }
    telemetry::Health health = around.board.latest();
    mask(health, secrets);
    const std::string status = control::status_answer(health);
    text += ",\"answer\":" + (status.size() <= kMaxStatusBytes ? status : "null") + ",\"log\":";
    const std::size_t room = remote::kMaxResultBytes - text.size() - 1;
    return text + log_lines(log::recent(), secrets, room) + "}";
}

}  // namespace cxedge::app
