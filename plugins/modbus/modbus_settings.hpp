// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "plugins/_devices/intake.hpp"
#include "plugins/modbus/bus_link.hpp"
#include "plugins/modbus/register_value.hpp"

namespace cxedge::plugins {

// One value of a slave: `[[source.slave.register]]`.
struct ModbusRegister {
    std::int64_t address = -1;
    std::int64_t base = 0;       // of the addresses in the device's manual
    std::int64_t reference = 0;  // instead of table and address: 40001, 30001, 10001, 1
    std::string table = "holding";
    std::string type = "u16";
    std::string word_order = "big";
    std::string byte_order = "big";
    std::int64_t bit = -1;
    std::string metric;
    std::string kind = "gauge";
    std::string unit;
    double factor = 1;
    double offset = 0;
    std::int64_t counter_bits = -1;  // -1: of the type
    std::string resets_at;
    std::vector<std::string> states;
    std::vector<std::pair<std::string, std::string>> dims;
    bool clear_on_read = false;
};

struct ModbusSlave {
    std::int64_t id = 1;
    std::string name;
    std::chrono::milliseconds interval{10'000};
    std::int64_t max_registers = 100;
    std::int64_t gap = 0;
    std::vector<ModbusRegister> registers;
};

struct ModbusSettings : devices::IntakeSettings {
    std::string url;
    std::string serial;
    std::int64_t baud = 9600;
    std::string parity = "none";
    std::int64_t data_bits = 8;
    std::int64_t stop_bits = 1;
    bool rs485 = false;
    std::chrono::milliseconds timeout{500};
    std::vector<ModbusSlave> slaves;
};

// A register as it is asked for and told.
struct RegisterRule {
    RegisterPlace place;
    RegisterCode code;
    SeriesInfo info;
    double factor = 1;
    double offset = 0;
    std::string where;  // "store.footfall.in, holding 265": for complaints
};

struct SlaveRules {
    int id = 1;
    std::string name;
    std::chrono::milliseconds interval{10'000};
    ReadLimits limits;
    std::vector<RegisterRule> registers;
};

// Settings that were checked.
struct BusRules {
    BusAddress address;
    std::vector<SlaveRules> slaves;
};

std::vector<SettingHelp> modbus_settings_help();
ModbusSettings read_modbus_settings(const SettingsNode& node, SettingsProblems& problems);
// What the settings mean; each mistake is added at its key.
BusRules check_modbus_settings(
    const ModbusSettings& settings, const SettingsNode& node, SettingsProblems& problems
);

}  // namespace cxedge::plugins
