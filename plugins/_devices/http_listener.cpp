// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/http_listener.hpp"

#include <utility>

#include <fmt/core.h>

#include "plugins/_devices/http_server.hpp"

namespace cxedge::devices {

Result<std::unique_ptr<HttpListener>> HttpListener::open(
    const HttpListenerSettings& settings, Host& host, OnRequest on_request, OnRefused on_refused
) {
    Result<HttpCredentials> credentials = HttpCredentials::read(settings);
    if (!credentials) {
        return credentials.error();
    }
    auto server = std::make_unique<HttpServer>(
        settings, host, std::move(credentials).value(), std::move(on_request), std::move(on_refused)
    );
    if (const Status started = server->start(); !started) {
        return started.error();
    }
    return std::unique_ptr<HttpListener>(std::move(server));
}

void check_http_listener(
    const HttpListenerSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    const auto need = [&](const char* key, const std::string& value, const std::string& partner) {
        if (!value.empty()) {
            return;
        }
        if (const SettingsNode* const other = node.find(partner)) {
            problems.add(other->position, partner, fmt::format("has no effect without `{}`", key));
        }
    };
    need("cert_file", settings.cert_file, "key_file");
    need("key_file", settings.key_file, "cert_file");
    need("user", settings.user, "password_file");
    need("password_file", settings.password_file, "user");
}

}  // namespace cxedge::devices
