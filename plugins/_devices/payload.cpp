// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/payload.hpp"

#include <utility>

#include <fmt/core.h>

#include "agent/base/local_time.hpp"

#include "plugins/_devices/mapping.hpp"

namespace cxedge::devices {
namespace {

constexpr const char* kMappings[] = {"csv", "json", "xml"};
// Keys of a mapping, in the order of add_payload_keys().
constexpr const char* kMappingKeys[] = {
    "each",
    "device_at",
    "time_at",
    "from_at",
    "length_s",
    "time_is",
    "id_at",
    "separator",
    "header",
    "value"};

class FormatReader final : public PayloadReader {
public:
    explicit FormatReader(const Format& format) : format_(format) {}
    Result<Report> read(const Message& message) override { return format_.parse(message); }

private:
    const Format& format_;
};

void add_unknown_format(
    const std::string& name, const SettingsNode& node, SettingsProblems& problems
) {
    std::vector<std::string> known(std::begin(kMappings), std::end(kMappings));
    for (const Format& format : formats()) {
        known.emplace_back(format.name);
    }
    const std::string nearest = nearest_name(name, known);
    std::string what = fmt::format("\"{}\" is no format", name);
    if (!nearest.empty()) {
        what += fmt::format("; did you mean \"{}\"?", nearest);
    } else {
        what += "; there are";
        for (const std::string& each : known) {
            what += " " + each;
        }
    }
    problems.add(position_of(node, "format"), "format", what);
}

void refuse_keys(
    const std::vector<std::string>& keys,
    const std::string& format,
    const SettingsNode& node,
    SettingsProblems& problems
) {
    for (const std::string& key : keys) {
        if (node.find(key) != nullptr) {
            const std::string what = fmt::format("has no effect with format \"{}\"", format);
            problems.add(position_of(node, key), key, what);
        }
    }
}

std::unique_ptr<PlaceLanguage> make_language(
    const PayloadSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    if (settings.format != "csv") {
        refuse_keys({"separator", "header"}, settings.format, node, problems);
        return settings.format == "xml" ? make_xml_places() : make_json_places();
    }
    refuse_keys({"each"}, settings.format, node, problems);
    const std::string& separator = settings.separator;
    const bool good =
        separator.size() == 1 && separator != "\"" && separator != "\n" && separator != "\r";
    if (!good) {
        problems.add(position_of(node, "separator"), "separator", "must be one character");
    }
    return make_csv_places(good ? separator[0] : ',', settings.header);
}

std::string check_resets_at(const std::string& text) {
    const auto minutes = parse_time_of_day(text);
    return minutes ? std::string() : "must be a time of day such as \"00:00\"";
}

}  // namespace

SettingsPosition position_of(const SettingsNode& node, std::string_view key) {
    const SettingsNode* const found = node.find(key);
    return found == nullptr ? node.position : found->position;
}

Schema<ValueRule> value_rule_schema() {
    Schema<ValueRule> schema;
    schema.text("at", &ValueRule::at, "Place of the number").required();
    schema.text("metric", &ValueRule::metric, "What it measures, as in the catalogue").required();
    schema.text("kind", &ValueRule::kind, "What kind of number it is")
        .one_of({"gauge", "counter", "delta", "histogram", "state"});
    schema.text("unit", &ValueRule::unit, "UCUM unit; empty: the catalogue's");
    schema.number("factor", &ValueRule::factor, "The number is multiplied by it");
    schema.integer(
        "counter_bits",
        &ValueRule::counter_bits,
        "counter: 16, 32 or 64, where the device begins again from 0; 0: never"
    );
    schema
        .text(
            "resets_at", &ValueRule::resets_at, "counter: \"00:00\", when it begins anew every day"
        )
        .check(check_resets_at);
    schema.texts("states", &ValueRule::states, "state: what the device says, in order");
    schema.text_map("dims", &ValueRule::dims, "Dimensions with a fixed value");
    schema.text_map("dims_at", &ValueRule::dims_at, "Dimension = place of its value");
    return schema;
}

std::unique_ptr<PayloadReader> PayloadReader::make(
    const PayloadSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    const std::string& name = settings.format;
    if (const Format* const format = find_format(name)) {
        const std::size_t before = problems.lines().size();
        const std::vector<std::string> keys(std::begin(kMappingKeys), std::end(kMappingKeys));
        refuse_keys(keys, name, node, problems);
        const bool good = problems.lines().size() == before;
        return good ? std::make_unique<FormatReader>(*format) : nullptr;
    }
    if (name != "json" && name != "xml" && name != "csv") {
        add_unknown_format(name, node, problems);
        return nullptr;
    }
    if (settings.values.empty()) {
        const std::string what =
            fmt::format("is missing: a mapping of {} needs at least one [[source.value]]", name);
        problems.add(position_of(node, "format"), "value", what);
        return nullptr;
    }
    const std::size_t before = problems.lines().size();
    auto language = make_language(settings, node, problems);
    auto mapping = make_mapping(settings, node, std::move(language), problems);
    return problems.lines().size() == before ? std::move(mapping) : nullptr;
}

}  // namespace cxedge::devices
