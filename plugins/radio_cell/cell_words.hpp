// SPDX-License-Identifier: Apache-2.0
// Numbers of ModemManager (ModemManager-enums.h) and results as words. Pure. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "plugins/_probes/result.hpp"
#include "plugins/radio_cell/modem_look.hpp"

namespace cxedge::plugins {

// MMModemState from -1: "failed", "unknown", ... "connected".
const std::vector<std::string>& modem_states();
// MMModem3gppRegistrationState: "idle", "home", ...
const std::vector<std::string>& registration_states();
// "none", "gsm", "umts", "cdma", "lte", "lte_nr" (NR beside LTE), "nr", "other".
const std::vector<std::string>& technology_states();
// Of the bits of MMModemAccessTechnology: the newest that is in use.
std::size_t technology_of(std::uint32_t bits);

// Five or six digits.
bool is_operator(const std::string& code);
// "26201 Telekom.de", fit for a terminal.
std::string operator_text(const ModemNote& note);

struct CellWords {
    probes::ProbeResult result = probes::ProbeResult::ok;
    std::string step;
    std::string detail;
};
CellWords words_of(const CellView& view, bool timed_out);

}  // namespace cxedge::plugins
