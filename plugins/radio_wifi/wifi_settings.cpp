// SPDX-License-Identifier: Apache-2.0
#include "plugins/radio_wifi/wifi_settings.hpp"

#include <algorithm>

#include <net/if.h>

namespace cxedge::plugins {
namespace {

// A guess of all addresses of a vendor is 16 million tries: a short salt would be guessed along.
constexpr std::size_t kShortestSalt = 8;

std::string check_salt(const std::string& salt) {
    return salt.empty() || salt.size() >= kShortestSalt ? ""
                                                        : "must be at least 8 characters, random";
}

// As the kernel allows names: dev_valid_name() of net/core/dev.c.
std::string check_interface(const std::string& name) {
    const bool shaped = !name.empty() && name.size() < IF_NAMESIZE && name != "." && name != ".." &&
                        std::all_of(name.begin(), name.end(), [](char c) {
                            return c > ' ' && c != '/' && c != ':';
                        });
    return shaped ? "" : "must be the name of a network interface, such as wlan0, or auto";
}

Schema<WifiSettings> make_wifi_schema() {
    Schema<WifiSettings> schema;
    probes::add_probe_keys(schema);
    probes::add_coverage_keys(schema);
    schema
        .number("rssi_min_dbm", &WifiSettings::rssi_min_dbm, "Coverage is weak under this strength")
        .range(-110, -20);
    schema
        .text(
            "bss_salt",
            &WifiSettings::bss_salt,
            "Tells access points apart by a hash with this secret; empty: not at all"
        )
        .check(check_salt);
    return schema;
}

const Schema<WifiSettings>& wifi_schema() {
    static const Schema<WifiSettings> kSchema = make_wifi_schema();
    return kSchema;
}

}  // namespace

std::vector<SettingHelp> wifi_settings_help() {
    return wifi_schema().help();
}

WifiSettings read_wifi_settings(const SettingsNode& node, SettingsProblems& problems) {
    WifiSettings settings = wifi_schema().read(node, problems);
    probes::check_probe_settings(settings, node, check_interface, problems);
    return settings;
}

}  // namespace cxedge::plugins
