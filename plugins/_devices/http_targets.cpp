// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/http_targets.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

// The first request waits no longer, however seldom it is made.
constexpr std::chrono::milliseconds kLongestPhase{10'000};

std::chrono::milliseconds phase_of(
    const Host& host, std::chrono::milliseconds interval, std::string_view name
) {
    const auto span = static_cast<std::uint64_t>(std::min(interval, kLongestPhase).count());
    const std::uint64_t hash =
        key_of(std::string(host.source_name()) + '\n' + std::string(name)) % span;
    return std::chrono::milliseconds(static_cast<std::int64_t>(hash));
}

}  // namespace

SettingsNode with_inherited(
    const SettingsNode& target, const SettingsNode& source, const std::vector<SettingHelp>& keys
) {
    SettingsNode out = target;
    for (const SettingHelp& help : keys) {
        const SettingsNode* const general = source.find(help.key);
        const bool inherits = help.key != "device" && help.key != "url";
        const bool missing = target.table() != nullptr && target.find(help.key) == nullptr;
        if (inherits && missing && general != nullptr) {
            out.table()->emplace_back(help.key, *general);
        }
    }
    return out;
}

void check_http_access(
    const HttpAccess& access, const SettingsNode& node, SettingsProblems& problems
) {
    const auto wrong = [&](const char* key, std::string_view what) {
        const SettingsNode* const at = node.find(key);
        problems.add(at == nullptr ? node.position : at->position, key, what);
    };
    if (const std::string what = check_http_headers(access.headers); !what.empty()) {
        wrong("headers", what);
    }
    if (access.user.empty() != access.password_file.empty()) {
        wrong("password_file", "and user belong together");
    }
}

HttpCycle::HttpCycle(
    Host& host,
    HttpClient& client,
    std::chrono::milliseconds interval,
    std::string_view phase_name,
    Events events
)
    : host_(host), client_(client), interval_(interval), events_(std::move(events)) {
    first_ = host.loop().after(phase_of(host, interval, phase_name), [this] {
        timer_ = host_.loop().every(interval_, [this] { tick(); });
        tick();
    });
}

void HttpCycle::tick() {
    if (task_) {
        events_.skipped();
        return;
    }
    Result<HttpCall> call = events_.call();
    if (!call) {
        events_.reply(call.error());
        return;
    }
    task_ = client_.ask(std::move(*call), [this](const Result<HttpReply>& reply) {
        task_ = HttpTask();
        events_.reply(reply);
    });
}

}  // namespace cxedge::devices
