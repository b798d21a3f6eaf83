// SPDX-License-Identifier: Apache-2.0
// The template part of Schema<T> (include settings.hpp, not this file).
#pragma once

#include "agent/base/settings.hpp"  // IWYU pragma: keep

namespace cxedge {
namespace detail {

// A field of several texts that may be written as one.
inline constexpr const char* kTextOrTexts = "text or list of texts";

struct FieldBase {
    std::string key;
    std::string type;  // for people: "text", "seconds", ...
    std::string help;
    bool is_required = false;
    bool is_ignored = false;
    double lowest = std::numeric_limits<double>::lowest();
    double highest = std::numeric_limits<double>::max();
    std::vector<std::string> choices;
    std::function<std::string(const std::string&)> check;

    // One place in one document while it is read.
    struct Site {
        const SettingsNode& node;
        std::string path;  // full key, for messages
        SettingsProblems& problems;
    };
    // `object` is the T that the schema was made for.
    std::function<void(const FieldBase&, const Site&, void* object)> read;
    std::function<SettingsNode(const void* object)> write;
    std::function<std::vector<SettingHelp>()> nested_help;  // tables only
};

using Site = FieldBase::Site;
void read_value(const FieldBase& field, const Site& site, std::string& out);
void read_value(const FieldBase& field, const Site& site, bool& out);
void read_value(const FieldBase& field, const Site& site, std::int64_t& out);
void read_value(const FieldBase& field, const Site& site, double& out);
void read_value(const FieldBase& field, const Site& site, std::chrono::milliseconds& out);
void read_value(const FieldBase& field, const Site& site, std::vector<std::string>& out);
void read_value(const FieldBase& field, const Site& site, std::vector<double>& out);
void read_value(
    const FieldBase& field, const Site& site, std::vector<std::pair<std::string, std::string>>& out
);

SettingsNode write_value(const FieldBase& field, const std::string& value);
SettingsNode write_value(const FieldBase& field, bool value);
SettingsNode write_value(const FieldBase& field, std::int64_t value);
SettingsNode write_value(const FieldBase& field, double value);
SettingsNode write_value(const FieldBase& field, std::chrono::milliseconds value);
SettingsNode write_value(const FieldBase& field, const std::vector<std::string>& value);
SettingsNode write_value(const FieldBase& field, const std::vector<double>& value);
SettingsNode write_value(
    const FieldBase& field, const std::vector<std::pair<std::string, std::string>>& value
);

void read_table(const std::vector<FieldPtr>& fields, const Site& site, void* object);
SettingsNode write_table(const std::vector<FieldPtr>& fields, const void* object);
std::vector<SettingHelp> describe(const std::vector<FieldPtr>& fields, const void* defaults);
// True, or adds "is a text, but a table is needed".
bool is_table(const Site& site);
bool is_list(const Site& site);

}  // namespace detail

template <class T>
typename Schema<T>::Field& Schema<T>::Field::required() {
    field_->is_required = true;
    return *this;
}

template <class T>
typename Schema<T>::Field& Schema<T>::Field::range(double lowest, double highest) {
    field_->lowest = lowest;
    field_->highest = highest;
    return *this;
}

template <class T>
typename Schema<T>::Field& Schema<T>::Field::one_of(std::vector<std::string> texts) {
    field_->choices = std::move(texts);
    return *this;
}

template <class T>
typename Schema<T>::Field& Schema<T>::Field::check(
    std::function<std::string(const std::string&)> test
) {
    field_->check = std::move(test);
    return *this;
}

template <class T>
template <class Member>
typename Schema<T>::Field Schema<T>::leaf(
    std::string key, std::string type, Member T::*member, std::string help
) {
    auto field = std::make_shared<detail::FieldBase>();
    field->key = std::move(key);
    field->type = std::move(type);
    field->help = std::move(help);
    field->read = [member](const detail::FieldBase& self, const detail::Site& site, void* object) {
        detail::read_value(self, site, static_cast<T*>(object)->*member);
    };
    field->write = [member, self = field.get()](const void* object) {
        return detail::write_value(*self, static_cast<const T*>(object)->*member);
    };
    fields_.push_back(field);
    return Field(std::move(field));
}

template <class T>
typename Schema<T>::Field Schema<T>::text(
    std::string key, std::string T::*member, std::string help
) {
    return leaf(std::move(key), "text", member, std::move(help));
}

template <class T>
typename Schema<T>::Field Schema<T>::boolean(std::string key, bool T::*member, std::string help) {
    return leaf(std::move(key), "true or false", member, std::move(help));
}

template <class T>
typename Schema<T>::Field Schema<T>::integer(
    std::string key, std::int64_t T::*member, std::string help
) {
    return leaf(std::move(key), "integer", member, std::move(help));
}

template <class T>
typename Schema<T>::Field Schema<T>::number(std::string key, double T::*member, std::string help) {
    return leaf(std::move(key), "number", member, std::move(help));
}

template <class T>
typename Schema<T>::Field Schema<T>::duration(
    std::string key, std::chrono::milliseconds T::*member, std::string help
) {
    const bool milliseconds = key.ends_with("_ms");
    return leaf(std::move(key), milliseconds ? "milliseconds" : "seconds", member, std::move(help));
}

template <class T>
typename Schema<T>::Field Schema<T>::texts(
    std::string key, std::vector<std::string> T::*member, std::string help
) {
    return leaf(std::move(key), "list of texts", member, std::move(help));
}

template <class T>
typename Schema<T>::Field Schema<T>::text_or_texts(
    std::string key, std::vector<std::string> T::*member, std::string help
) {
    return leaf(std::move(key), detail::kTextOrTexts, member, std::move(help));
}

template <class T>
typename Schema<T>::Field Schema<T>::numbers(
    std::string key, std::vector<double> T::*member, std::string help
) {
    return leaf(std::move(key), "list of numbers", member, std::move(help));
}

template <class T>
typename Schema<T>::Field Schema<T>::text_map(
    std::string key, std::vector<std::pair<std::string, std::string>> T::*member, std::string help
) {
    return leaf(std::move(key), "table of texts", member, std::move(help));
}

template <class T>
template <class Inner>
typename Schema<T>::Field Schema<T>::table(
    std::string key, Inner T::*member, Schema<Inner> schema, std::string help
) {
    auto field = std::make_shared<detail::FieldBase>();
    field->key = std::move(key);
    field->type = "table";
    field->help = std::move(help);
    field->read = [member,
                   schema](const detail::FieldBase&, const detail::Site& site, void* object) {
        if (detail::is_table(site)) {
            static_cast<T*>(object)->*member = schema.read(site.node, site.problems, site.path);
        }
    };
    field->write = [member, schema](const void* object) {
        return schema.write(static_cast<const T*>(object)->*member);
    };
    field->nested_help = [schema] {
        return schema.help();
    };
    fields_.push_back(field);
    return Field(std::move(field));
}

template <class T>
template <class Inner>
typename Schema<T>::Field Schema<T>::tables(
    std::string key, std::vector<Inner> T::*member, Schema<Inner> schema, std::string help
) {
    auto field = std::make_shared<detail::FieldBase>();
    field->key = std::move(key);
    field->type = "list of tables";
    field->help = std::move(help);
    field->read = [member,
                   schema](const detail::FieldBase&, const detail::Site& site, void* object) {
        if (!detail::is_list(site)) {
            return;
        }
        std::vector<Inner> items;
        for (const SettingsNode& item : *site.node.list()) {
            const std::string path = site.path + "[" + std::to_string(items.size()) + "]";
            items.push_back(schema.read(item, site.problems, path));
        }
        static_cast<T*>(object)->*member = std::move(items);
    };
    field->write = [member, schema](const void* object) {
        SettingsNode::List list;
        for (const Inner& item : static_cast<const T*>(object)->*member) {
            list.push_back(schema.write(item));
        }
        SettingsNode node;
        node.value = std::move(list);
        return node;
    };
    field->nested_help = [schema] {
        return schema.help();
    };
    fields_.push_back(field);
    return Field(std::move(field));
}

template <class T>
void Schema<T>::ignore(std::string key) {
    auto field = std::make_shared<detail::FieldBase>();
    field->key = std::move(key);
    field->is_ignored = true;
    fields_.push_back(std::move(field));
}

template <class T>
T Schema<T>::read(const SettingsNode& node, SettingsProblems& problems, std::string_view path)
    const {
    T object{};
    detail::read_table(fields_, {node, std::string(path), problems}, &object);
    return object;
}

template <class T>
std::vector<SettingHelp> Schema<T>::help() const {
    const T defaults{};
    return detail::describe(fields_, &defaults);
}

template <class T>
SettingsNode Schema<T>::write(const T& value) const {
    return detail::write_table(fields_, &value);
}

}  // namespace cxedge
