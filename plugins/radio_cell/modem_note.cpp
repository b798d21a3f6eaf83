// SPDX-License-Identifier: Apache-2.0
#include "plugins/radio_cell/modem_note.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";
constexpr std::string_view kDecimalDigits = "0123456789";
// NR cell identities have 36 bits (3GPP TS 38.413), as hexadecimal; some modems pad to 16 digits.
constexpr std::size_t kMostDigits = 16;

bool is_number(std::string_view text, std::string_view digits) {
    return !text.empty() && text.size() <= kMostDigits &&
           text.find_first_not_of(digits) == std::string_view::npos;
}

std::vector<std::string_view> fields_of(std::string_view text) {
    std::vector<std::string_view> fields;
    while (true) {
        const std::size_t comma = text.find(',');
        fields.push_back(text.substr(0, comma));
        if (comma == std::string_view::npos) {
            return fields;
        }
        text.remove_prefix(comma + 1);
    }
}

// Areas of 3G and before are LAC, of LTE and after TAC; the one that is not used is 0 or FFFE.
bool is_unused(std::string_view area) {
    return area.find_first_not_of('0') == std::string_view::npos || area == "FFFE" ||
           area == "fffe";
}

}  // namespace

std::string_view to_string(CellTech tech) {
    static constexpr std::array<std::string_view, kCellTechs> kNames{"gsm", "umts", "lte", "nr"};
    return kNames.at(static_cast<std::size_t>(tech));
}

bool any_signal(const CellSignals& signals) {
    return std::any_of(signals.begin(), signals.end(), [](const CellSignal& signal) {
        return signal.any();
    });
}

std::string ModemNote::index() const {
    const std::size_t slash = path.rfind('/');
    const std::string last = slash == std::string::npos ? std::string() : path.substr(slash + 1);
    return is_number(last, kDecimalDigits) ? last : std::string();
}

std::string ModemNote::name() const {
    return port.empty() ? index() : port;
}

std::string read_cell(std::string_view location) {
    const std::vector<std::string_view> fields = fields_of(location);
    if (fields.size() < 4 || fields.size() > 5 || !is_number(fields[0], kDecimalDigits) ||
        !is_number(fields[1], kDecimalDigits) || !is_number(fields[3], kHexDigits)) {
        return {};
    }
    const bool has_tac = fields.size() == 5 && !is_unused(fields[4]);
    const std::string_view area = has_tac ? fields[4] : fields[2];
    return is_number(area, kHexDigits)
               ? fmt::format("{}{}-{}-{}", fields[0], fields[1], area, fields[3])
               : std::string();
}

}  // namespace cxedge::plugins
