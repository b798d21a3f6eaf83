// SPDX-License-Identifier: Apache-2.0
// Settings back to text: as TOML, and as one line a leaf for people.
#include <algorithm>

#include <fmt/core.h>

#include "agent/config/load.hpp"
#include "agent/config/source_name.hpp"

namespace cxedge::config {
namespace {

using Table = SettingsNode::Table;
using List = SettingsNode::List;

// A key as TOML wants it; borrowed from the writer of inline tables: {key = 0}.
std::string key_text(const std::string& key) {
    SettingsNode zero;
    zero.value = std::int64_t{0};
    SettingsNode table;
    table.value = Table{{key, std::move(zero)}};
    const std::string text = to_toml_value(table);
    return text.substr(1, text.size() - std::string_view("{ = 0}").size());
}

std::string joined(const std::string& path, const std::string& key) {
    return path.empty() ? key_text(key) : path + "." + key_text(key);
}

// A list that is written as [[path]] blocks.
bool is_block_list(const SettingsNode& node) {
    const List* list = node.list();
    return list != nullptr && !list->empty() &&
           std::all_of(list->begin(), list->end(), [](const SettingsNode& item) {
               return item.table() != nullptr;
           });
}

bool is_block(const SettingsNode& node) {
    return node.table() != nullptr || is_block_list(node);
}

class TomlWriter {
public:
    // Values come before the blocks: after a [header] they would belong to it.
    void table(const Table& table, const std::string& path) {
        for (const auto& [key, node] : table) {
            if (!is_block(node)) {
                out_ += key_text(key) + " = " + to_toml_value(node) + "\n";
            }
        }
        for (const auto& [key, node] : table) {
            if (is_block(node)) {
                block(node, joined(path, key));
            }
        }
    }

    std::string take() { return std::move(out_); }

private:
    void block(const SettingsNode& node, const std::string& path) {
        if (const Table* inner = node.table()) {
            header("[" + path + "]");
            table(*inner, path);
            return;
        }
        for (const SettingsNode& item : *node.list()) {
            header("[[" + path + "]]");
            table(*item.table(), path);
        }
    }

    void header(const std::string& text) { out_ += (out_.empty() ? "" : "\n") + text + "\n"; }

    std::string out_;
};

std::string origin_text(const SettingsPosition& position) {
    if (position.file == nullptr) {
        return to_string(position);
    }
    return fmt::format("{} ({})", to_string(position), position.layer);
}

class LeafWriter {
public:
    explicit LeafWriter(bool with_origin) : with_origin_(with_origin) {}

    void node(const SettingsNode& node, const std::string& path) {
        const Table* table = node.table();
        if (table != nullptr && (!table->empty() || path.empty())) {
            for (const auto& [key, member] : *table) {
                this->node(member, joined(path, key));
            }
        } else if (is_block_list(node)) {
            blocks(*node.list(), path);
        } else {
            line(node, path);
        }
    }

    std::string take() { return std::move(out_); }

private:
    // Sources go by their name, other blocks by their number.
    void blocks(const List& list, const std::string& path) {
        for (std::size_t i = 0; i < list.size(); ++i) {
            const std::string name = path == "source" ? source_name(list[i]) : "";
            node(list[i], name.empty() ? fmt::format("{}[{}]", path, i) : joined(path, name));
        }
    }

    void line(const SettingsNode& node, const std::string& path) {
        out_ += path + " = " + to_toml_value(node);
        if (with_origin_) {
            out_ += "   # " + origin_text(node.position);
        }
        out_ += "\n";
    }

    bool with_origin_;
    std::string out_;
};

}  // namespace

std::string to_toml(const SettingsNode& node) {
    TomlWriter writer;
    if (const Table* table = node.table()) {
        writer.table(*table, "");
    }
    return writer.take();
}

std::string show(const SettingsNode& merged, bool with_origin) {
    LeafWriter writer(with_origin);
    writer.node(merged, "");
    return writer.take();
}

}  // namespace cxedge::config
