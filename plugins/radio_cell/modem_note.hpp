// SPDX-License-Identifier: Apache-2.0
// What is taken over from ModemManager: nothing but this. IMEI, IMSI, ICCID and telephone numbers
// have no field. Plain values. Thread: any.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cxedge::plugins {

// Technologies with figures of their own, as org.freedesktop.ModemManager1.Modem.Signal names its
// properties.
enum class CellTech : std::uint8_t { gsm, umts, lte, nr };
inline constexpr std::size_t kCellTechs = 4;
// "gsm", "umts", "lte", "nr": dimension `tech`.
std::string_view to_string(CellTech tech);

// Nothing: the modem does not tell.
struct CellSignal {
    std::optional<double> rsrp_dbm;
    std::optional<double> rsrq_db;
    std::optional<double> sinr_db;
    std::optional<double> rssi_dbm;
    [[nodiscard]] bool any() const { return rsrp_dbm || rsrq_db || sinr_db || rssi_dbm; }
};
using CellSignals = std::array<CellSignal, kCellTechs>;  // by CellTech
bool any_signal(const CellSignals& signals);

// MMModemState of ModemManager-enums.h, from -1.
inline constexpr int kModemFailed = -1;
inline constexpr int kModemLocked = 2;
inline constexpr int kModemDisabled = 3;
inline constexpr int kModemEnabled = 6;
inline constexpr int kModemRegistered = 8;
inline constexpr int kModemConnected = 11;

struct ModemNote {
    std::string path;                           // of its D-Bus object: ".../Modem/0"
    std::string port;                           // its primary port: "cdc-wdm0"
    std::vector<std::string> ports;             // all of them, also "wwan0"
    std::optional<int> state;                   // MMModemState
    std::optional<std::uint32_t> technologies;  // MMModemAccessTechnology, bits
    std::optional<std::uint32_t> registration;  // MMModem3gppRegistrationState
    std::optional<double> quality_percent;      // measured lately, not remembered
    std::string operator_code;                  // MCC and MNC: "26201"
    std::string operator_name;
    bool has_signal = false;                   // interface Modem.Signal is there
    std::optional<std::uint32_t> signal_rate;  // s; 0: nobody has asked for it
    CellSignals signals;
    std::string cell;  // "26201-5A2F-01C3D704": network, area and cell; empty: not asked for
    std::vector<std::string> misshapen;  // properties of an unexpected type, by name

    // The number at the end of its path, or empty.
    [[nodiscard]] std::string index() const;
    // Its primary port, or its number: dimension `modem`.
    [[nodiscard]] std::string name() const;
};

// "MCC,MNC,LAC,CI[,TAC]" of MM_MODEM_LOCATION_SOURCE_3GPP_LAC_CI, numbers of areas and cells in
// hexadecimal, as ModemNote::cell; empty: it is something else.
std::string read_cell(std::string_view location);

}  // namespace cxedge::plugins
