// SPDX-License-Identifier: Apache-2.0
// What the three languages have in common: rules, checked at init, and how they become readings.
#include "plugins/_devices/mapping.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/core.h>

#include "agent/base/local_time.hpp"

#include "plugins/_devices/device_time.hpp"
#include "plugins/_devices/formats/build.hpp"
#include "plugins/_devices/privacy.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

// A reading for each of so many leaves of a message; more is a mapping gone wrong.
constexpr std::size_t kMostReadings = 10'000;

using Place = std::optional<std::size_t>;

struct CompiledRule {
    SeriesInfo info;
    double factor = 1;
    std::size_t at = 0;
    std::vector<std::pair<std::string, std::size_t>> dims_at;
};

struct CompiledMapping {
    Place device;
    Place time;
    Place from;
    Place id;
    std::int64_t interval_ms = 0;  // from and time are so far apart
    bool time_is_start = false;
    std::vector<CompiledRule> rules;
};

// ---- Reading

const char* emptiness(const Leaf& leaf) {
    return leaf.there ? kIsEmpty : kIsMissing;
}

void complain(const Leaf& leaf, const char* what, ReportBuilder& out) {
    if (leaf.find_where) {
        out.bad(leaf.find_where, what);
    } else {
        out.bad(leaf.where, what);
    }
}

std::optional<DeviceTime> leaf_time(const Leaf& leaf, ReportBuilder& out) {
    if (leaf.text.empty()) {
        complain(leaf, emptiness(leaf), out);
        return std::nullopt;
    }
    const auto time = leaf.number ? epoch_time(*leaf.number) : std::nullopt;
    // "20261122091400" is a number, too.
    const auto written = parse_time(leaf.text);
    if (!time && !written) {
        complain(leaf, kIsNoTime, out);
    }
    return written ? written : time;
}

class ItemReader {
public:
    ItemReader(
        const CompiledMapping& mapping,
        const MappedMessage& message,
        std::size_t item,
        ReportBuilder& out
    )
        : mapping_(mapping), message_(message), item_(item), out_(out) {}

    void read() {
        out_.device = mapping_.device ? named(*mapping_.device) : std::string();
        read_when();
        for (const CompiledRule& rule : mapping_.rules) {
            read_values(rule);
        }
    }

private:
    // A text that should be there; empty if it is not.
    std::string named(std::size_t place) {
        const Leaf leaf = message_.find(item_, place).front();
        if (leaf.text.empty()) {
            complain(leaf, emptiness(leaf), out_);
        }
        return leaf.text;
    }

    void read_when() {
        if (mapping_.time) {
            when_.time = leaf_time(message_.find(item_, *mapping_.time).front(), out_);
        }
        if (when_.time && mapping_.interval_ms != 0) {
            const std::int64_t told = when_.time->ms;
            const std::int64_t from = mapping_.time_is_start ? told : told - mapping_.interval_ms;
            when_.from = DeviceTime{from, when_.time->local};
            when_.time->ms = from + mapping_.interval_ms;
        }
        if (mapping_.from) {
            const Leaf leaf = message_.find(item_, *mapping_.from).front();
            when_.from = leaf_time(leaf, out_);
            if (when_.from && when_.time && !is_interval(*when_.from, *when_.time)) {
                complain(leaf, kIsNoInterval, out_);
                when_.from.reset();
            }
        }
        if (mapping_.id) {
            when_.id = named(*mapping_.id);
        }
    }

    void read_values(const CompiledRule& rule) {
        for (const Leaf& leaf : message_.find(item_, rule.at)) {
            if (!leaf.personal && out_.report.readings.size() < kMostReadings) {
                read_value(rule, leaf);
            }
        }
    }

    void read_value(const CompiledRule& rule, const Leaf& leaf) {
        if (leaf.text.empty()) {
            complain(leaf, emptiness(leaf), out_);
            return;
        }
        const std::optional<double> value = value_of(rule, leaf);
        if (!value) {
            const bool state = rule.info.kind == Kind::state;
            complain(leaf, state ? "is none of the states" : kIsNoNumber, out_);
            return;
        }
        SeriesInfo info = rule.info;
        if (add_dims(rule, leaf, info)) {
            When when = when_;
            const bool level = info.kind == Kind::counter || info.kind == Kind::state;
            when.from = level ? std::nullopt : when.from;
            out_.add(std::move(info), *value, when);
        }
    }

    [[nodiscard]] static std::optional<double> value_of(
        const CompiledRule& rule, const Leaf& leaf
    ) {
        if (rule.info.kind != Kind::state) {
            const double product = leaf.number.value_or(0) * rule.factor;
            return leaf.number && std::isfinite(product) ? std::optional(product) : std::nullopt;
        }
        const auto& states = rule.info.states;
        const auto found = std::find_if(states.begin(), states.end(), [&](const std::string& each) {
            return each == leaf.text || (leaf.number && parse_number(each) == leaf.number);
        });
        return found == states.end() ? std::nullopt
                                     : std::optional(static_cast<double>(found - states.begin()));
    }

    // False: one has no value, and without it the number would count for something else.
    bool add_dims(const CompiledRule& rule, const Leaf& leaf, SeriesInfo& info) {
        for (const auto& [key, place] : rule.dims_at) {
            const Leaf dim = message_.beside(item_, place, leaf);
            const std::string value = dim.personal ? std::string() : as_name(dim.text);
            if (value.empty()) {
                complain(dim, dim.personal ? "is about a person" : emptiness(dim), out_);
                return false;
            }
            info.key.dims.push_back({key, value});
        }
        return true;
    }

    const CompiledMapping& mapping_;
    const MappedMessage& message_;
    std::size_t item_;
    ReportBuilder& out_;
    When when_;
};

class MappingReader final : public PayloadReader {
public:
    MappingReader(CompiledMapping mapping, std::unique_ptr<PlaceLanguage> language)
        : mapping_(std::move(mapping)), language_(std::move(language)) {}

    Result<Report> read(const Message& message) override {
        ReportBuilder out;
        const auto mapped = language_->read(message, out.report);
        if (!mapped) {
            return mapped.error();
        }
        for (std::size_t item = 0; item < (*mapped)->items(); ++item) {
            ItemReader(mapping_, **mapped, item, out).read();
        }
        (*mapped)->note_private_fields(out.report);
        return std::move(out.report);
    }

private:
    CompiledMapping mapping_;
    std::unique_ptr<PlaceLanguage> language_;
};

// ---- Settings

class MappingCompiler {
public:
    MappingCompiler(PlaceLanguage& language, const SettingsNode& node, SettingsProblems& problems)
        : language_(language), node_(node), problems_(problems) {}

    CompiledMapping compile(const PayloadSettings& settings) {
        CompiledMapping out;
        if (!settings.each.empty() && node_.find("each") != nullptr) {
            if (const Status set = language_.set_each(settings.each); !set) {
                problems_.add(position_of(node_, "each"), "each", set.error().message);
            }
        }
        out.device = optional_place("device_at", settings.device_at);
        out.time = optional_place("time_at", settings.time_at);
        out.from = optional_place("from_at", settings.from_at);
        out.id = optional_place("id_at", settings.id_at);
        check_interval(settings);
        out.interval_ms = settings.interval_length.count();
        out.time_is_start = settings.time_is == "start";
        const SettingsNode* const list = node_.find("value");
        for (std::size_t i = 0; i < settings.values.size(); ++i) {
            const bool written =
                list != nullptr && list->list() != nullptr && i < list->list()->size();
            const SettingsNode& node = written ? (*list->list())[i] : node_;
            out.rules.push_back(compile_rule(settings.values[i], node, fmt::format("value[{}].", i))
            );
        }
        return out;
    }

private:
    void check_interval(const PayloadSettings& settings) {
        const bool fixed = settings.interval_length.count() != 0;
        const auto refuse = [&](const char* key, bool wrong, const char* what) {
            if (wrong) {
                problems_.add(position_of(node_, key), key, what);
            }
        };
        const bool timeless = settings.time_at.empty();
        refuse("from_at", !settings.from_at.empty() && timeless, "needs time_at, its end");
        refuse("length_s", fixed && timeless, "needs time_at, its end or start");
        refuse("length_s", fixed && !settings.from_at.empty(), "and from_at say the same twice");
        refuse("time_is", settings.time_is == "start" && !fixed, "\"start\" needs length_s");
    }

    Place optional_place(const std::string& key, const std::string& place) {
        return place.empty() ? Place() : add_place(node_, key, key, place);
    }

    Place add_place(
        const SettingsNode& node,
        std::string_view key,
        const std::string& path,
        const std::string& place
    ) {
        const Result<std::size_t> added = language_.add(place);
        const std::string_view kind = added ? language_.personal(place) : std::string_view();
        if (!added) {
            problems_.add(position_of(node, key), path, added.error().message);
        } else if (!kind.empty() && !(key == "device_at" && kind == "mac")) {
            // A device may call itself by its hardware address: the intake masks it.
            const auto what =
                fmt::format("is about persons ({}): such fields never leave the box", kind);
            problems_.add(position_of(node, key), path, what);
        }
        return added ? Place(*added) : Place();
    }

    CompiledRule compile_rule(
        const ValueRule& rule, const SettingsNode& node, const std::string& path
    ) {
        CompiledRule out;
        out.factor = rule.factor;
        out.at = add_place(node, "at", path + "at", rule.at).value_or(0);
        out.info = info_of(rule);
        for (const auto& [key, place] : rule.dims_at) {
            out.dims_at.emplace_back(key, dim_place(node, path, key, place));
        }
        check_kind(rule, node, path);
        check_names(rule, out.info, node, path);
        return out;
    }

    std::size_t dim_place(
        const SettingsNode& node,
        const std::string& path,
        const std::string& key,
        const std::string& place
    ) {
        const SettingsNode* const dims = node.find("dims_at");
        const std::string full = path + "dims_at." + key;
        return add_place(dims == nullptr ? node : *dims, key, full, place).value_or(0);
    }

    static SeriesInfo info_of(const ValueRule& rule) {
        SeriesInfo info;
        info.key.metric = rule.metric;
        static_cast<void>(parse_kind(rule.kind, info.kind));
        info.unit = rule.unit;
        info.states = rule.states;
        info.counter_bits = static_cast<std::uint8_t>(rule.counter_bits & 0x7F);
        if (const auto minutes = parse_time_of_day(rule.resets_at)) {
            info.resets_at = *minutes;
        }
        for (const auto& [key, value] : rule.dims) {
            info.key.dims.push_back({key, value});
        }
        return info;
    }

    void check_kind(const ValueRule& rule, const SettingsNode& node, const std::string& path) {
        const auto refuse = [&](const char* key, bool wrong, const std::string& what) {
            if (wrong) {
                problems_.add(position_of(node, key), path + key, what);
            }
        };
        const std::int64_t bits = rule.counter_bits;
        const bool counter = rule.kind == "counter";
        const bool state = rule.kind == "state";
        const auto only = [&](const char* kind) {
            return fmt::format("has no effect with kind \"{}\", only with \"{}\"", rule.kind, kind);
        };
        refuse(
            "counter_bits",
            bits != 0 && bits != 16 && bits != 32 && bits != 64,
            "must be 0, 16, 32 or 64"
        );
        refuse("counter_bits", bits != 0 && !counter, only("counter"));
        refuse("resets_at", !rule.resets_at.empty() && !counter, only("counter"));
        refuse("states", !rule.states.empty() && !state, only("state"));
        refuse("states", state && rule.states.size() < 2, "a state needs at least two texts");
        refuse(
            "factor", state && node.find("factor") != nullptr, "has no effect with kind \"state\""
        );
        refuse(
            "factor", !state && (rule.factor == 0 || !std::isfinite(rule.factor)), "must not be 0"
        );
        refuse("unit", state && !rule.unit.empty() && rule.unit != "1", "a state has no unit");
    }

    void check_names(
        const ValueRule& rule, SeriesInfo info, const SettingsNode& node, const std::string& path
    ) {
        for (const auto& [key, place] : rule.dims_at) {
            info.key.dims.push_back({key, "x"});
        }
        for (const Dimension& dim : info.key.dims) {
            if (!personal_kind(dim.key).empty()) {
                const auto what = fmt::format("dimension \"{}\" is about persons", dim.key);
                problems_.add(position_of(node, "dims"), path + "dims", what);
            }
        }
        info.states = info.kind == Kind::state ? std::vector<std::string>{"a", "b"}
                                               : std::vector<std::string>();
        if (const Status normal = normalise(info); !normal && !rule.metric.empty()) {
            problems_.add(position_of(node, "metric"), path + "metric", normal.error().message);
        }
    }

    PlaceLanguage& language_;
    const SettingsNode& node_;
    SettingsProblems& problems_;
};

}  // namespace

std::unique_ptr<PayloadReader> make_mapping(
    const PayloadSettings& settings,
    const SettingsNode& node,
    std::unique_ptr<PlaceLanguage> language,
    SettingsProblems& problems
) {
    CompiledMapping mapping = MappingCompiler(*language, node, problems).compile(settings);
    return std::make_unique<MappingReader>(std::move(mapping), std::move(language));
}

}  // namespace cxedge::devices
