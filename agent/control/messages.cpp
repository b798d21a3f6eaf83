// SPDX-License-Identifier: Apache-2.0
// The JSON of the answers: one list of fields serves writing and reading, so they cannot disagree.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include "agent/base/ids.hpp"
#include "agent/control/control.hpp"

namespace cxedge::control {
namespace {

using nlohmann::json;
using telemetry::DeviceHealth;
using telemetry::Health;
using telemetry::LaneHealth;
using telemetry::LossHealth;
using telemetry::SinkHealth;
using telemetry::SourceHealth;

// Each kind of list item; `Item` may be const.
template <class Item, class Kind>
concept Is = std::is_same_v<std::remove_const_t<Item>, Kind>;

template <Is<SourceHealth> Source, class Visit>
void item_fields(Source& source, const Visit& visit) {
    visit("name", source.name);
    visit("plugin", source.plugin);
    visit("state", source.state);
    visit("problem", source.problem);
    visit("readings", source.readings);
    visit("restarts", source.restarts);
    visit("pid", source.pid);
}

template <Is<DeviceHealth> Device, class Visit>
void item_fields(Device& device, const Visit& visit) {
    visit("source", device.source);
    visit("device", device.device);
    visit("model", device.model);
    visit("firmware", device.firmware);
    visit("battery", device.battery);
    visit("up", device.up);
    visit("last_seen_age_s", device.last_seen_age_s);
}

template <Is<LaneHealth> Lane, class Visit>
void item_fields(Lane& lane, const Visit& visit) {
    visit("lane", lane.lane);
    visit("batches", lane.batches);
    visit("samples", lane.samples);
    visit("bytes", lane.bytes);
    visit("oldest_age_s", lane.oldest_age_s);
    visit("events", lane.events);
}

template <Is<LossHealth> Loss, class Visit>
void item_fields(Loss& loss, const Visit& visit) {
    visit("cause", loss.cause);
    visit("gaps", loss.gaps);
    visit("samples", loss.samples);
}

template <Is<SinkHealth> Sink, class Visit>
void item_fields(Sink& sink, const Visit& visit) {
    visit("name", sink.name);
    visit("connection", sink.connection);
    visit("connection_since", sink.connection_since);
    visit("broker", sink.broker);
    visit("last_error", sink.last_error);
    visit("batches", sink.batches);
    visit("samples", sink.samples);
    visit("events", sink.events);
    visit("bytes", sink.bytes);
    visit("oldest_age_s", sink.oldest_age_s);
    visit("gaps", sink.gaps);
    visit("samples_lost", sink.samples_lost);
    visit("storage_mode", sink.storage_mode);
    visit("storage_problem", sink.storage_problem);
}

template <class Picture, class Visit>
void counter_fields(Picture& health, const Visit& visit) {
    visit("series", health.series);
    visit("readings_accepted", health.readings_accepted);
    visit("readings_repeated", health.readings_repeated);
    visit("readings_refused", health.readings_refused);
    visit("samples_produced", health.samples_produced);
    visit("samples_delivered", health.samples_delivered);
    visit("events_produced", health.events_produced);
    visit("events_delivered", health.events_delivered);
    visit("samples_open", health.samples_open);
    visit("gaps", health.gaps);
    visit("samples_lost", health.samples_lost);
    visit("losses", health.losses);
    visit("dead_letters", health.dead_letters);
    visit("samples_dead", health.samples_dead);
    visit("connects", health.connects);
    visit("in_flight", health.in_flight);
    visit("bytes_sent", health.bytes_sent);
    visit("batches_sent", health.batches_sent);
    visit("batches_refused", health.batches_refused);
    visit("commands_accepted", health.commands_accepted);
    visit("commands_refused", health.commands_refused);
    visit("command_refusal", health.command_refusal);
    visit("configs_refused", health.configs_refused);
    visit("config_refusal", health.config_refusal);
}

template <class Picture, class Visit>
void storage_fields(Picture& health, const Visit& visit) {
    visit("spool_bytes", health.spool_bytes);
    visit("spool_max_bytes", health.spool_max_bytes);
    visit("disk_free_bytes", health.disk_free_bytes);
    visit("spool_growth_bytes_per_s", health.spool_growth_bytes_per_s);
    visit("storage_mode", health.storage_mode);
    visit("storage_problem", health.storage_problem);
    visit("journal_in_memory", health.journal_in_memory);
    visit("ring_in_memory", health.ring_in_memory);
    visit("memory_problem", health.memory_problem);
    visit("history_bytes", health.history_bytes);
    visit("history_max_bytes", health.history_max_bytes);
    visit("history_age_s", health.history_age_s);
    visit("history_dropped", health.history_dropped);
    visit("history_problem", health.history_problem);
}

// Everything but `epoch`, which needs more than JSON's 53 bits and travels as text.
template <class Picture, class Visit>
void health_fields(Picture& health, const Visit& visit) {
    visit("version", health.version);
    visit("tenant", health.tenant);
    visit("site", health.site);
    visit("node", health.node);
    visit("boot", health.boot);
    visit("uptime_s", health.uptime_s);
    visit("sources", health.sources);
    visit("devices", health.devices);
    visit("lanes", health.lanes);
    visit("sinks", health.sinks);
    counter_fields(health, visit);
    storage_fields(health, visit);
    visit("connection", health.connection);
    visit("connection_since", health.connection_since);
    visit("broker", health.broker);
    visit("protocol", health.protocol);
    visit("platform_ack", health.platform_ack);
    visit("last_error", health.last_error);
    visit("certificate_until", health.certificate_until);
    visit("certificate_problem", health.certificate_problem);
    visit("rss_mib", health.rss_mib);
    visit("cpu_s", health.cpu_s);
}

// Invalid UTF-8 (a file name in an error text, say) must not cost the whole answer.
std::string line_of(const json& object) {
    return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

struct Writer {
    json& object;

    template <class T>
    void operator()(const char* key, const T& value) const {
        object[key] = value;
    }
    template <class Item>
    void operator()(const char* key, const std::vector<Item>& items) const {
        json& list = object[key] = json::array();
        for (const Item& item : items) {
            json one = json::object();
            item_fields(item, Writer{one});
            list.push_back(std::move(one));
        }
    }
};

// A missing field keeps its default (an older agent answers); one of the wrong type is a problem.
class Reader {
public:
    Reader(const json& object, std::string& problem) : object_(object), problem_(problem) {}

    template <class T>
    void operator()(const char* key, T& value) const {
        const auto found = object_.find(key);
        if (found != object_.end() && !read(*found, value)) {
            problem_ = std::string("field ") + key + " has the wrong type";
        }
    }

private:
    static bool read(const json& from, std::string& value) {
        const auto* text = from.get_ptr<const json::string_t*>();
        if (text != nullptr) {
            value = *text;
        }
        return text != nullptr;
    }
    static bool read(const json& from, bool& value) {
        if (from.is_boolean()) {
            value = from.get<bool>();
        }
        return from.is_boolean();
    }
    static bool read(const json& from, double& value) {
        if (from.is_null()) {  // how JSON writes NaN
            value = std::numeric_limits<double>::quiet_NaN();
            return true;
        }
        if (from.is_number()) {
            value = from.get<double>();
        }
        return from.is_number();
    }
    template <class Integer>
    static bool read_integer(const json& from, Integer& value) {
        if (from.is_number_unsigned()) {
            const auto number = from.get<std::uint64_t>();
            value = static_cast<Integer>(number);
            return value >= 0 && static_cast<std::uint64_t>(value) == number;
        }
        if (std::is_signed_v<Integer> && from.is_number_integer()) {
            const auto number = from.get<std::int64_t>();
            value = static_cast<Integer>(number);
            return static_cast<std::int64_t>(value) == number;
        }
        return false;
    }
    static bool read(const json& from, std::uint64_t& value) { return read_integer(from, value); }
    static bool read(const json& from, std::uint32_t& value) { return read_integer(from, value); }
    static bool read(const json& from, std::int64_t& value) { return read_integer(from, value); }
    static bool read(const json& from, std::int32_t& value) { return read_integer(from, value); }

    template <class Item>
    bool read(const json& from, std::vector<Item>& items) const {
        if (!from.is_array()) {
            return false;
        }
        for (const json& item : from) {
            if (!item.is_object()) {
                return false;
            }
            item_fields(items.emplace_back(), Reader(item, problem_));
        }
        return true;
    }

    const json& object_;
    std::string& problem_;
};

bool parse_epoch(const json& status, std::uint64_t& epoch) {
    const auto found = status.find("epoch");
    if (found == status.end()) {
        return true;
    }
    const auto* text = found->get_ptr<const json::string_t*>();
    if (text == nullptr || text->size() != 16 ||
        text->find_first_not_of("0123456789abcdef") != std::string::npos) {
        return false;
    }
    epoch = std::stoull(*text, nullptr, 16);
    return true;
}

std::string epoch_text(std::uint64_t epoch) {
    std::string bytes(8, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<char>((epoch >> (8U * (7U - i))) & 0xFFU);
    }
    return to_hex(std::string_view(bytes));
}

}  // namespace

std::chrono::milliseconds timeout_of(
    std::string_view request, std::chrono::milliseconds fallback, std::chrono::milliseconds longest
) {
    const json asked = json::parse(request, nullptr, false);
    const auto field = asked.is_object() ? asked.find("timeout_s") : asked.end();
    if (field == asked.end() || !field->is_number()) {
        return fallback;
    }
    const double most = std::chrono::duration<double>(longest).count();
    const double seconds = std::clamp(field->get<double>(), 0.0, most);
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::duration<double>(seconds)
    );
}

std::string ok_answer() {
    return R"({"ok":true})";
}

std::string error_answer(std::string_view why) {
    return line_of({{"ok", false}, {"error", why}});
}

std::string status_answer(const Health& health) {
    json status = json::object();
    health_fields(health, Writer{status});
    status["epoch"] = epoch_text(health.epoch);
    if (health.sinks.empty()) {
        status.erase("sinks");  // most nodes have one platform
    }
    return line_of({{"ok", true}, {"status", std::move(status)}});
}

Result<Health> parse_status_answer(std::string_view json_line) {
    const json answer = json::parse(json_line, nullptr, false);
    if (!answer.is_object()) {
        return corrupt("the answer is not a JSON object");
    }
    const auto error = answer.find("error");
    if (error != answer.end() && error->is_string()) {
        return corrupt("the agent answered: " + error->get<std::string>());
    }
    const auto status = answer.find("status");
    if (status == answer.end() || !status->is_object()) {
        return corrupt("the answer holds no status");
    }
    Health health;
    std::string problem;
    health_fields(health, Reader(*status, problem));
    if (!parse_epoch(*status, health.epoch)) {
        problem = "field epoch is not 16 hexadecimal digits";
    }
    if (!problem.empty()) {
        return corrupt("status: " + problem);
    }
    return health;
}

}  // namespace cxedge::control
