// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/formats/imbuildings.hpp"

#include <utility>

#include "plugins/_devices/formats/build.hpp"
#include "plugins/_devices/formats/lorawan.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

// Channel A is in, B is out; empty: neither.
const char* imb_metric(std::string_view channel) {
    const std::string letter = lower(channel);
    if (letter == "a") {
        return "store.footfall.in";
    }
    return letter == "b" ? "store.footfall.out" : "";
}

void set_imb_device(const Node& root, ReportBuilder& out) {
    for (const char* name : {"device_id", "device", "id", "deviceName"}) {
        if (out.device.empty()) {
            out.device = root[name].text();
        }
    }
    out.state().up = true;
}

When imb_when(const Node& root, ReportBuilder& out) {
    When when;
    for (const char* name : {"received_at", "timestamp", "time"}) {
        if (!when.time && root[name] && !root[name].is_empty()) {
            when.time = out.time_of(root, name);
        }
    }
    return when;
}

// {"count_since_reset": [{"context_id": "A", "value": 459}, ...]}: sums; the counts since the last
// message are in them. Without sums those are what there is.
void read_contexts(const Node& root, const When& when, ReportBuilder& out) {
    const bool sums = static_cast<bool>(root["count_since_reset"]);
    const char* const name = sums ? "count_since_reset" : "count_since_transmit";
    if (root.all(name).empty()) {
        out.bad(root, name, kIsEmpty);
    }
    for (const Node& context : root.all(name)) {
        const char* const metric = imb_metric(context["context_id"].text());
        if (*metric == '\0') {
            out.bad(context, "context_id", "is no channel with a direction");
            continue;
        }
        const Kind kind = sums ? Kind::counter : Kind::delta;
        out.add_count(context, "value", series_info(metric, kind), when);
    }
}

constexpr std::uint8_t kImbBits = 16;

SeriesInfo imb_sum(const char* metric) {
    SeriesInfo info = series_info(metric, Kind::counter);
    info.counter_bits = kImbBits;
    return info;
}

// What the vendor's parser makes of a payload.
void read_parsed(const Node& root, When when, ReportBuilder& out) {
    if (root["total_counter_a"] || root["total_counter_b"]) {
        out.add_count(root, "total_counter_a", imb_sum(imb_metric("a")), when);
        out.add_count(root, "total_counter_b", imb_sum(imb_metric("b")), when);
        return;
    }
    const std::string number = root["payload_counter"].text();
    if (when.id.empty() && !number.empty() && when.time) {
        when.id = number + "@" + std::to_string(when.time->ms);
    }
    out.add_count(root, "counter_a", series_info(imb_metric("a"), Kind::delta), when);
    out.add_count(root, "counter_b", series_info(imb_metric("b"), Kind::delta), when);
}

bool is_imb_content(const Node& node) {
    for (const char* name :
         {"counter_a", "total_counter_a", "count_since_reset", "count_since_transmit"}) {
        if (node[name]) {
            return true;
        }
    }
    return false;
}

void read_imb_content(const Node& content, const When& when, ReportBuilder& out) {
    if (content["count_since_reset"] || content["count_since_transmit"]) {
        read_contexts(content, when, out);
    } else {
        read_parsed(content, when, out);
    }
}

// Where a network server has put what it decoded; nothing: it did not, or there is no server.
Node decoded_by_server(const Node& root) {
    for (const char* name : {"decoded_payload", "object"}) {
        if (Node inner = root.find(name); is_imb_content(inner)) {
            return inner;
        }
    }
    return {};
}

// What a server decoded says neither whose it is nor of when: that stands around it.
bool read_imb_json(const Node& root, ReportBuilder& out) {
    if (const Node decoded = decoded_by_server(root)) {
        const LoraUplink uplink = describe_uplink(root);
        out.device = uplink.device;
        set_imb_device(decoded, out);
        read_imb_content(decoded, {uplink.time, {}, uplink.id}, out);
        return true;
    }
    if (!is_imb_content(root)) {
        return false;
    }
    set_imb_device(root, out);
    read_imb_content(root, imb_when(root, out), out);
    return true;
}

// Payload type 2 (people counter), variant 6: big-endian, with a head of type, variant and device
// number, or, on port 26, without.
constexpr std::size_t kImbHead = 10;
constexpr std::size_t kImbBody = 13;
constexpr std::int64_t kImbPort = 26;

bool looks_like_imb(std::string_view bytes) {
    return (bytes.size() == kImbHead + kImbBody && bytes[0] == 2 && bytes[1] == 6) ||
           bytes.size() == kImbBody;
}

std::string hex_text(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 0xFU];
    }
    return out;
}

Result<Report> parse_imb_payload(std::string_view body) {
    Result<LoraUplink> uplink = read_lora_uplink(body, looks_like_imb);
    if (!uplink || !looks_like_imb(uplink->bytes)) {
        return invalid_argument("is no message of an IMBuildings people counter");
    }
    const std::string_view bytes = uplink->bytes;
    const std::size_t head = bytes.size() == kImbBody ? 0 : kImbHead;
    if (head == 0 && uplink->port != kImbPort) {
        return invalid_argument("is no message of an IMBuildings people counter");
    }
    ReportBuilder out;
    out.device = uplink->device;
    if (out.device.empty() && head != 0) {
        out.device = hex_text(bytes.substr(2, 8));
    }
    out.state().up = true;
    constexpr std::size_t kTotalA = 8;
    constexpr std::size_t kTotalB = 10;
    const When when{uplink->time, {}, {}};
    out.add(imb_sum(imb_metric("a")), big_endian(bytes, head + kTotalA, 2), when);
    out.add(imb_sum(imb_metric("b")), big_endian(bytes, head + kTotalB, 2), when);
    return std::move(out.report);
}

}  // namespace

Result<Report> parse_imbuildings(const Message& message) {
    const Result<NodeMessage> parsed = NodeMessage::parse(message.body);
    if (parsed && !parsed->is_xml()) {
        ReportBuilder out;
        if (read_imb_json(parsed->root(), out)) {
            parsed->note_private_fields(out.report);
            return std::move(out.report);
        }
    }
    return parse_imb_payload(message.body);
}

}  // namespace cxedge::devices
