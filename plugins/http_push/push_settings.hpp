// SPDX-License-Identifier: Apache-2.0
// Settings of http_push, and which route a path takes. Thread: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/_devices/http_listener.hpp"
#include "plugins/_devices/payload.hpp"

namespace cxedge::plugins {

// `[[source.route]]`: one kind of devices behind a listener.
struct PushRoute : devices::PayloadSettings {
    std::string path = "/*";  // exact; with a `*` at its end, what begins so
    std::string hmac_file;
    std::string hmac_header = "X-Qminder-Signature";
    std::string hmac_prefix;  // signed in front of the body
};

// Without routes its own keys are the only route.
struct PushSettings : PushRoute, devices::HttpListenerSettings {
    std::vector<PushRoute> routes;
};

const Schema<PushSettings>& push_schema();
// Further checks of settings that push_schema() read from `node`.
void check_push(const PushSettings& settings, const SettingsNode& node, SettingsProblems& problems);

// Of a route's `path` to a request's: 0 does not fit; else the larger the better.
std::size_t path_fit(std::string_view route, std::string_view path);

}  // namespace cxedge::plugins
