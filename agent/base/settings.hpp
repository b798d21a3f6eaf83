// SPDX-License-Identifier: Apache-2.0
// Settings as data: a tree of values that remember where they were written, and schemas that bind
// them to plain structs. One declaration gives parsing, ranges, "did you mean", help texts and the
// defaults that `cxctl config show` prints (decision 0002).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "agent/base/result.hpp"

namespace cxedge {

struct SettingsPosition {
    std::shared_ptr<const std::string> file;  // null: built in
    std::uint32_t line = 0;                   // 1-based; 0 = unknown
    std::uint32_t column = 0;
    std::string layer;  // built-in, profile, site, remote
};
// "site.toml:12:5"
std::string to_string(const SettingsPosition& position);

struct SettingsMember;

struct SettingsNode {
    using List = std::vector<SettingsNode>;
    using Table = std::vector<SettingsMember>;  // in file order, keys unique
    std::variant<Table, List, bool, std::int64_t, double, std::string> value;
    SettingsPosition position;      // of the value
    SettingsPosition key_position;  // of its key, where it has one

    [[nodiscard]] const Table* table() const { return std::get_if<Table>(&value); }
    [[nodiscard]] Table* table() { return std::get_if<Table>(&value); }
    [[nodiscard]] const List* list() const { return std::get_if<List>(&value); }
    [[nodiscard]] List* list() { return std::get_if<List>(&value); }
    // Member of a table, or null.
    [[nodiscard]] const SettingsNode* find(std::string_view key) const;
    [[nodiscard]] SettingsNode* find(std::string_view key);
    // "a table", "a text", "an integer", ... for messages.
    [[nodiscard]] std::string_view type_name() const;
};

struct SettingsMember {
    SettingsMember(std::string its_key, SettingsNode its_value)
        : key(std::move(its_key)), node(std::move(its_value)) {}

    std::string key;
    SettingsNode node;
};

// Every mistake found, not only the first: "site.toml:12:5: source.port: 99999 is more than 65535".
class SettingsProblems {
public:
    // Control characters in `key` and `what` (they may quote the file) are replaced by '?'.
    void add(const SettingsPosition& where, std::string_view key, std::string_view what);
    [[nodiscard]] bool empty() const { return problems_.empty(); }
    // One line each, in the order of the places they speak of.
    [[nodiscard]] std::vector<std::string> lines() const;
    // All lines, newline-separated; invalid_argument.
    [[nodiscard]] Error error() const;

private:
    struct Problem {
        SettingsPosition where;
        std::string text;
    };
    std::vector<Problem> problems_;
};

// One setting, described for people.
struct SettingHelp {
    std::string key;
    std::string type;
    std::string fallback;  // default, as TOML; empty if required
    std::string help;
};

// The nearest of `known` to a mistyped `key`, or empty (edit distance at most 2, or a third of it).
std::string nearest_name(std::string_view key, const std::vector<std::string>& known);

// A leaf as TOML text ("\"a\"", "0.5", "[1, 2]"); tables as "{...}".
std::string to_toml_value(const SettingsNode& node);

namespace detail {
struct FieldBase;
using FieldPtr = std::shared_ptr<FieldBase>;
}  // namespace detail

// Binds the keys of a table to the members of T. Build once (a function-local static), use often.
//   Schema<Statsd> schema() {
//       Schema<Statsd> s;
//       s.text("listen", &Statsd::listen, "Address and port to receive datagrams on");
//       s.seconds("interval_s", &Statsd::interval, "How often ...").range(1, 3600);
//       return s;
//   }
// The default of a setting is what a default-constructed T holds.
template <class T>
class Schema {
public:
    // Chained onto the setting just declared.
    class Field {
    public:
        explicit Field(detail::FieldPtr field) : field_(std::move(field)) {}
        Field& required();
        Field& range(double lowest, double highest);  // numbers, in the unit of the key
        Field& one_of(std::vector<std::string> texts);
        // A further check: returns what is wrong, or empty.
        Field& check(std::function<std::string(const std::string&)> test);  // texts only

    private:
        detail::FieldPtr field_;
    };

    Field text(std::string key, std::string T::*member, std::string help);
    Field boolean(std::string key, bool T::*member, std::string help);
    Field integer(std::string key, std::int64_t T::*member, std::string help);
    Field number(std::string key, double T::*member, std::string help);
    // A duration; the key must end in _s or _ms and the number is in that unit.
    Field duration(std::string key, std::chrono::milliseconds T::*member, std::string help);
    Field texts(std::string key, std::vector<std::string> T::*member, std::string help);
    // One text, or a list of at least one.
    Field text_or_texts(std::string key, std::vector<std::string> T::*member, std::string help);
    Field numbers(std::string key, std::vector<double> T::*member, std::string help);
    // A table of free keys with text values.
    Field text_map(
        std::string key,
        std::vector<std::pair<std::string, std::string>> T::*member,
        std::string help
    );
    template <class Inner>
    Field table(std::string key, Inner T::*member, Schema<Inner> schema, std::string help);
    template <class Inner>
    Field tables(
        std::string key, std::vector<Inner> T::*member, Schema<Inner> schema, std::string help
    );
    // Keys that somebody else reads (a source's common settings).
    void ignore(std::string key);

    // Reads `node` into a T; wrong or missing settings are added to `problems` and keep their
    // default. `path` prefixes keys in messages ("source[2]").
    T read(const SettingsNode& node, SettingsProblems& problems, std::string_view path = {}) const;

    [[nodiscard]] std::vector<SettingHelp> help() const;
    // All settings of `value` with their current values, as a tree (for `config show`).
    [[nodiscard]] SettingsNode write(const T& value) const;

private:
    template <class Member>
    Field leaf(std::string key, std::string type, Member T::*member, std::string help);

    std::vector<detail::FieldPtr> fields_;
};

}  // namespace cxedge

#include "agent/base/settings_schema.hpp"
