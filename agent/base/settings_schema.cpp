// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "agent/base/settings.hpp"

namespace cxedge::detail {
namespace {

void complain(const Site& site, std::string_view what) {
    site.problems.add(site.node.position, site.path, what);
}

void complain_type(const FieldBase& field, const Site& site) {
    complain(site, fmt::format("is {}, but {} is needed", site.node.type_name(), field.type));
}

// Integers are fine where numbers are wanted, not the other way round.
bool as_number(const SettingsNode& node, double& out) {
    if (const auto* integer = std::get_if<std::int64_t>(&node.value)) {
        out = static_cast<double>(*integer);
        return true;
    }
    if (const auto* number = std::get_if<double>(&node.value)) {
        out = *number;
        return std::isfinite(out);
    }
    return false;
}

bool in_range(const FieldBase& field, const Site& site, double value) {
    if (value < field.lowest) {
        complain(site, fmt::format("{} is less than {}", value, field.lowest));
        return false;
    }
    if (value > field.highest) {
        complain(site, fmt::format("{} is more than {}", value, field.highest));
        return false;
    }
    return true;
}

std::string suggestion(const std::string& nearest) {
    return nearest.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", nearest);
}

std::string joined(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& text : texts) {
        out += (out.empty() ? "\"" : ", \"") + text + "\"";
    }
    return out;
}

bool accepted_text(const FieldBase& field, const Site& site, const std::string& text) {
    const auto& choices = field.choices;
    if (!choices.empty() && std::find(choices.begin(), choices.end(), text) == choices.end()) {
        const std::string nearest = nearest_name(text, choices);
        complain(
            site,
            fmt::format("\"{}\" is not one of {}{}", text, joined(choices), suggestion(nearest))
        );
        return false;
    }
    const std::string wrong = field.check ? field.check(text) : std::string();
    if (!wrong.empty()) {
        complain(site, wrong);
        return false;
    }
    return true;
}

Site element(const Site& site, const SettingsNode& node, std::string_view suffix) {
    return {node, site.path + std::string(suffix), site.problems};
}

template <class Item>
void read_list(const FieldBase& field, const Site& site, std::vector<Item>& out) {
    if (site.node.list() == nullptr) {
        complain_type(field, site);
        return;
    }
    std::vector<Item> items;
    FieldBase item_field = field;
    item_field.type = std::is_same_v<Item, std::string> ? "text" : "number";
    for (const SettingsNode& node : *site.node.list()) {
        Item item{};
        read_value(item_field, element(site, node, fmt::format("[{}]", items.size())), item);
        items.push_back(std::move(item));
    }
    out = std::move(items);
}

template <class Value>
SettingsNode leaf_node(Value value) {
    SettingsNode node;
    node.value = std::move(value);
    node.position.layer = "built-in";
    return node;
}

std::string member_path(const Site& site, const std::string& key) {
    return site.path.empty() ? key : site.path + "." + key;
}

const FieldBase* field_named(const std::vector<FieldPtr>& fields, std::string_view key) {
    const auto it = std::find_if(fields.begin(), fields.end(), [&](const FieldPtr& field) {
        return field->key == key;
    });
    return it == fields.end() ? nullptr : it->get();
}

void append_nested(const FieldBase& table, std::vector<SettingHelp>& out) {
    for (SettingHelp& inner : table.nested_help()) {
        inner.key.insert(0, table.key + ".");
        out.push_back(std::move(inner));
    }
}

void complain_unknown(
    const std::vector<FieldPtr>& fields,
    const Site& site,
    const std::string& key,
    const SettingsNode& node
) {
    std::vector<std::string> known;
    known.reserve(fields.size());
    for (const FieldPtr& field : fields) {
        known.push_back(field->key);
    }
    site.problems.add(
        node.key_position,
        member_path(site, key),
        "unknown setting" + suggestion(nearest_name(key, known))
    );
}

}  // namespace

bool is_table(const Site& site) {
    if (site.node.table() == nullptr) {
        complain(site, fmt::format("is {}, but a table is needed", site.node.type_name()));
        return false;
    }
    return true;
}

bool is_list(const Site& site) {
    if (site.node.list() == nullptr) {
        complain(site, fmt::format("is {}, but a list of tables is needed", site.node.type_name()));
        return false;
    }
    return true;
}

void read_value(const FieldBase& field, const Site& site, std::string& out) {
    const auto* text = std::get_if<std::string>(&site.node.value);
    if (text == nullptr) {
        complain_type(field, site);
    } else if (accepted_text(field, site, *text)) {
        out = *text;
    }
}

void read_value(const FieldBase& field, const Site& site, bool& out) {
    const auto* value = std::get_if<bool>(&site.node.value);
    if (value == nullptr) {
        complain_type(field, site);
    } else {
        out = *value;
    }
}

void read_value(const FieldBase& field, const Site& site, std::int64_t& out) {
    const auto* value = std::get_if<std::int64_t>(&site.node.value);
    if (value == nullptr) {
        complain_type(field, site);
    } else if (in_range(field, site, static_cast<double>(*value))) {
        out = *value;
    }
}

void read_value(const FieldBase& field, const Site& site, double& out) {
    double value = 0;
    if (!as_number(site.node, value)) {
        complain_type(field, site);
    } else if (in_range(field, site, value)) {
        out = value;
    }
}

void read_value(const FieldBase& field, const Site& site, std::chrono::milliseconds& out) {
    double value = 0;
    if (!as_number(site.node, value)) {
        complain(
            site,
            fmt::format("is {}, but a number of {} is needed", site.node.type_name(), field.type)
        );
        return;
    }
    FieldBase bounded = field;
    bounded.lowest = std::max(field.lowest, 0.0);
    bounded.highest = std::min(field.highest, 1e9);  // no duration of ours is longer than 31 years
    if (in_range(bounded, site, value)) {
        const double scale = field.key.ends_with("_ms") ? 1 : 1000;
        out = std::chrono::milliseconds(std::llround(value * scale));
    }
}

void read_value(const FieldBase& field, const Site& site, std::vector<std::string>& out) {
    const bool one_will_do = field.type == kTextOrTexts;
    if (one_will_do && std::holds_alternative<std::string>(site.node.value)) {
        std::string text = out.empty() ? std::string() : out.front();
        read_value(field, site, text);
        out = {std::move(text)};
        return;
    }
    if (one_will_do && site.node.list() != nullptr && site.node.list()->empty()) {
        complain(site, "is empty, but at least one text is needed");
        return;
    }
    read_list(field, site, out);
}

void read_value(const FieldBase& field, const Site& site, std::vector<double>& out) {
    read_list(field, site, out);
}

void read_value(
    const FieldBase& field, const Site& site, std::vector<std::pair<std::string, std::string>>& out
) {
    const SettingsNode::Table* table = site.node.table();
    if (table == nullptr) {
        complain_type(field, site);
        return;
    }
    FieldBase item_field = field;
    item_field.type = "text";
    out.clear();
    for (const auto& [key, node] : *table) {
        std::string text;
        read_value(item_field, element(site, node, "." + key), text);
        out.emplace_back(key, std::move(text));
    }
}

SettingsNode write_value(const FieldBase& /*field*/, const std::string& value) {
    return leaf_node(value);
}

SettingsNode write_value(const FieldBase& /*field*/, bool value) {
    return leaf_node(value);
}

SettingsNode write_value(const FieldBase& /*field*/, std::int64_t value) {
    return leaf_node(value);
}

SettingsNode write_value(const FieldBase& /*field*/, double value) {
    return leaf_node(value);
}

SettingsNode write_value(const FieldBase& field, std::chrono::milliseconds value) {
    if (field.key.ends_with("_ms")) {
        return leaf_node(std::int64_t{value.count()});
    }
    if (value.count() % 1000 == 0) {
        return leaf_node(std::int64_t{value.count() / 1000});
    }
    return leaf_node(static_cast<double>(value.count()) / 1000);
}

SettingsNode write_value(const FieldBase& field, const std::vector<std::string>& value) {
    if (field.type == kTextOrTexts && value.size() == 1) {
        return write_value(field, value.front());
    }
    SettingsNode::List list;
    for (const std::string& item : value) {
        list.push_back(write_value(field, item));
    }
    return leaf_node(std::move(list));
}

SettingsNode write_value(const FieldBase& field, const std::vector<double>& value) {
    SettingsNode::List list;
    for (const double item : value) {
        list.push_back(write_value(field, item));
    }
    return leaf_node(std::move(list));
}

SettingsNode write_value(
    const FieldBase& field, const std::vector<std::pair<std::string, std::string>>& value
) {
    SettingsNode::Table table;
    for (const auto& [key, text] : value) {
        table.emplace_back(key, write_value(field, text));
    }
    return leaf_node(std::move(table));
}

void read_table(const std::vector<FieldPtr>& fields, const Site& site, void* object) {
    if (!is_table(site)) {
        return;
    }
    for (const auto& [key, node] : *site.node.table()) {
        const FieldBase* field = field_named(fields, key);
        if (field == nullptr) {
            complain_unknown(fields, site, key, node);
        } else if (!field->is_ignored) {
            field->read(*field, {node, member_path(site, key), site.problems}, object);
        }
    }
    for (const FieldPtr& field : fields) {
        if (field->is_required && site.node.find(field->key) == nullptr) {
            site.problems.add(
                site.node.position, member_path(site, field->key), "is missing: " + field->help
            );
        }
    }
}

SettingsNode write_table(const std::vector<FieldPtr>& fields, const void* object) {
    SettingsNode::Table table;
    for (const FieldPtr& field : fields) {
        if (!field->is_ignored) {
            table.emplace_back(field->key, field->write(object));
        }
    }
    return leaf_node(std::move(table));
}

std::vector<SettingHelp> describe(const std::vector<FieldPtr>& fields, const void* defaults) {
    std::vector<SettingHelp> out;
    for (const FieldPtr& field : fields) {
        if (field->is_ignored) {
            continue;
        }
        const bool nested = field->nested_help != nullptr;
        const bool shows_default = !nested && !field->is_required;
        out.push_back(
            {field->key,
             field->type,
             shows_default ? to_toml_value(field->write(defaults)) : "",
             field->help}
        );
        if (nested) {
            append_nested(*field, out);
        }
    }
    return out;
}

}  // namespace cxedge::detail
