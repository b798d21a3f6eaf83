// SPDX-License-Identifier: Apache-2.0
#include "plugins/modbus/modbus_settings.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/core.h>

#include "agent/plugin_api/source.hpp"

namespace cxedge::plugins {
namespace {

std::string check_clock_time(const std::string& text);

Schema<ModbusRegister> register_schema() {
    using Register = ModbusRegister;
    Schema<Register> schema;
    schema.integer("address", &Register::address, "Of the first register, as on the wire")
        .range(0, 65'536);
    schema.integer("base", &Register::base, "1: the manual's addresses begin with 1").range(0, 1);
    schema
        .integer(
            "reference",
            &Register::reference,
            "Instead of table and address: 40001, 400001, 30001, 10001 or 1"
        )
        .range(1, 465'536);
    schema.text("table", &Register::table, "Where the device keeps it")
        .one_of({"holding", "input", "coil", "discrete"});
    schema.text("type", &Register::type, "What the registers hold").one_of(register_types());
    schema.text("word_order", &Register::word_order, "big: the high word comes first")
        .one_of({"big", "little"});
    schema.text("byte_order", &Register::byte_order, "big: as the protocol says")
        .one_of({"big", "little"});
    schema.integer("bit", &Register::bit, "The value is this bit of the register, 0 the lowest")
        .range(0, 15);
    schema.text("metric", &Register::metric, "Name of the series").required();
    schema.text("kind", &Register::kind, "What the value is")
        .one_of({"gauge", "counter", "delta", "state"});
    schema.text("unit", &Register::unit, "UCUM; empty: the catalogue's");
    schema.number("factor", &Register::factor, "The value is multiplied by it");
    schema.number("offset", &Register::offset, "Is added then");
    schema.integer("counter_bits", &Register::counter_bits, "Width of a counter; 0: never wraps")
        .range(0, 64);
    schema.text("resets_at", &Register::resets_at, "Counter: begins anew at this time every day")
        .check(check_clock_time);
    schema.texts("states", &Register::states, "kind state: names of 0, 1, ...");
    schema.text_map("dims", &Register::dims, "Dimensions of the series");
    schema.boolean(
        "clear_on_read", &Register::clear_on_read, "The device sets it to zero when it is read"
    );
    return schema;
}

Schema<ModbusSlave> slave_schema() {
    using Slave = ModbusSlave;
    Schema<Slave> schema;
    schema.integer("id", &Slave::id, "Unit id on the bus or behind the gateway").range(0, 255);
    schema.text("name", &Slave::name, "What the device is called; empty: slave-<id>");
    schema.duration("interval_s", &Slave::interval, "Time between two readings")
        .range(0.05, 86'400);
    schema
        .integer("max_registers", &Slave::max_registers, "In one request; 1: the device gives one")
        .range(1, 125);
    schema.integer("gap", &Slave::gap, "Unused registers that may be read along").range(0, 124);
    schema.tables("register", &Slave::registers, register_schema(), "A value of the device")
        .required();
    return schema;
}

Schema<ModbusSettings> make_modbus_schema() {
    using Settings = ModbusSettings;
    Schema<Settings> schema;
    ignore_common_keys(schema);
    devices::add_intake_keys(schema);
    schema.text("url", &Settings::url, "Device or gateway: tcp://host:port");
    schema.text("serial", &Settings::serial, "Serial port of a Modbus RTU line");
    schema.integer("baud", &Settings::baud, "Bits a second").range(300, 4'000'000);
    schema.text("parity", &Settings::parity, "Of each byte").one_of({"none", "even", "odd"});
    schema.integer("data_bits", &Settings::data_bits, "Of each byte").range(7, 8);
    schema.integer("stop_bits", &Settings::stop_bits, "Of each byte").range(1, 2);
    schema.boolean("rs485", &Settings::rs485, "The serial driver switches the line's direction");
    schema.duration("timeout_ms", &Settings::timeout, "A device answers within").range(10, 5'000);
    schema.tables("slave", &Settings::slaves, slave_schema(), "A device on the bus").required();
    return schema;
}

const Schema<ModbusSettings>& modbus_schema() {
    static const Schema<ModbusSettings> kSchema = make_modbus_schema();
    return kSchema;
}

// "07:30" -> 450.
std::optional<std::chrono::minutes> clock_time(const std::string& text) {
    const auto digit = [&](std::size_t i) {
        return text[i] - '0';
    };
    const bool shaped =
        text.size() == 5 && text[2] == ':' && std::all_of(text.begin(), text.end(), [](char c) {
            return (c >= '0' && c <= '9') || c == ':';
        });
    if (!shaped || std::count(text.begin(), text.end(), ':') != 1) {
        return std::nullopt;
    }
    const int hours = digit(0) * 10 + digit(1);
    const int minutes = digit(3) * 10 + digit(4);
    return hours < 24 && minutes < 60 ? std::optional(std::chrono::minutes(hours * 60 + minutes))
                                      : std::nullopt;
}

std::string check_clock_time(const std::string& text) {
    return text.empty() || clock_time(text) ? "" : "must be a time of day such as 00:00";
}

RegisterTable table_named(const std::string& text) {
    for (const RegisterTable table :
         {RegisterTable::input, RegisterTable::coil, RegisterTable::discrete}) {
        if (text == to_string(table)) {
            return table;
        }
    }
    return RegisterTable::holding;
}

// A mistake in one table of the configuration.
class Faults {
public:
    Faults(std::string path, const SettingsNode& node, SettingsProblems& problems)
        : path_(std::move(path)), node_(node), problems_(problems) {}
    void add(std::string_view key, std::string_view what) const {
        const SettingsNode* const at = node_.find(key);
        const std::string full =
            path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
        problems_.add(at != nullptr ? at->position : node_.position, full, what);
    }
    [[nodiscard]] bool has(std::string_view key) const { return node_.find(key) != nullptr; }

private:
    std::string path_;
    const SettingsNode& node_;
    SettingsProblems& problems_;
};

// "40001-style": the first digit names the table, the rest counts from 1.
bool read_reference(std::int64_t reference, RegisterPlace& place) {
    const std::int64_t size = reference > 99'999 ? 100'000 : 10'000;
    static constexpr RegisterTable kTables[] = {
        RegisterTable::coil,
        RegisterTable::discrete,
        RegisterTable::holding,
        RegisterTable::input,
        RegisterTable::holding};
    const std::int64_t digit = reference / size;
    const std::int64_t number = reference % size;
    if (digit > 4 || digit == 2 || number < 1 || number > 65'536) {
        return false;
    }
    place.table = kTables[digit];
    place.start = static_cast<std::uint16_t>(number - 1);
    return true;
}

void read_address(const ModbusRegister& setting, const Faults& faults, RegisterPlace& place) {
    if (faults.has("address") == faults.has("reference")) {
        faults.add("address", "either address or reference is needed");
        return;
    }
    if (faults.has("reference")) {
        if (faults.has("table") || faults.has("base")) {
            faults.add("reference", "names the table and counts from 1: leave out table and base");
        }
        if (!read_reference(setting.reference, place)) {
            faults.add("reference", "must be like 40001, 400001, 30001, 10001 or 1");
        }
        return;
    }
    place.table = table_named(setting.table);
    const std::int64_t start = setting.address - setting.base;
    if (start < 0 || start > 65'535) {
        faults.add("address", "is outside of what a device can have");
        return;
    }
    place.start = static_cast<std::uint16_t>(start);
}

void refuse_for_bits(const Faults& faults) {
    for (const char* key : {"type", "word_order", "byte_order", "bit"}) {
        if (faults.has(key)) {
            faults.add(key, "has no effect on a coil or discrete input");
        }
    }
}

void read_code(const ModbusRegister& setting, const Faults& faults, RegisterRule& rule) {
    parse_register_type(setting.type, rule.code.type);
    rule.code.low_word_first = setting.word_order == "little";
    rule.code.low_byte_first = setting.byte_order == "little";
    rule.code.bit = static_cast<int>(setting.bit);
    const std::size_t words = words_of(rule.code.type);
    rule.place.words = static_cast<std::uint16_t>(words);
    if (is_bits(rule.place.table)) {
        refuse_for_bits(faults);
    } else if (setting.bit >= 0 && words != 1) {
        faults.add("bit", "needs a type of one register");
    }
    if (rule.place.start + words > 65'536) {
        faults.add("address", "is outside of what a device can have");
    }
}

void refuse_for_others(const Faults& faults) {
    for (const char* key : {"counter_bits", "resets_at"}) {
        if (faults.has(key)) {
            faults.add(key, "is for a counter");
        }
    }
}

std::uint8_t width_of(const ModbusRegister& setting, const Faults& faults, RegisterType type) {
    if (setting.counter_bits < 0) {
        return counter_bits_of(type);
    }
    if (setting.counter_bits != 0 && setting.counter_bits != 16 && setting.counter_bits != 32 &&
        setting.counter_bits != 64) {
        faults.add("counter_bits", "must be 0, 16, 32 or 64");
    }
    return static_cast<std::uint8_t>(setting.counter_bits);
}

void read_counter(const ModbusRegister& setting, const Faults& faults, RegisterRule& rule) {
    if (rule.info.kind != Kind::counter) {
        refuse_for_others(faults);
        return;
    }
    if (rule.code.bit >= 0 || is_bits(rule.place.table)) {
        faults.add("kind", "a single bit cannot be a counter");
    }
    rule.info.resets_at = setting.resets_at.empty() ? std::nullopt : clock_time(setting.resets_at);
    rule.info.counter_bits = width_of(setting, faults, rule.code.type);
    if (rule.info.counter_bits != 0 && (setting.factor != 1 || setting.offset != 0)) {
        faults.add(
            faults.has("factor") ? "factor" : "offset",
            "a counter that wraps is told as the device counts; scale it behind, or set "
            "counter_bits = 0 (a wrap then counts as a new beginning)"
        );
    }
}

void read_kind(const ModbusRegister& setting, const Faults& faults, RegisterRule& rule) {
    parse_kind(setting.kind, rule.info.kind);
    read_counter(setting, faults, rule);
    if ((rule.info.kind == Kind::state) != !setting.states.empty()) {
        faults.add("states", "kind state and at least two states belong together");
    }
    if (rule.info.kind == Kind::delta && !setting.clear_on_read) {
        faults.add(
            "kind", "delta needs clear_on_read = true: what is not cleared would count twice"
        );
    }
    if (setting.clear_on_read && rule.info.kind != Kind::delta) {
        faults.add("clear_on_read", "what is cleared by reading is of kind delta");
    }
}

RegisterRule rule_of(const ModbusRegister& setting, const Faults& faults) {
    RegisterRule rule;
    read_address(setting, faults, rule.place);
    read_code(setting, faults, rule);
    rule.place.words = is_bits(rule.place.table) ? std::uint16_t{1} : rule.place.words;
    rule.place.clears = setting.clear_on_read;
    rule.info.key.metric = setting.metric;
    for (const auto& [key, value] : setting.dims) {
        rule.info.key.dims.push_back({key, value});
    }
    rule.info.unit = setting.unit;
    rule.info.states = setting.states;
    rule.factor = setting.factor;
    rule.offset = setting.offset;
    rule.where =
        fmt::format("{}, {} {}", setting.metric, to_string(rule.place.table), rule.place.start);
    read_kind(setting, faults, rule);
    SeriesInfo checked = rule.info;
    if (const Status sound = normalise(checked); !sound) {
        faults.add("metric", sound.error().message);
    }
    return rule;
}

const SettingsNode& item_of(const SettingsNode& node, std::string_view key, std::size_t index) {
    const SettingsNode* const found = node.find(key);
    const SettingsNode::List* const list = found != nullptr ? found->list() : nullptr;
    return list != nullptr && index < list->size() ? (*list)[index] : node;
}

SlaveRules slave_of(
    const ModbusSlave& setting,
    const SettingsNode& node,
    const std::string& path,
    SettingsProblems& problems
) {
    SlaveRules slave;
    slave.id = static_cast<int>(setting.id);
    slave.name = setting.name.empty() ? fmt::format("slave-{}", setting.id) : setting.name;
    slave.interval = setting.interval;
    slave.limits = {
        static_cast<std::size_t>(setting.max_registers), static_cast<std::size_t>(setting.gap)};
    std::set<SeriesKey> known;
    for (std::size_t i = 0; i < setting.registers.size(); ++i) {
        const Faults faults(
            fmt::format("{}.register[{}]", path, i), item_of(node, "register", i), problems
        );
        slave.registers.push_back(rule_of(setting.registers[i], faults));
        SeriesKey key = slave.registers.back().info.key;
        std::sort(key.dims.begin(), key.dims.end());
        if (!known.insert(std::move(key)).second) {
            faults.add("metric", "another register of this slave is the same series: add dims");
        }
    }
    return slave;
}

BusAddress address_of(const ModbusSettings& settings, const Faults& faults) {
    BusAddress address;
    if (settings.url.empty() == settings.serial.empty()) {
        faults.add("url", "either url or serial is needed");
    } else if (!settings.url.empty()) {
        if (const std::string wrong = parse_bus_url(settings.url, address); !wrong.empty()) {
            faults.add("url", wrong);
        }
    } else if (settings.serial.front() != '/') {
        faults.add("serial", "must be an absolute path, such as /dev/ttyUSB0");
    }
    for (const char* key : {"baud", "parity", "data_bits", "stop_bits", "rs485"}) {
        if (settings.serial.empty() && faults.has(key)) {
            faults.add(key, "is for a serial line");
        }
    }
    address.serial = settings.serial;
    address.baud = static_cast<int>(settings.baud);
    address.parity = settings.parity == "none" ? 'N' : settings.parity == "even" ? 'E' : 'O';
    address.data_bits = static_cast<int>(settings.data_bits);
    address.stop_bits = static_cast<int>(settings.stop_bits);
    address.rs485 = settings.rs485;
    address.timeout = settings.timeout;
    return address;
}

}  // namespace

std::vector<SettingHelp> modbus_settings_help() {
    return modbus_schema().help();
}

ModbusSettings read_modbus_settings(const SettingsNode& node, SettingsProblems& problems) {
    return modbus_schema().read(node, problems);
}

BusRules check_modbus_settings(
    const ModbusSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    const Faults faults("", node, problems);
    BusRules rules{address_of(settings, faults), {}};
    if (!settings.device.empty() && settings.slaves.size() > 1) {
        faults.add("device", "there are several slaves: give each its name");
    }
    std::set<std::string> names;
    for (std::size_t i = 0; i < settings.slaves.size(); ++i) {
        const SettingsNode& slave = item_of(node, "slave", i);
        const std::string path = fmt::format("slave[{}]", i);
        rules.slaves.push_back(slave_of(settings.slaves[i], slave, path, problems));
        const Faults own(path, slave, problems);
        if (!names.insert(rules.slaves.back().name).second) {
            own.add("name", "two slaves have this name");
        }
        const std::int64_t id = settings.slaves[i].id;
        if (!settings.serial.empty() && (id < 1 || id > 247)) {
            own.add("id", "must be 1 to 247 on a serial line");
        }
    }
    return rules;
}

}  // namespace cxedge::plugins
