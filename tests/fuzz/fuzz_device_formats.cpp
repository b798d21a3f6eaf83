// SPDX-License-Identifier: Apache-2.0
// What devices send: the first byte chooses a format, or a mapping of each language; the rest is
// the message. Any bytes give a report that the agent can take, or an error.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/_devices/payload.hpp"
#include "plugins/_devices/privacy.hpp"

namespace {

using namespace cxedge;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

SettingsNode text_node(const std::string& text) {
    SettingsNode node;
    node.value = text;
    return node;
}

// Values of all kinds; settings as a file would give them.
std::unique_ptr<devices::PayloadReader> mapping(
    const std::string& format, const std::string& prefix, const std::string& each
) {
    devices::PayloadSettings settings;
    settings.format = format;
    settings.each = each;
    settings.device_at = prefix + "d";
    settings.time_at = prefix + "t";
    settings.from_at = prefix + "f";
    settings.id_at = prefix + "i";
    devices::ValueRule rule;
    rule.at = prefix + "v";
    rule.metric = "x.y";
    rule.kind = "delta";
    rule.dims_at = {{"zone", prefix + "z"}};
    settings.values.push_back(rule);
    rule.at = format == "json" ? "/*/*" : (format == "xml" ? "//*" : "1");
    rule.dims_at.clear();
    rule.kind = "state";
    rule.states = {"0", "on"};
    settings.values.push_back(rule);
    SettingsNode node;
    node.value = SettingsNode::Table{{"format", text_node(format)}};
    if (!each.empty()) {
        std::get<SettingsNode::Table>(node.value).emplace_back("each", text_node(each));
    }
    SettingsProblems problems;
    auto reader = devices::PayloadReader::make(settings, node, problems);
    require(reader != nullptr);
    return reader;
}

void check_reading(const devices::Reading& reading) {
    SeriesInfo info = reading.info;
    require(normalise(info).ok());
    require(std::isfinite(reading.value));
    for (const Dimension& dim : info.key.dims) {
        require(devices::personal_kind(dim.key).empty());
    }
    if (info.kind == Kind::state) {
        require(reading.value >= 0 && reading.value < static_cast<double>(info.states.size()));
    }
    if (reading.from) {
        require(reading.time.has_value());
        const bool comparable = reading.from->local == reading.time->local;
        require(!comparable || reading.from->ms < reading.time->ms);
    }
}

void check(const Result<devices::Report>& report) {
    if (!report) {
        require(
            report.error().code == ErrorCode::invalid_argument && !report.error().message.empty()
        );
        return;
    }
    for (const devices::Reading& reading : report->readings) {
        check_reading(reading);
    }
    for (const devices::BadElement& bad : report->bad_elements) {
        require(!bad.where.empty() && !bad.what.empty());
    }
    for (const auto& [kind, dropped] : report->private_fields) {
        require(!kind.empty() && dropped > 0);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
    const auto& formats = devices::formats();
    const std::size_t choice = data[0] % (formats.size() + 4);
    if (choice < formats.size()) {
        check(formats[choice].parse({body, {}, {}}));
        return 0;
    }
    std::unique_ptr<devices::PayloadReader> reader;
    switch (choice - formats.size()) {
        case 0:
            reader = mapping("json", "/", "/a");
            break;
        case 1:
            reader = mapping("json", "/", "");
            break;
        case 2:
            reader = mapping("xml", "", "//a");
            break;
        default:
            reader = mapping("csv", "", "");
            break;
    }
    check(reader->read({body, {}, "file"}));
    // The second line of a file, after what the first taught.
    check(reader->read({body, {}, "file"}));
    return 0;
}
