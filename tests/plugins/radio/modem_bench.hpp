// SPDX-License-Identifier: Apache-2.0
// A private D-Bus with a ModemManager on it (modem_manager.py).
#pragma once

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <unistd.h>

#include "plugins/radio_cell/radio_cell.hpp"

#include "tests/plugins/case_folder.hpp"
#include "tests/plugins/radio/finding_text.hpp"
#include "tests/support/probe_lab.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

inline constexpr std::chrono::seconds kBusPatience{30};

inline bool has_bus_daemon() {
    return ::access("/usr/bin/dbus-daemon", X_OK) == 0;
}

// The modem of most tests: LTE, registered, with all that must not get out.
inline const std::string kModem0 = "/org/freedesktop/ModemManager1/Modem/0";
inline const std::string kImei = "490154203237518";
inline const std::string kPhone = "+491701234567";

struct ModemShape {
    int state = 11;                                  // connected
    std::string technologies = R"j(["u", 16384])j";  // LTE
    std::string quality = R"j(["(ub)", [72, true]])j";
    std::string registration = R"j(["u", 1])j";  // home
    std::string signal = R"j(, "org.freedesktop.ModemManager1.Modem.Signal":
        {"Rate": ["u", 0], "Lte": ["a{sv}", {}], "Nr5g": ["a{sv}", {}]})j";
    std::string port = "cdc-wdm0";
};

inline std::string modem_json(const ModemShape& shape = {}) {
    return R"j({"org.freedesktop.ModemManager1.Modem": {
        "State": ["i", )j" +
           std::to_string(shape.state) + R"j(],
        "AccessTechnologies": )j" +
           shape.technologies + R"j(,
        "SignalQuality": )j" +
           shape.quality + R"j(,
        "PrimaryPort": ["s", ")j" +
           shape.port + R"j("],
        "Ports": ["a(su)", [[")j" +
           shape.port + R"j(", 6], ["wwan0", 2]]],
        "EquipmentIdentifier": ["s", ")j" +
           kImei + R"j("],
        "DeviceIdentifier": ["s", "deadbeef)j" +
           kImei + R"j("],
        "OwnNumbers": ["as", [")j" +
           kPhone + R"j("]],
        "Sim": ["o", "/org/freedesktop/ModemManager1/SIM/0"]},
      "org.freedesktop.ModemManager1.Modem.Modem3gpp": {
        "Imei": ["s", ")j" +
           kImei + R"j("],
        "RegistrationState": )j" +
           shape.registration + R"j(,
        "OperatorCode": ["s", "26201"], "OperatorName": ["s", "Telekom.de"]},
      "org.freedesktop.ModemManager1.Sim": {
        "Imsi": ["s", "262011234567890"], "SimIdentifier": ["s", "89490200001234567890"]})j" +
           shape.signal + "}";
}

inline const std::string kLteSignal =
    R"j("signal": {"Lte": {"rsrp": -97.5, "rsrq": -11.0, "snr": 12.4, "rssi": -68.0, "error-rate": 0.1}})j";

class ModemBench {
public:
    // `policy`: more rules for the bus, e.g. <deny .../>.
    explicit ModemBench(const std::string& policy = {}) {
        std::ofstream(dir.file("bus.conf"))
            << R"j(<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>)j"
            << address() << R"j(</listen><auth>EXTERNAL</auth><policy context="default">
<allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
<allow send_requested_reply="true" send_type="method_return"/>
<allow send_requested_reply="true" send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="method_return"/>
<allow receive_type="error"/><allow receive_type="signal"/>)j"
            << policy << "</policy></busconfig>";
        bus.emplace(std::vector<std::string>{
            "/usr/bin/dbus-daemon",
            "--nofork",
            "--print-address=1",
            "--config-file=" + dir.file("bus.conf")});
        if (!bus->line_with("unix:", kBusPatience)) {
            throw std::runtime_error("dbus-daemon does not start");
        }
    }

    [[nodiscard]] std::string address() const { return "unix:path=" + dir.file("bus"); }
    // TOML of a source that asks this bus.
    [[nodiscard]] std::string settings(const std::string& more = {}) const {
        return "plugin = \"radio_cell\"\nbus = \"" + address() + "\"\n" + more;
    }
    // One modem, and further members of the state.
    void hold(const std::string& modem, const std::string& more = {}) const {
        const std::string objects = modem.empty() ? "" : "\"" + kModem0 + "\": " + modem;
        hold_raw("\"objects\": {" + objects + "}" + (more.empty() ? "" : ", " + more));
    }
    // A reader never sees half of it.
    void hold_raw(const std::string& members) const {
        std::ofstream(state() + ".new") << "{" << members << "}";
        std::filesystem::rename(state() + ".new", state());
    }
    void serve() {
        manager.emplace(std::vector<std::string>{
            "/usr/bin/python3", MODEM_MANAGER, address(), state()});
        if (!manager->line_with("ready", kBusPatience)) {
            throw std::runtime_error("modem_manager.py does not start");
        }
    }
    [[nodiscard]] std::vector<std::string> calls() const {
        return std::filesystem::exists(state() + ".log") ? read_lines(state() + ".log")
                                                         : std::vector<std::string>();
    }
    [[nodiscard]] std::string state() const { return dir.file("state.json"); }

    TempDir dir;
    std::optional<Process> bus;
    std::optional<Process> manager;
};

}  // namespace cxedge::test
