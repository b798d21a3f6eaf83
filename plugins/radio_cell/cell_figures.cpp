// SPDX-License-Identifier: Apache-2.0
#include "plugins/radio_cell/cell_figures.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "plugins/radio_cell/cell_words.hpp"

namespace cxedge::plugins {
namespace {

using probes::Figure;
using probes::Finding;

// A level of a technology, as CellSignal has it.
struct Level {
    const char* metric;
    const char* unit;
    std::optional<double> CellSignal::*value;
};

constexpr std::array<Level, 4> kLevels{{
    {"cell.rsrp", "dBm", &CellSignal::rsrp_dbm},
    {"cell.rsrq", "dB", &CellSignal::rsrq_db},
    {"cell.sinr", "dB", &CellSignal::sinr_db},
    {"cell.rssi", "dBm", &CellSignal::rssi_dbm},
}};

using Dims = std::vector<Dimension>;

void add_figure(Finding& finding, SeriesInfo info, std::optional<double> value) {
    std::sort(info.key.dims.begin(), info.key.dims.end());
    Figure figure{std::move(info), {}};
    if (value) {
        figure.values.push_back(*value);
    }
    finding.figures.push_back(std::move(figure));
}

void add_state(
    Finding& finding,
    const char* metric,
    const std::string& modem,
    const std::vector<std::string>& states,
    std::optional<std::size_t> state
) {
    SeriesInfo info{{metric, {{"modem", modem}}}, Kind::state, "1", states, 0};
    const bool known = state && *state < states.size();
    add_figure(
        finding,
        std::move(info),
        known ? std::optional<double>(static_cast<double>(*state)) : std::nullopt
    );
}

// The strength that says most of the coverage: the anchor's in networks of LTE and NR together.
struct Strength {
    double dbm = 0;
    const char* measure = "RSRP";
};

std::optional<Strength> strength_of(const CellSignals& signals) {
    const auto of = [&](CellTech tech) -> const CellSignal& {
        return signals.at(static_cast<std::size_t>(tech));
    };
    for (const CellTech tech : {CellTech::lte, CellTech::nr}) {
        if (of(tech).rsrp_dbm) {
            return Strength{*of(tech).rsrp_dbm, "RSRP"};
        }
    }
    for (const CellTech tech : {CellTech::umts, CellTech::gsm}) {
        if (of(tech).rssi_dbm) {
            return Strength{*of(tech).rssi_dbm, "RSSI"};
        }
    }
    return std::nullopt;
}

bool is_registered(const ModemNote& note) {
    return note.state && *note.state >= kModemRegistered;
}

}  // namespace

Finding CellBook::take(const CellView& view, bool timed_out, SteadyTime now) {
    Finding finding;
    std::set<std::string> seen;
    for (const ModemNote& note : view.modems) {
        seen.insert(note.name());
        take_modem(note, now, finding);
    }
    for (auto& [name, modem] : modems_) {
        if (seen.count(name) == 0) {
            add_states(nullptr, name, modem, finding);
            add_levels(nullptr, name, modem, finding);
        }
    }
    const CellWords words = words_of(view, timed_out);
    finding.result = words.result;
    finding.step = words.step;
    finding.detail = words.detail;
    return finding;
}

void CellBook::take_modem(const ModemNote& note, SteadyTime now, Finding& finding) {
    const std::string name = note.name();
    Modem& modem = modems_.try_emplace(name, settings_, name).first->second;
    remember(note, modem);
    add_states(&note, name, modem, finding);
    add_levels(&note, name, modem, finding);
    judge(note, now, modem, finding);
    if (!note.operator_code.empty()) {
        finding.facts.emplace_back("operator of " + name, operator_text(note));
    }
}

void CellBook::remember(const ModemNote& note, Modem& modem) const {
    std::uint8_t in_use = 0;
    for (std::size_t tech = 0; tech < kCellTechs; ++tech) {
        for (std::size_t i = 0; i < kLevels.size(); ++i) {
            const bool told = (note.signals[tech].*kLevels[i].value).has_value();
            modem.told[tech] = static_cast<std::uint8_t>(modem.told[tech] | (told ? 1U << i : 0U));
        }
        in_use = static_cast<std::uint8_t>(in_use | (note.signals[tech].any() ? 1U << tech : 0U));
    }
    // Without any figures those are lost that there were.
    modem.in_use = in_use != 0 ? in_use : modem.in_use;
    if (settings_.operator_dim && is_operator(note.operator_code)) {
        modem.network = note.operator_code;
    }
    modem.cell = note.cell.empty() ? modem.cell : note.cell;
}

// `note` null: all is lost.
void CellBook::add_states(
    const ModemNote* note, const std::string& name, Modem& modem, Finding& finding
) const {
    std::optional<std::size_t> state;
    std::optional<std::size_t> registration;
    std::optional<std::size_t> technology;
    std::optional<double> changes;
    if (note != nullptr) {
        // States begin with -1.
        state = note->state ? std::optional(static_cast<std::size_t>(*note->state + 1)) : state;
        registration = note->registration;
        technology =
            note->technologies ? std::optional(technology_of(*note->technologies)) : technology;
    }
    if (technology) {
        changes = modem.technology && *modem.technology != *technology ? 1 : 0;
        modem.technology = technology;
    }
    add_state(finding, "cell.state", name, modem_states(), state);
    add_state(finding, "cell.registration", name, registration_states(), registration);
    add_state(finding, "cell.tech", name, technology_states(), technology);
    add_figure(
        finding, {{"cell.tech_changes", {{"modem", name}}}, Kind::delta, "{change}", {}, 0}, changes
    );
}

void CellBook::add_levels(
    const ModemNote* note, const std::string& name, const Modem& modem, Finding& finding
) const {
    Dims dims{{"modem", name}};
    if (!modem.network.empty()) {
        dims.push_back({"operator", modem.network});
    }
    add_figure(
        finding,
        {{"cell.quality", dims}, Kind::gauge, "%", {}, 0},
        note != nullptr ? note->quality_percent : std::nullopt
    );
    if (!modem.cell.empty()) {
        dims.push_back({"cell", modem.cell});
    }
    for (std::size_t tech = 0; tech < kCellTechs; ++tech) {
        for (std::size_t i = 0; i < kLevels.size() && (modem.in_use & (1U << tech)) != 0; ++i) {
            if ((modem.told[tech] & (1U << i)) == 0) {
                continue;
            }
            Dims of_tech = dims;
            of_tech.push_back({"tech", std::string(to_string(static_cast<CellTech>(tech)))});
            add_figure(
                finding,
                {{kLevels[i].metric, std::move(of_tech)}, Kind::gauge, kLevels[i].unit, {}, 0},
                note != nullptr ? note->signals[tech].*kLevels[i].value : std::nullopt
            );
        }
    }
}

void CellBook::judge(const ModemNote& note, SteadyTime now, Modem& modem, Finding& finding) const {
    probes::CoverageLook look;
    look.at = now;
    if (note.state) {
        look.connected = is_registered(note);
        // A data connection that comes or goes while it stays registered.
        const bool has_data = *note.state == kModemConnected;
        const bool changed = is_registered(note) && modem.has_data && *modem.has_data != has_data;
        look.unseen_changes = changed ? 1 : 0;
        modem.has_data = is_registered(note) ? std::optional(has_data) : std::nullopt;
    }
    if (const auto strength = strength_of(note.signals)) {
        const bool is_rsrp = std::string_view(strength->measure) == "RSRP";
        look.dbm = strength->dbm;
        look.measure = strength->measure;
        look.limit_dbm = is_rsrp ? settings_.rsrp_min_dbm : settings_.rssi_min_dbm;
    }
    for (Event& event : modem.judge.take(look)) {
        finding.events.push_back(std::move(event));
    }
}

}  // namespace cxedge::plugins
