// SPDX-License-Identifier: Apache-2.0
// Answers of ModemManager as notes (org.freedesktop.ModemManager1; its D-Bus reference). Properties
// are taken by a list of names and types; all others are skipped unread. Thread: the bus's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugins/radio_cell/modem_note.hpp"

struct sd_bus_message;

namespace cxedge::plugins {

// The answer of ObjectManager.GetManagedObjects; nothing: it is none.
std::optional<std::vector<ModemNote>> read_modems(sd_bus_message* answer);
// Signal PropertiesChanged of Modem.Signal: what changed is taken over into `note`. False: it is
// about something else, or none.
bool read_signal_change(sd_bus_message* signal, ModemNote& note);
// The answer of Location.GetLocation: see read_cell().
std::string read_location(sd_bus_message* answer);

}  // namespace cxedge::plugins
