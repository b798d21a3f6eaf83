// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/fields.hpp"

#include <algorithm>
#include <utility>

#include "plugins/_devices/json.hpp"
#include "plugins/_devices/privacy.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

// A message of a device has not so many places; more of them are not looked at.
constexpr std::size_t kMostPlaces = 4'096;

std::string pointer_step(std::string_view key) {
    std::string step = "/";
    for (const char c : key) {
        if (c == '~' || c == '/') {
            step += c == '~' ? "~0" : "~1";
        } else {
            step += c;
        }
    }
    return step;
}

std::string leaf_text(const Json& value) {
    if (value.is_string()) {
        return value.get<std::string>();
    }
    return value.is_null() ? std::string() : value.dump();
}

struct OpenPlace {
    const Json* value;
    std::string place;
};

void open_children(const Json& value, const std::string& place, std::vector<OpenPlace>& open) {
    if (value.is_object()) {
        for (const auto& [key, item] : value.items()) {
            open.push_back({&item, place + pointer_step(key)});
        }
        return;
    }
    std::size_t index = 0;
    for (const Json& item : value) {
        open.push_back({&item, place + "/" + std::to_string(index++)});
    }
}

Fields flat(const Json& message) {
    Fields fields;
    std::vector<OpenPlace> open{{&message, ""}};
    for (std::size_t seen = 0; !open.empty() && seen < kMostPlaces; ++seen) {
        const OpenPlace next = std::move(open.back());
        open.pop_back();
        if (next.value->is_structured()) {
            open_children(*next.value, next.place, open);
        } else {
            fields.set(next.place, leaf_text(*next.value));
        }
    }
    return fields;
}

// Walks members only: a list of a message is named by members.
const Json* list_place(const Json& message, std::string_view place) {
    const Json* value = &message;
    while (value != nullptr && !place.empty()) {
        place.remove_prefix(1);
        const std::size_t end = std::min(place.find('/'), place.size());
        value = member(value, place.substr(0, end));
        place.remove_prefix(end);
    }
    return value != nullptr && value->is_array() ? value : nullptr;
}

// One cell from `rest`; what is left of the line stays in it.
std::string take_cell(std::string_view& rest, char separator) {
    if (rest.empty() || rest.front() != '"') {
        const std::size_t end = std::min(rest.find(separator), rest.size());
        std::string cell(trimmed(rest.substr(0, end)));
        rest.remove_prefix(end);
        return cell;
    }
    std::string cell;
    std::size_t i = 1;
    for (; i < rest.size(); ++i) {
        const bool doubled = rest[i] == '"' && i + 1 < rest.size() && rest[i + 1] == '"';
        if (rest[i] == '"' && !doubled) {
            break;
        }
        i += doubled ? 1U : 0U;
        cell += rest[i];
    }
    rest.remove_prefix(std::min(rest.find(separator, std::min(i, rest.size())), rest.size()));
    return cell;
}

}  // namespace

std::optional<std::string_view> Fields::at(std::string_view place) const {
    const auto found = texts_.find(place);
    const bool holds = found != texts_.end() && !found->second.empty();
    return holds ? std::optional<std::string_view>(found->second) : std::nullopt;
}

std::string Fields::text(std::string_view place) const {
    return std::string(at(place).value_or(std::string_view()));
}

void Fields::set(std::string place, std::string text) {
    texts_.insert_or_assign(std::move(place), std::move(text));
}

Result<FieldsMessage> json_fields(std::string_view text, std::string_view each) {
    const Result<Json> parsed = parse_json(text);
    if (!parsed) {
        return parsed.error();
    }
    Report dropped;
    note_private(*parsed, dropped);
    FieldsMessage message{{}, std::move(dropped.private_fields)};
    const Json* const list = list_place(*parsed, each);
    if (list == nullptr && !each.empty()) {
        return invalid_argument("there is no list where `each` says");
    }
    if (list == nullptr) {
        message.items.push_back(flat(*parsed));
        return message;
    }
    for (const Json& item : *list) {
        message.items.push_back(flat(item));
    }
    return message;
}

Result<FieldsMessage> form_fields(std::string_view text) {
    FieldsMessage message;
    Fields fields;
    bool any = false;
    while (!text.empty()) {
        const FormPair pair = take_form_pair(text);
        auto name = form_decoded(pair.name);
        auto value = form_decoded(pair.value);
        if (!name || !value) {
            return invalid_argument("is no form: a broken percent code");
        }
        count_personal(*name, value->empty() ? 0 : 1, message.private_fields);
        any = any || !name->empty();
        fields.set(std::move(*name), std::move(*value));
    }
    if (!any) {
        return invalid_argument("is a form without fields");
    }
    message.items.push_back(std::move(fields));
    return message;
}

std::vector<std::string> csv_cells(std::string_view line, char separator) {
    std::vector<std::string> cells;
    cells.push_back(take_cell(line, separator));
    while (!line.empty()) {
        line.remove_prefix(1);
        cells.push_back(take_cell(line, separator));
    }
    return cells;
}

FieldsMessage csv_fields(
    std::string_view line, char separator, const std::vector<std::string>& columns
) {
    FieldsMessage message;
    Fields fields;
    std::size_t index = 0;
    for (const std::string& cell : csv_cells(line, separator)) {
        if (index < columns.size()) {
            count_personal(columns[index], cell.empty() ? 0 : 1, message.private_fields);
            fields.set(columns[index], cell);
        }
        fields.set(std::to_string(++index), cell);
    }
    message.items.push_back(std::move(fields));
    return message;
}

}  // namespace cxedge::devices
