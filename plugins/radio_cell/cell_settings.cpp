// SPDX-License-Identifier: Apache-2.0
#include "plugins/radio_cell/cell_settings.hpp"

#include <string_view>

namespace cxedge::plugins {
namespace {

constexpr std::size_t kLongestPort = 64;
constexpr std::string_view kPortCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

// Only sockets: other addresses of D-Bus start programs.
std::string check_bus(const std::string& address) {
    const bool fine = address == "system" || (address.rfind("unix:path=/", 0) == 0 &&
                                              address.find(';') == std::string::npos);
    return fine ? "" : "must be system, or the address of a socket: unix:path=/run/...";
}

std::string check_modem(const std::string& modem) {
    const bool fine = !modem.empty() && modem.size() <= kLongestPort &&
                      modem.find_first_not_of(kPortCharacters) == std::string::npos;
    return fine ? "" : "must be auto, a port of a modem such as cdc-wdm0, or its number";
}

Schema<CellSettings> make_cell_schema() {
    using Settings = CellSettings;
    Schema<Settings> schema;
    probes::add_probe_keys(schema);
    probes::add_coverage_keys(schema);
    schema.text("bus", &Settings::bus, "D-Bus of ModemManager: system, or unix:path=...")
        .check(check_bus);
    schema
        .duration(
            "signal_rate_s",
            &Settings::signal_rate,
            "Modems are asked to measure so often, where nobody has asked them before"
        )
        .range(1, 3'600);
    schema
        .number(
            "rsrp_min_dbm", &Settings::rsrp_min_dbm, "Coverage of LTE and NR is weak under this"
        )
        .range(-150, -40);
    schema
        .number(
            "rssi_min_dbm", &Settings::rssi_min_dbm, "Coverage of GSM and UMTS is weak under this"
        )
        .range(-120, -30);
    schema.boolean(
        "operator_dim", &Settings::operator_dim, "Dimension `operator`, such as 26201, is told"
    );
    schema.boolean(
        "cell_id", &Settings::cell_id, "Dimension `cell` is told, which says where the box is"
    );
    return schema;
}

const Schema<CellSettings>& cell_schema() {
    static const Schema<CellSettings> kSchema = make_cell_schema();
    return kSchema;
}

}  // namespace

std::vector<SettingHelp> cell_settings_help() {
    return cell_schema().help();
}

CellSettings read_cell_settings(const SettingsNode& node, SettingsProblems& problems) {
    CellSettings settings = cell_schema().read(node, problems);
    probes::check_probe_settings(settings, node, check_modem, problems);
    return settings;
}

}  // namespace cxedge::plugins
