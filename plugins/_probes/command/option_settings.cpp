// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/command/option_settings.hpp"

#include <algorithm>
#include <charconv>

namespace cxedge::probes {
namespace {

SettingsNode node_of(decltype(SettingsNode::value) value) {
    SettingsNode node;
    node.value = std::move(value);
    return node;
}

template <class T>
bool is_number(const std::string& word, T& out) {
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
    return error == std::errc() && end == word.data() + word.size() && !word.empty();
}

SettingsNode scalar(const std::string& word, const std::string& type) {
    std::int64_t integer = 0;
    double number = 0;
    const bool numeric = type == "integer" || type == "number" || type == "seconds" ||
                         type == "milliseconds" || type == "list of numbers";
    if (type == "true or false" && (word == "true" || word == "false")) {
        return node_of(word == "true");
    }
    if (numeric && is_number(word, integer)) {
        return node_of(integer);
    }
    if (numeric && is_number(word, number)) {
        return node_of(number);
    }
    return node_of(word);
}

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> out;
    std::size_t begin = 0;
    while (true) {
        const std::size_t comma = text.find(',', begin);
        out.push_back(text.substr(begin, comma - begin));
        if (comma == std::string::npos) {
            return out;
        }
        begin = comma + 1;
    }
}

// A list may be written as several words or with commas.
SettingsNode list(const std::vector<std::string>& words, const std::string& type) {
    SettingsNode::List items;
    for (const std::string& word : words) {
        for (const std::string& part : split(word)) {
            items.push_back(scalar(part, type));
        }
    }
    return node_of(std::move(items));
}

// key=value words.
SettingsNode table(const std::vector<std::string>& words) {
    SettingsNode::Table members;
    for (const std::string& word : words) {
        const std::size_t equals = std::min(word.find('='), word.size());
        const std::string value = equals < word.size() ? word.substr(equals + 1) : std::string();
        members.emplace_back(word.substr(0, equals), node_of(value));
    }
    return node_of(std::move(members));
}

SettingsNode value_of(const Option& option, const std::string& type) {
    if (option.words.empty()) {
        return node_of(true);
    }
    if (type == "table of texts") {
        return table(option.words);
    }
    if (type.find("list of") != std::string::npos) {
        return list(option.words, type);
    }
    return scalar(option.words.back(), type);
}

std::string type_of(const std::string& key, const std::vector<SettingHelp>& help) {
    const auto found = std::find_if(help.begin(), help.end(), [&](const SettingHelp& each) {
        return each.key == key;
    });
    return found != help.end() ? found->type : "text";
}

}  // namespace

Result<std::vector<Option>> parse_options(const std::vector<std::string>& words) {
    std::vector<Option> out;
    for (const std::string& word : words) {
        if (word.starts_with("--") && word.size() > 2) {
            const std::size_t equals = word.find('=');
            Option option{word.substr(2, equals - 2), {}};
            std::replace(option.key.begin(), option.key.end(), '-', '_');
            if (equals != std::string::npos) {
                option.words.push_back(word.substr(equals + 1));
            }
            out.push_back(std::move(option));
        } else if (out.empty()) {
            return invalid_argument(
                "\"" + word + "\" is one word too many: TYPE TARGET --KEY VALUE"
            );
        } else {
            out.back().words.push_back(word);
        }
    }
    return out;
}

SettingsNode settings_from(
    const std::vector<Option>& options, const std::vector<SettingHelp>& help, std::string target
) {
    SettingsNode::Table members;
    members.emplace_back("targets", node_of(SettingsNode::List{node_of(std::move(target))}));
    for (const Option& option : options) {
        members.emplace_back(option.key, value_of(option, type_of(option.key, help)));
    }
    return node_of(std::move(members));
}

}  // namespace cxedge::probes
