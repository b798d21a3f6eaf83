// SPDX-License-Identifier: Apache-2.0
#include "plugins/http_push/push_settings.hpp"

#include <limits>
#include <set>

#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

std::string check_path(const std::string& path) {
    const std::size_t star = path.find('*');
    const bool last = star == std::string::npos || star + 1 == path.size();
    const bool plain = path.find_first_of("?#% ") == std::string::npos;
    return !path.empty() && path.front() == '/' && last && plain
               ? ""
               : "must begin with / and may end with *, such as /door or /xovis/*";
}

template <class T>
void add_route_keys(Schema<T>& schema) {
    devices::add_payload_keys(schema);
    schema.text("path", &T::path, "Path that devices push to; with * at its end: what begins so")
        .check(check_path);
    schema.text("hmac_file", &T::hmac_file, "File with the key of the messages' HMAC-SHA256");
    schema.text("hmac_header", &T::hmac_header, "Header that carries the signature, as hex");
    schema.text(
        "hmac_prefix",
        &T::hmac_prefix,
        "What is signed in front of the body, such as Qminder's URL of the webhook"
    );
}

Schema<PushRoute> route_schema() {
    Schema<PushRoute> schema;
    add_route_keys(schema);
    return schema;
}

Schema<PushSettings> make_push_schema() {
    Schema<PushSettings> schema;
    ignore_common_keys(schema);
    add_route_keys(schema);
    devices::add_http_listener_keys(schema);
    schema.tables("route", &PushSettings::routes, route_schema(), "A kind of devices of its own");
    return schema;
}

// Beside routes the source's own keys would be a route that nothing takes.
void check_own_keys(const SettingsNode& node, SettingsProblems& problems) {
    for (const SettingHelp& own : route_schema().help()) {
        if (const SettingsNode* const set = node.find(own.key)) {
            problems.add(
                set->key_position, own.key, "has no effect beside [[source.route]]: put it there"
            );
        }
    }
}

}  // namespace

const Schema<PushSettings>& push_schema() {
    static const Schema<PushSettings> kSchema = make_push_schema();
    return kSchema;
}

void check_push(
    const PushSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    devices::check_http_listener(settings, node, problems);
    if (settings.routes.empty()) {
        return;
    }
    check_own_keys(node, problems);
    std::set<std::string> paths;
    for (const PushRoute& route : settings.routes) {
        if (!paths.insert(route.path).second) {
            problems.add(node.position, "route.path", fmt::format("{} is there twice", route.path));
        }
    }
}

std::size_t path_fit(std::string_view route, std::string_view path) {
    if (!route.empty() && route.back() == '*') {
        route.remove_suffix(1);
        return path.substr(0, route.size()) == route ? route.size() : 0;
    }
    // "/door/" is "/door": devices are set up by hand.
    const bool slash = path.size() == route.size() + 1 && path.back() == '/';
    return route == path || (slash && path.substr(0, route.size()) == route)
               ? std::numeric_limits<std::size_t>::max()
               : 0;
}

}  // namespace cxedge::plugins
