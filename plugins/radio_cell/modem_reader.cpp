// SPDX-License-Identifier: Apache-2.0
#include "plugins/radio_cell/modem_reader.hpp"

#include <array>
#include <cmath>
#include <cstring>
#include <functional>

#include <systemd/sd-bus.h>

namespace cxedge::plugins {
namespace {

constexpr const char* kModem = "org.freedesktop.ModemManager1.Modem";
constexpr const char* kModem3gpp = "org.freedesktop.ModemManager1.Modem.Modem3gpp";
constexpr const char* kSignal = "org.freedesktop.ModemManager1.Modem.Signal";
// MM_MODEM_LOCATION_SOURCE_3GPP_LAC_CI.
constexpr std::uint32_t kSourceLacCi = 1;
// No figure of a radio is near it: ModemManager says "unknown" with the least number there is.
constexpr double kLargestLevel = 300;

// Reads what is in the variant, whose type was checked; negative: errno.
using ReadProperty = int (*)(sd_bus_message* message, ModemNote& note);

struct Property {
    const char* interface;
    const char* name;
    const char* type;
    ReadProperty read;
};

template <class T>
int read_basic(sd_bus_message* message, char type, std::optional<T>& into) {
    T value{};
    const int done = sd_bus_message_read_basic(message, type, &value);
    into = done > 0 ? std::optional(value) : std::nullopt;
    return done;
}

int read_text(sd_bus_message* message, std::string& into) {
    const char* text = nullptr;
    const int done = sd_bus_message_read_basic(message, 's', &text);
    into = done > 0 ? text : "";
    return done;
}

int read_state(sd_bus_message* message, ModemNote& note) {
    return read_basic(message, 'i', note.state);
}

int read_technologies(sd_bus_message* message, ModemNote& note) {
    return read_basic(message, 'u', note.technologies);
}

int read_registration(sd_bus_message* message, ModemNote& note) {
    return read_basic(message, 'u', note.registration);
}

int read_rate(sd_bus_message* message, ModemNote& note) {
    return read_basic(message, 'u', note.signal_rate);
}

// (percent, measured lately)
int read_quality(sd_bus_message* message, ModemNote& note) {
    std::uint32_t percent = 0;
    int recent = 0;
    const int done = sd_bus_message_read(message, "(ub)", &percent, &recent);
    const bool fine = done > 0 && recent != 0 && percent <= 100;
    note.quality_percent = fine ? std::optional<double>(percent) : std::nullopt;
    return done;
}

int read_port(sd_bus_message* message, ModemNote& note) {
    return read_text(message, note.port);
}

int read_operator_code(sd_bus_message* message, ModemNote& note) {
    return read_text(message, note.operator_code);
}

int read_operator_name(sd_bus_message* message, ModemNote& note) {
    return read_text(message, note.operator_name);
}

int read_ports(sd_bus_message* message, ModemNote& note) {
    int done = sd_bus_message_enter_container(message, 'a', "(su)");
    const char* name = nullptr;
    std::uint32_t kind = 0;
    while (done > 0 && (done = sd_bus_message_read(message, "(su)", &name, &kind)) > 0) {
        note.ports.emplace_back(name);
    }
    return done < 0 ? done : sd_bus_message_exit_container(message);
}

// {"rsrp": -95.0, ...}; names that are not known here are skipped.
int read_levels(sd_bus_message* message, CellSignal& signal, ModemNote& note);

template <CellTech tech>
int read_tech(sd_bus_message* message, ModemNote& note) {
    return read_levels(message, note.signals[static_cast<std::size_t>(tech)], note);
}

constexpr std::array<Property, 13> kProperties{{
    {kModem, "State", "i", read_state},
    {kModem, "AccessTechnologies", "u", read_technologies},
    {kModem, "SignalQuality", "(ub)", read_quality},
    {kModem, "PrimaryPort", "s", read_port},
    {kModem, "Ports", "a(su)", read_ports},
    {kModem3gpp, "RegistrationState", "u", read_registration},
    {kModem3gpp, "OperatorCode", "s", read_operator_code},
    {kModem3gpp, "OperatorName", "s", read_operator_name},
    {kSignal, "Rate", "u", read_rate},
    {kSignal, "Gsm", "a{sv}", read_tech<CellTech::gsm>},
    {kSignal, "Umts", "a{sv}", read_tech<CellTech::umts>},
    {kSignal, "Lte", "a{sv}", read_tech<CellTech::lte>},
    {kSignal, "Nr5g", "a{sv}", read_tech<CellTech::nr>},
}};

const Property* property_of(const std::string& interface, const std::string& name) {
    for (const Property& property : kProperties) {
        if (interface == property.interface && name == property.name) {
            return &property;
        }
    }
    return nullptr;
}

// Type of the variant that comes next; empty: there is none.
std::string variant_type(sd_bus_message* message) {
    char type = 0;
    const char* contents = nullptr;
    const bool is_variant =
        sd_bus_message_peek_type(message, &type, &contents) > 0 && type == SD_BUS_TYPE_VARIANT;
    return is_variant && contents != nullptr ? contents : "";
}

using OnEntry = std::function<int(const std::string& key)>;

// Enters the dictionary of `types` and calls back behind each key, which then reads the value.
int each_entry(sd_bus_message* message, const char* types, const OnEntry& on_entry) {
    int done =
        sd_bus_message_enter_container(message, 'a', (std::string("{") + types + "}").c_str());
    while (done > 0 && (done = sd_bus_message_enter_container(message, 'e', types)) > 0) {
        const char* key = nullptr;
        done = sd_bus_message_read_basic(message, types[0], &key);
        done = done > 0 ? on_entry(key) : done;
        done = done < 0 ? done : sd_bus_message_exit_container(message);
    }
    return done < 0 ? done : sd_bus_message_exit_container(message);
}

std::optional<double>* level_of(const std::string& name, CellSignal& signal) {
    if (name == "rsrp") {
        return &signal.rsrp_dbm;
    }
    if (name == "rsrq") {
        return &signal.rsrq_db;
    }
    if (name == "snr") {
        return &signal.sinr_db;
    }
    return name == "rssi" ? &signal.rssi_dbm : nullptr;
}

int read_levels(sd_bus_message* message, CellSignal& signal, ModemNote& note) {
    signal = {};
    return each_entry(message, "sv", [&](const std::string& name) {
        std::optional<double>* const into = level_of(name, signal);
        const bool fits = into != nullptr && variant_type(message) == "d";
        if (into != nullptr && !fits) {
            note.misshapen.push_back(name);
        }
        if (!fits) {
            return sd_bus_message_skip(message, "v");
        }
        double level = 0;
        const int done = sd_bus_message_read(message, "v", "d", &level);
        const bool known = std::isfinite(level) && std::abs(level) <= kLargestLevel;
        *into = done > 0 && known ? std::optional(level) : std::nullopt;
        return done;
    });
}

int read_properties(sd_bus_message* message, const std::string& interface, ModemNote& note) {
    return each_entry(message, "sv", [&](const std::string& name) {
        const Property* const property = property_of(interface, name);
        const bool fits = property != nullptr && variant_type(message) == property->type;
        if (property != nullptr && !fits) {
            note.misshapen.emplace_back(property->name);
        }
        if (!fits) {
            return sd_bus_message_skip(message, "v");
        }
        int done = sd_bus_message_enter_container(message, 'v', property->type);
        done = done > 0 ? property->read(message, note) : done;
        return done < 0 ? done : sd_bus_message_exit_container(message);
    });
}

int read_interfaces(sd_bus_message* message, ModemNote& note, bool& is_modem) {
    return each_entry(message, "sa{sv}", [&](const std::string& interface) {
        is_modem = is_modem || interface == kModem;
        note.has_signal = note.has_signal || interface == kSignal;
        return read_properties(message, interface, note);
    });
}

}  // namespace

std::optional<std::vector<ModemNote>> read_modems(sd_bus_message* answer) {
    if (sd_bus_message_has_signature(answer, "a{oa{sa{sv}}}") <= 0) {
        return std::nullopt;
    }
    std::vector<ModemNote> modems;
    const int done = each_entry(answer, "oa{sa{sv}}", [&](const std::string& path) {
        ModemNote note;
        bool is_modem = false;
        note.path = path;
        const int read = read_interfaces(answer, note, is_modem);
        if (is_modem) {
            modems.push_back(std::move(note));
        }
        return read;
    });
    return done < 0 ? std::nullopt : std::optional(std::move(modems));
}

bool read_signal_change(sd_bus_message* signal, ModemNote& note) {
    const char* interface = nullptr;
    return sd_bus_message_has_signature(signal, "sa{sv}as") > 0 &&
           sd_bus_message_read_basic(signal, 's', &interface) > 0 &&
           std::strcmp(interface, kSignal) == 0 && read_properties(signal, kSignal, note) >= 0;
}

std::string read_location(sd_bus_message* answer) {
    std::string cell;
    if (sd_bus_message_has_signature(answer, "a{uv}") <= 0 ||
        sd_bus_message_enter_container(answer, 'a', "{uv}") <= 0) {
        return cell;
    }
    while (sd_bus_message_enter_container(answer, 'e', "uv") > 0) {
        std::uint32_t source = 0;
        const char* text = nullptr;
        if (sd_bus_message_read_basic(answer, 'u', &source) <= 0) {
            return {};
        }
        const bool wanted = source == kSourceLacCi && variant_type(answer) == "s";
        const int done = wanted ? sd_bus_message_read(answer, "v", "s", &text)
                                : sd_bus_message_skip(answer, "v");
        if (done < 0 || sd_bus_message_exit_container(answer) < 0) {
            return {};
        }
        cell = wanted ? read_cell(text) : cell;
    }
    return cell;
}

}  // namespace cxedge::plugins
