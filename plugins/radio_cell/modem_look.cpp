// SPDX-License-Identifier: Apache-2.0
#include "plugins/radio_cell/modem_look.hpp"

#include <algorithm>
#include <utility>

namespace cxedge::plugins {
namespace {

bool is_wanted(const ModemNote& modem, const std::string& wish) {
    return wish == "auto" || wish == modem.index() || wish == modem.port ||
           std::find(modem.ports.begin(), modem.ports.end(), wish) != modem.ports.end();
}

// Only then it listens to a network; before, ModemManager refuses.
bool is_enabled(const ModemNote& modem) {
    return !modem.state || *modem.state >= kModemEnabled;
}

}  // namespace

ModemLook::ModemLook(EventLoop& loop, Wishes wishes) : wishes_(std::move(wishes)), bus_(loop) {}

void ModemLook::begin(Done done) {
    done_ = std::move(done);
    bus_.open(wishes_.bus, [this](BusFault fault) { lost(fault); });
    bus_.ask_modems([this](BusFault fault, std::vector<ModemNote> modems) {
        take_modems(fault, std::move(modems));
    });
}

void ModemLook::take_modems(BusFault fault, std::vector<ModemNote> modems) {
    view_.fault = fault;
    view_.listed = fault == BusFault::none;
    std::copy_if(
        std::make_move_iterator(modems.begin()),
        std::make_move_iterator(modems.end()),
        std::back_inserter(view_.modems),
        [&](const ModemNote& modem) { return is_wanted(modem, wishes_.modem); }
    );
    for (ModemNote& modem : view_.modems) {
        ask_more(modem);
    }
    if (open_.empty()) {
        finish();
    }
}

void ModemLook::ask_more(ModemNote& modem) {
    if (modem.has_signal && modem.signal_rate == 0U && is_enabled(modem)) {
        set_up(modem);
    }
    if (wishes_.cell) {
        const std::string question = "cell " + modem.path;
        open_.insert(question);
        bus_.ask_cell(modem.path, [this, &modem, question](BusFault fault, std::string cell) {
            view_.location = fault == BusFault::none ? view_.location : fault;
            modem.cell = std::move(cell);
            settle(question);
        });
    }
}

// The first figures come some time after the answer, as a change of properties.
void ModemLook::set_up(ModemNote& modem) {
    const std::string question = "signal " + modem.path;
    open_.insert(question);
    bus_.watch_signal(modem, [this, &modem, question] {
        if (any_signal(modem.signals)) {
            settle(question);
        }
    });
    bus_.set_up_signal(modem.path, wishes_.signal_rate_s, [this, &modem, question](BusFault fault) {
        view_.setup = fault == BusFault::none ? view_.setup : fault;
        const bool registered = modem.state && *modem.state >= kModemRegistered;
        if (fault != BusFault::none || !registered) {
            settle(question);  // there is nothing to wait for
        }
    });
}

void ModemLook::settle(const std::string& question) {
    if (open_.erase(question) != 0 && open_.empty()) {
        finish();
    }
}

void ModemLook::lost(BusFault fault) {
    if (!view_.listed) {
        view_.fault = fault;
    }
    finish();
}

void ModemLook::finish() {
    if (const Done done = std::exchange(done_, nullptr)) {
        done(view_);
    }
}

}  // namespace cxedge::plugins
