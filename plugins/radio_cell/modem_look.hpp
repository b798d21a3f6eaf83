// SPDX-License-Identifier: Apache-2.0
// One look at the modems of this box. Asks those for signal figures that nobody has asked yet, and
// waits for their first ones. Thread: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "plugins/radio_cell/modem_bus.hpp"
#include "plugins/radio_cell/modem_note.hpp"

namespace cxedge::plugins {

struct CellView {
    bool listed = false;                 // the modems are known
    BusFault fault = BusFault::none;     // why they are not
    BusFault setup = BusFault::none;     // why signal figures were refused
    BusFault location = BusFault::none;  // why the cell was
    std::vector<ModemNote> modems;       // that were asked for
};

class ModemLook {
public:
    struct Wishes {
        std::string modem;  // "auto": all; a port, or a number
        std::string bus;
        std::uint32_t signal_rate_s = 0;
        bool cell = false;
    };
    using Done = std::function<void(const CellView&)>;

    ModemLook(EventLoop& loop, Wishes wishes);
    // Once. `done` comes once, from the loop, never from within this. It sets no time limit: see
    // view().
    void begin(Done done);
    // As far as it came.
    [[nodiscard]] const CellView& view() const { return view_; }

private:
    void take_modems(BusFault fault, std::vector<ModemNote> modems);
    void ask_more(ModemNote& modem);
    void set_up(ModemNote& modem);
    void settle(const std::string& question);
    void lost(BusFault fault);
    void finish();

    Wishes wishes_;
    Done done_;
    CellView view_;
    std::set<std::string> open_;  // questions without an answer
    ModemBus bus_;                // goes first: it writes to notes of view_
};

}  // namespace cxedge::plugins
