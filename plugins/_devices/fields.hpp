// SPDX-License-Identifier: Apache-2.0
// A message as texts with places, for plugins that look for a few of them: JSON (the place is a
// JSON pointer), an HTML form (its field's name) and a line of CSV (its column's name). Pure.
// Thread: any.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"

#include "plugins/_devices/privacy.hpp"

namespace cxedge::devices {

class Fields {
public:
    // Empty: no such place, or nothing is there (null, an empty text, a list).
    [[nodiscard]] std::optional<std::string_view> at(std::string_view place) const;
    // The same as text; "" if there is nothing.
    [[nodiscard]] std::string text(std::string_view place) const;
    void set(std::string place, std::string text);

private:
    std::map<std::string, std::string, std::less<>> texts_;
};

struct FieldsMessage {
    std::vector<Fields> items;
    PrivateFields private_fields;
};

// `each`: place of a list whose items are read one by one, their places then begin there; empty:
// the message, or each item if it is a list itself. Numbers and flags are texts as JSON writes
// them. invalid_argument: not JSON, or there is no such list.
Result<FieldsMessage> json_fields(std::string_view text, std::string_view each = {});

// application/x-www-form-urlencoded. invalid_argument: a broken percent code, or no field at all.
Result<FieldsMessage> form_fields(std::string_view text);

// RFC 4180 cells of one line. Each is found by its column's name and by its number from "1".
FieldsMessage csv_fields(
    std::string_view line, char separator, const std::vector<std::string>& columns
);
std::vector<std::string> csv_cells(std::string_view line, char separator);

}  // namespace cxedge::devices
