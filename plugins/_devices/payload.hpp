// SPDX-License-Identifier: Apache-2.0
// What a message means, from the configuration: a format by name (formats.hpp), or a mapping of a
// JSON, XML or CSV message that needs no code. Shared by every plugin that gets messages.
// Pure after make(). Thread: any.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/_devices/formats.hpp"
#include "plugins/_devices/intake.hpp"

namespace cxedge::devices {

// One number of a mapped message: `[[source.value]]`. `at` and its like are places: a JSON pointer
// (RFC 6901: "/sensors/0/in"; "/sensors/*/in": each member of a list), an XPath 1.0 ("//count",
// "@in") or a CSV column (its header's name, or "1" for the first).
struct ValueRule {
    std::string at;
    std::string metric;
    std::string kind = "gauge";  // gauge, counter, delta, histogram, state
    std::string unit;            // empty: the catalogue's
    double factor = 1;           // the value is multiplied by it
    std::int64_t counter_bits = 0;
    std::string resets_at;            // counter: "00:00", when the device begins anew every day
    std::vector<std::string> states;  // state: texts; what the device says, in this order
    std::vector<std::pair<std::string, std::string>> dims;     // fixed
    std::vector<std::pair<std::string, std::string>> dims_at;  // dimension = place
};

// Settings of what a message means; a plugin's settings derive from it.
struct PayloadSettings : IntakeSettings {
    std::string format = "json";  // a name of formats(), or json, xml, csv with values
    std::string each;       // place of a list (nodes) whose items are read one by one, other places
                            // then begin there; empty: the message is one item. CSV: every row
    std::string device_at;  // place of the device's name
    std::string time_at;    // of the reading's time; empty: that of receipt
    std::string from_at;    // of the beginning of an interval that ends at time_at
    // Or all intervals are so long, and time_at is their end or their start.
    std::chrono::milliseconds interval_length{0};
    std::string time_is = "end";
    std::string id_at;            // of what is the same when the message comes again
    std::string separator = ",";  // csv
    bool header = true;           // csv: the first line names the columns
    std::vector<ValueRule> values;
};

Schema<ValueRule> value_rule_schema();

// T is PayloadSettings or derives from it. Without the keys of the intake: for a plugin that has
// several kinds of messages and one intake.
template <class T>
void add_message_keys(Schema<T>& schema) {
    schema.text(
        "format", &T::format, "What the device sends: a device's format, or json, xml, csv"
    );
    schema.text("each", &T::each, "Place of a list whose items are read one by one");
    schema.text("device_at", &T::device_at, "Place of the device's name");
    schema.text("time_at", &T::time_at, "Place of the time; empty: that of receipt");
    schema.text("from_at", &T::from_at, "Place of the beginning of the interval");
    schema
        .duration(
            "length_s", &T::interval_length, "Length of every interval, instead of from_at; 0: none"
        )
        .range(0, 604'800);
    schema.text("time_is", &T::time_is, "Whether time_at is the end or the start of the interval")
        .one_of({"end", "start"});
    schema.text("id_at", &T::id_at, "Place of what is the same when a message comes again");
    schema.text("separator", &T::separator, "csv: between columns");
    schema.boolean("header", &T::header, "csv: the first line names the columns");
    // The member of a base is not deduced as one of T.
    constexpr std::vector<ValueRule> T::*kValues = &T::values;
    schema.tables("value", kValues, value_rule_schema(), "A number of the message");
}

// Adds the keys of the intake, too.
template <class T>
void add_payload_keys(Schema<T>& schema) {
    add_intake_keys(schema);
    add_message_keys(schema);
}

class PayloadReader {
public:
    virtual ~PayloadReader() = default;
    // What can be read, as Format::parse. For csv of single lines (file_tail, exec, serial) the
    // first line of each origin is the header.
    virtual Result<Report> read(const Message& message) = 0;

    // Wrong settings are added to `problems` at `node`'s keys: an unknown format (with the nearest
    // name), a place that is none, values without a mapping or a mapping without values, settings
    // that have no effect with this format. Null then.
    static std::unique_ptr<PayloadReader> make(
        const PayloadSettings& settings, const SettingsNode& node, SettingsProblems& problems
    );
};

}  // namespace cxedge::devices
