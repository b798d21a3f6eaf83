// SPDX-License-Identifier: Apache-2.0
#include "plugins/radio_cell/cell_words.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

using probes::ProbeResult;

// MMModemAccessTechnology.
constexpr std::uint32_t kGsmBits = 0x001E;   // GSM, compact, GPRS, EDGE
constexpr std::uint32_t kUmtsBits = 0x03E0;  // UMTS, HSDPA, HSUPA, HSPA, HSPA+
constexpr std::uint32_t kCdmaBits = 0x3C00;  // 1xRTT, EVDO
constexpr std::uint32_t kLteBits = 0x34000;  // LTE, Cat M, NB-IoT
constexpr std::uint32_t kNrBit = 0x8000;
constexpr std::size_t kLongestName = 48;

enum Technology : std::size_t { none, gsm, umts, cdma, lte, lte_nr, nr, other };

CellWords no_listing(BusFault fault) {
    switch (fault) {
        case BusFault::no_bus:
            return {
                ProbeResult::no_route,
                "bus",
                "no D-Bus here: nobody listens at the address of the setting `bus`"};
        case BusFault::no_service:
            return {
                ProbeResult::no_route,
                "modemmanager",
                "no ModemManager here: it is not installed or not running"};
        case BusFault::forbidden:
            return {
                ProbeResult::no_permission,
                "modemmanager",
                "the policy of D-Bus forbids this process to ask ModemManager"};
        case BusFault::ended:
            return {
                ProbeResult::refused,
                "modemmanager",
                "ModemManager, or D-Bus itself, ended while it was asked"};
        case BusFault::garbled:
            return {
                ProbeResult::body_mismatch,
                "modemmanager",
                "ModemManager's answer cannot be read: is it something else of that name?"};
        default:
            return {
                ProbeResult::bad_status,
                "modemmanager",
                "ModemManager answers with an error: see its log (journalctl -u ModemManager)"};
    }
}

// Why a modem has no network.
CellWords no_network(const ModemNote& note) {
    const std::string name = note.name();
    switch (note.state.value_or(0)) {
        case kModemFailed:
            return {
                ProbeResult::no_route,
                "modem",
                fmt::format("{} has failed: no SIM, or a fault (mmcli -m any)", name)};
        case kModemLocked:
            return {ProbeResult::no_route, "sim", fmt::format("{}: the SIM wants its PIN", name)};
        case kModemDisabled:
            return {
                ProbeResult::no_route, "modem", fmt::format("{} is switched off (mmcli -e)", name)};
        default:
            return {
                ProbeResult::no_route,
                "registration",
                fmt::format("{} is not registered with a network", name)};
    }
}

// What kept signal figures or the cell away, or empty.
CellWords refusals(const CellView& view) {
    const bool forbidden =
        view.setup == BusFault::forbidden || view.location == BusFault::forbidden;
    if (forbidden) {
        return {
            ProbeResult::no_permission,
            view.setup == BusFault::forbidden ? "signal" : "location",
            "polkit forbids it: allow this user org.freedesktop.ModemManager1.Device.Control for "
            "signal figures, .Location for the cell"};
    }
    if (view.setup == BusFault::ended || view.location == BusFault::ended) {
        return {
            ProbeResult::refused,
            "modemmanager",
            "ModemManager, or D-Bus itself, ended while it was asked"};
    }
    if (view.setup == BusFault::gone || view.location == BusFault::gone) {
        return {ProbeResult::no_route, "modem", "the modem was removed while it was asked"};
    }
    return {};
}

CellWords misshapen(const CellView& view) {
    for (const ModemNote& note : view.modems) {
        if (!note.misshapen.empty()) {
            return {
                ProbeResult::body_mismatch,
                "modemmanager",
                fmt::format(
                    "{} of {} has an unexpected type: a version of ModemManager that is not known "
                    "here",
                    note.misshapen.front(),
                    note.name()
                )};
        }
    }
    return {};
}

}  // namespace

const std::vector<std::string>& modem_states() {
    static const std::vector<std::string> kStates{
        "failed",
        "unknown",
        "initializing",
        "locked",
        "disabled",
        "disabling",
        "enabling",
        "enabled",
        "searching",
        "registered",
        "disconnecting",
        "connecting",
        "connected"};
    return kStates;
}

const std::vector<std::string>& registration_states() {
    static const std::vector<std::string> kStates{
        "idle",
        "home",
        "searching",
        "denied",
        "unknown",
        "roaming",
        "home_sms_only",
        "roaming_sms_only",
        "emergency_only",
        "home_csfb_not_preferred",
        "roaming_csfb_not_preferred",
        "attached_rlos"};
    return kStates;
}

const std::vector<std::string>& technology_states() {
    static const std::vector<std::string> kStates{
        "none", "gsm", "umts", "cdma", "lte", "lte_nr", "nr", "other"};
    return kStates;
}

std::size_t technology_of(std::uint32_t bits) {
    if ((bits & kNrBit) != 0) {
        return (bits & kLteBits) != 0 ? lte_nr : nr;
    }
    if ((bits & kLteBits) != 0) {
        return lte;
    }
    if ((bits & kCdmaBits) != 0) {
        return cdma;
    }
    if ((bits & kUmtsBits) != 0) {
        return umts;
    }
    if ((bits & kGsmBits) != 0) {
        return gsm;
    }
    return bits == 0 ? none : other;
}

bool is_operator(const std::string& code) {
    return (code.size() == 5 || code.size() == 6) &&
           code.find_first_not_of("0123456789") == std::string::npos;
}

std::string operator_text(const ModemNote& note) {
    std::string text = is_operator(note.operator_code) ? note.operator_code : "?";
    // The network says what it is called.
    std::string name = note.operator_name.substr(0, kLongestName);
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c < ' ' || c > '~'; }, '?'
    );
    return name.empty() ? text : text + " " + name;
}

CellWords words_of(const CellView& view, bool timed_out) {
    if (!view.listed) {
        const CellWords late{
            ProbeResult::timeout, "modemmanager", "ModemManager does not answer in time"};
        return timed_out ? late : no_listing(view.fault);
    }
    if (view.modems.empty()) {
        return {ProbeResult::no_route, "modem", "ModemManager knows no such modem here (mmcli -L)"};
    }
    const auto registered = [](const ModemNote& note) {
        return note.state && *note.state >= kModemRegistered;
    };
    for (const CellWords& words : {misshapen(view), refusals(view)}) {
        if (words.result != ProbeResult::ok) {
            return words;
        }
    }
    const auto good = std::find_if(view.modems.begin(), view.modems.end(), registered);
    if (good == view.modems.end()) {
        return no_network(view.modems.front());
    }
    CellWords words;
    if (!any_signal(good->signals)) {
        words.detail = good->name() + " tells no signal figures but its quality";
    }
    return words;
}

}  // namespace cxedge::plugins
