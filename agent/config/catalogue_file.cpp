// SPDX-License-Identifier: Apache-2.0
#include "agent/config/catalogue_file.hpp"

#include <fmt/core.h>

#include "agent/config/text_checks.hpp"

namespace cxedge::config {
namespace {

struct Entry {
    std::string name;
    std::string kind;
    std::string unit;
    std::string definition;
};

std::string check_definition(const std::string& text) {
    return text.size() < 10 ? "needs a sentence that says what is measured" : "";
}

Schema<Entry> entry_schema() {
    Schema<Entry> s;
    s.text("name", &Entry::name, "Dotted name of the metric").required().check(check_metric);
    s.text("kind", &Entry::kind, "What kind of number it is")
        .required()
        .one_of({"gauge", "counter", "delta", "histogram", "state"});
    s.text("unit", &Entry::unit, "UCUM unit; \"1\" for a state").required().check(check_unit);
    s.text("definition", &Entry::definition, "One sentence: what is measured")
        .required()
        .check(check_definition);
    return s;
}

struct Nothing {};

Schema<Nothing> file_schema() {
    Schema<Nothing> s;
    s.ignore("metric");
    return s;
}

std::string entry_path(const SettingsNode& node, std::size_t index) {
    const SettingsNode* name = node.find("name");
    const auto* text = name == nullptr ? nullptr : std::get_if<std::string>(&name->value);
    return text == nullptr || text->empty() ? fmt::format("metric[{}]", index) : "metric." + *text;
}

void add_entry(
    const SettingsNode& node, Entry entry, Catalogue& catalogue, SettingsProblems& problems
) {
    CatalogueEntry out;
    if (entry.name.empty() || !parse_kind(entry.kind, out.kind)) {
        return;  // already a problem
    }
    out.metric = entry.name;
    out.unit = std::move(entry.unit);
    out.definition = std::move(entry.definition);
    if (!catalogue.emplace(entry.name, std::move(out)).second) {
        problems.add(node.position, "metric." + entry.name, "is defined twice");
    }
}

}  // namespace

void read_catalogue(
    const SettingsNode& document, Catalogue& catalogue, SettingsProblems& problems
) {
    file_schema().read(document, problems);
    const SettingsNode* metrics = document.find("metric");
    if (metrics == nullptr) {
        return;
    }
    if (metrics->list() == nullptr) {
        problems.add(metrics->position, "metric", "is not a list of tables: write [[metric]]");
        return;
    }
    static const Schema<Entry> kSchema = entry_schema();
    std::size_t index = 0;
    for (const SettingsNode& node : *metrics->list()) {
        Entry entry = kSchema.read(node, problems, entry_path(node, index++));
        add_entry(node, std::move(entry), catalogue, problems);
    }
}

}  // namespace cxedge::config
