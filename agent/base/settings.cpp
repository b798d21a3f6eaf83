// SPDX-License-Identifier: Apache-2.0
#include "agent/base/settings.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include <fmt/core.h>

#include "agent/base/printable.hpp"

namespace cxedge {

std::string to_string(const SettingsPosition& position) {
    if (position.file == nullptr) {
        return position.layer.empty() ? "built-in" : position.layer;
    }
    if (position.line == 0) {
        return *position.file;
    }
    return fmt::format("{}:{}:{}", *position.file, position.line, position.column);
}

const SettingsNode* SettingsNode::find(std::string_view key) const {
    const Table* members = table();
    if (members == nullptr) {
        return nullptr;
    }
    const auto it = std::find_if(members->begin(), members->end(), [&](const auto& member) {
        return member.key == key;
    });
    return it == members->end() ? nullptr : &it->node;
}

SettingsNode* SettingsNode::find(std::string_view key) {
    return const_cast<SettingsNode*>(std::as_const(*this).find(key)
    );  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

std::string_view SettingsNode::type_name() const {
    constexpr std::array<std::string_view, 6> kNames{
        "a table", "a list", "true or false", "an integer", "a number", "a text"};
    return kNames.at(value.index());
}

void SettingsProblems::add(
    const SettingsPosition& where, std::string_view key, std::string_view what
) {
    const std::string text = key.empty() ? fmt::format("{}: {}", to_string(where), what)
                                         : fmt::format("{}: {}: {}", to_string(where), key, what);
    problems_.push_back({where, printable(text)});
}

std::vector<std::string> SettingsProblems::lines() const {
    std::vector<Problem> sorted = problems_;
    std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
        const auto place = [](const SettingsPosition& where) {
            const std::string_view file = where.file == nullptr ? std::string_view() : *where.file;
            return std::tuple(file, where.line, where.column);
        };
        return place(a.where) < place(b.where);
    });
    std::vector<std::string> out;
    out.reserve(sorted.size());
    for (Problem& problem : sorted) {
        out.push_back(std::move(problem.text));
    }
    return out;
}

Error SettingsProblems::error() const {
    std::string all;
    for (const std::string& line : lines()) {
        all += all.empty() ? line : "\n" + line;
    }
    return invalid_argument(std::move(all));
}

namespace {

// Levenshtein distance; names are short, so the quadratic table is fine.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
            diagonal = row[j];
            row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (is_control(c)) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string number_text(double value) {
    std::string text = fmt::format("{}", value);
    const bool plain = text.find_first_not_of("-0123456789") == std::string::npos;
    return plain ? text + ".0" : text;  // TOML tells floats by their point
}

std::string key_text(const std::string& key) {
    const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    });
    return bare ? key : quoted(key);
}

}  // namespace

std::string nearest_name(std::string_view key, const std::vector<std::string>& known) {
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(2, key.size() / 3) + 1;
    for (const std::string& name : known) {
        const std::size_t distance = edit_distance(key, name);
        if (distance < best_distance && distance < name.size()) {
            best = name;
            best_distance = distance;
        }
    }
    return best;
}

std::string to_toml_value(const SettingsNode& node) {
    struct Writer {
        std::string operator()(const SettingsNode::Table& table) const {
            std::string out;
            for (const auto& [key, member] : table) {
                out += fmt::format(
                    "{}{} = {}", out.empty() ? "" : ", ", key_text(key), to_toml_value(member)
                );
            }
            return "{" + out + "}";
        }
        std::string operator()(const SettingsNode::List& list) const {
            std::string out;
            for (const SettingsNode& item : list) {
                out += (out.empty() ? "" : ", ") + to_toml_value(item);
            }
            return "[" + out + "]";
        }
        std::string operator()(bool value) const { return value ? "true" : "false"; }
        std::string operator()(std::int64_t value) const { return std::to_string(value); }
        std::string operator()(double value) const { return number_text(value); }
        std::string operator()(const std::string& value) const { return quoted(value); }
    };
    return std::visit(Writer{}, node.value);
}

}  // namespace cxedge
