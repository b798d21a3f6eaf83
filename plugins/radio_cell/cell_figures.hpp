// SPDX-License-Identifier: Apache-2.0
// What a look at the modems means: figures, result and events. Pure. Thread: any, one at a time.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "plugins/_probes/coverage.hpp"
#include "plugins/_probes/probe.hpp"
#include "plugins/radio_cell/cell_settings.hpp"
#include "plugins/radio_cell/modem_look.hpp"

namespace cxedge::plugins {

// What is remembered of the looks before.
class CellBook {
public:
    explicit CellBook(const CellSettings& settings) : settings_(settings) {}
    // `timed_out`: the view is only as far as it came.
    [[nodiscard]] probes::Finding take(const CellView& view, bool timed_out, SteadyTime now);

private:
    struct Modem {
        Modem(const CellSettings& settings, const std::string& name) : judge(settings, name) {}
        probes::CoverageJudge judge;
        std::array<std::uint8_t, kCellTechs> told{};  // bits of levels that it has told
        std::uint8_t in_use = 0;                      // bits of technologies, of the last look
        std::optional<std::size_t> technology;        // state of cell.tech that was last known
        std::optional<bool> has_data;                 // a data connection, while registered
        std::string network;                          // operator
        std::string cell;
    };

    void take_modem(const ModemNote& note, SteadyTime now, probes::Finding& finding);
    void remember(const ModemNote& note, Modem& modem) const;
    void add_states(
        const ModemNote* note, const std::string& name, Modem& modem, probes::Finding& finding
    ) const;
    void add_levels(
        const ModemNote* note, const std::string& name, const Modem& modem, probes::Finding& finding
    ) const;
    void judge(const ModemNote& note, SteadyTime now, Modem& modem, probes::Finding& finding) const;

    const CellSettings& settings_;
    std::map<std::string, Modem> modems_;  // by name
};

}  // namespace cxedge::plugins
