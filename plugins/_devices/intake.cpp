// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/intake.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/base/printable.hpp"

#include "plugins/_devices/privacy.hpp"

namespace cxedge::devices {
namespace {

// Facts that are remembered, to drop those that come again.
constexpr std::size_t kMostFacts = 1024;
// Readings that wait until it is known whether they are part of a total.
constexpr std::size_t kMostHeld = 4096;

bool has_dim(const SeriesKey& key, std::string_view name) {
    return std::any_of(key.dims.begin(), key.dims.end(), [&](const Dimension& dim) {
        return dim.key == name;
    });
}

}  // namespace

Intake::Intake(Host& host, const IntakeSettings& settings)
    : host_(host),
      settings_(settings),
      names_(settings.names.begin(), settings.names.end()),
      clock_(host, clock_policy(settings.clock), settings.clock_ahead, settings.clock_behind),
      book_(host, settings.silent, static_cast<std::size_t>(settings.max_devices)),
      complaints_(host),
      private_(host) {}

Intake::~Intake() = default;

std::string Intake::called(std::string_view said) const {
    if (const auto found = names_.find(said); found != names_.end()) {
        return found->second;
    }
    return is_hardware_address(said) ? masked_address(said)
                                     : printable(without_addresses(said), kMaxDimensionLength);
}

std::string Intake::device_of(std::string_view said) const {
    if (!settings_.device.empty()) {
        return settings_.device;
    }
    return called(said.empty() ? host_.source_name() : said);
}

Status Intake::take(const Report& report) {
    const Absent absent = take_states(report);
    std::vector<Placed> placed;
    Status taken;
    for (const Reading& reading : report.readings) {
        const std::string device = device_of(reading.device);
        if (taken && absent.silent.count(device) == 0) {
            taken = place(reading, device, absent.away.count(device) != 0, placed);
        }
    }
    const std::deque<Held> counted = no_longer_held();
    for (const Held& each : counted) {
        const SeriesId series = series_.at(each.key).first;
        placed.push_back({&each.reading, each.device, series, each.reading.value});
    }
    add_up(placed);
    for (const Placed& each : placed) {
        taken = taken ? emit(each) : taken;
    }
    if (!taken) {
        held_.insert(held_.end(), counted.begin(), counted.end());
    }
    clock_.end_of_message();
    for (const DeviceEvent& event : report.events) {
        if (absent.silent.count(device_of(event.event.subject)) == 0) {
            take_event(event);
        }
    }
    for (const BadElement& bad : report.bad_elements) {
        complaints_.bad_element(device_of({}), bad.where, bad.what);
    }
    private_.add(report.private_fields);
    return taken;
}

Intake::Absent Intake::take_states(const Report& report) {
    Absent absent;
    for (const DeviceState& state : report.devices) {
        const std::string device = device_of(state.device);
        const WallTime now = host_.clock().wall_now();
        const auto age =
            state.last_seen ? now - to_utc(*state.last_seen, now) : std::chrono::milliseconds(0);
        if (age > settings_.silent) {
            book_.seen_before(device, age);
            absent.silent.insert(device);
            continue;
        }
        if (state.up == false) {
            absent.away.insert(device);
        }
        take_state(state, device);
    }
    return absent;
}

// That a device is away does not bring it up first, and neither does a list that it is on.
void Intake::take_state(const DeviceState& told, const std::string& device) {
    DeviceState state = told;
    state.model = without_addresses(told.model);
    state.firmware = without_addresses(told.firmware);
    if (state.heard && state.up.value_or(true)) {
        if (book_.heard(device)) {
            book_.told(device, state);
        }
        return;
    }
    const bool known = state.heard ? book_.lost(device) : book_.knows(device);
    if (!known) {
        book_.seen_before(device, settings_.silent + std::chrono::milliseconds(1));
    }
    DeviceState rest = state;
    rest.up.reset();
    rest.battery = state.heard ? state.battery : std::nullopt;
    book_.told(device, rest);
}

Status Intake::place(
    const Reading& reading, const std::string& device, bool away, std::vector<Placed>& placed
) {
    if (!away && !book_.heard(device)) {
        complaints_.bad_element({}, {}, "more devices than max_devices");
        return {};
    }
    const Result<SeriesInfo> info = info_of(reading, device);
    if (info && reading.unless_totals) {
        hold(reading, device, info->key);
        return {};
    }
    const Result<SeriesId> series = info ? series_of(*info) : info.error();
    if (!series && series.error().code == ErrorCode::unavailable) {
        return exhausted(series.error().message);
    }
    if (!series) {
        complaints_.bad_element(
            device,
            reading.info.key.metric,
            series.error().code == ErrorCode::exhausted ? "there are too many series"
                                                        : "the agent refuses this series"
        );
        return {};
    }
    if (reading.time) {
        clock_.hear(device, *reading.time);
    }
    placed.push_back({&reading, device, *series, reading.value});
    return {};
}

// Whether a device tells totals shows with what it measures now. Of one that does, its totals are
// what counts: the next one holds what the past says. Of one that does not, the past counts.
void Intake::hold(const Reading& reading, const std::string& device, const SeriesKey& key) {
    held_.push_back({reading, device, key});
    if (held_.size() > kMostHeld) {
        held_.pop_front();
    }
}

std::deque<Intake::Held> Intake::no_longer_held() {
    std::deque<Held> counted;
    std::deque<Held> unknown;
    for (Held& each : held_) {
        const auto known = series_.find(each.key);
        if (known == series_.end()) {
            unknown.push_back(std::move(each));
        } else if (known->second.second == each.reading.info.kind) {
            counted.push_back(std::move(each));
        }
    }
    held_ = std::move(unknown);
    return counted;
}

// `names` may give two lines of a sensor one name: what each of them counted in the same interval
// is one count, not a repetition. The same line twice is the pipeline's business: a repetition, or
// the hour that comes twice.
void Intake::add_up(std::vector<Placed>& placed) {
    struct Sum {
        std::size_t at = 0;  // of `kept`
        std::set<std::string> lines;
    };
    std::map<std::tuple<SeriesId, std::int64_t, std::int64_t>, Sum> sums;
    std::vector<Placed> kept;
    for (Placed& each : placed) {
        const Reading& reading = *each.reading;
        if (!reading.from || !reading.time || reading.info.kind != Kind::delta) {
            kept.push_back(std::move(each));
            continue;
        }
        Sum& sum = sums[{each.series, reading.from->ms, reading.time->ms}];
        const bool is_first = sum.lines.empty();
        const bool another = sum.lines.insert(reading.device + to_string(reading.info.key)).second;
        if (!is_first && another) {
            kept[sum.at].value += each.value;
            continue;
        }
        sum.at = is_first ? kept.size() : sum.at;
        kept.push_back(std::move(each));
    }
    placed = std::move(kept);
}

Status Intake::emit(const Placed& placed) {
    const Reading& reading = *placed.reading;
    const Occasion occasion =
        clock_.occasion(placed.device, placed.series, {reading.time, reading.from, reading.id});
    Status emitted = reading.lost ? host_.emit_lost(placed.series)
                                  : host_.emit_once(placed.series, placed.value, occasion);
    if (!emitted && emitted.error().code != ErrorCode::exhausted) {
        complaints_.bad_element(
            placed.device, reading.info.key.metric, "the agent refuses this value"
        );
        return {};
    }
    return emitted;
}

Result<SeriesInfo> Intake::info_of(const Reading& reading, const std::string& device) const {
    SeriesInfo info = reading.info;
    for (Dimension& dim : info.key.dims) {
        dim.value = called(dim.value);
    }
    for (const auto& [key, value] : settings_.dims) {
        if (!has_dim(info.key, key)) {
            info.key.dims.push_back({key, value});
        }
    }
    if (!has_dim(info.key, "device")) {
        info.key.dims.push_back({"device", device});
    }
    if (const Status normal = normalise(info); !normal) {
        return normal.error();
    }
    return info;
}

Result<SeriesId> Intake::series_of(const SeriesInfo& info) {
    if (const auto known = series_.find(info.key); known != series_.end()) {
        // Sums and increments of the same thing would count people twice: the first kind stays.
        return known->second.second == info.kind ? Result<SeriesId>(known->second.first)
                                                 : invalid_argument("another kind than before");
    }
    if (series_.size() >= static_cast<std::size_t>(settings_.max_series)) {
        return exhausted("more series than max_series");
    }
    Result<SeriesId> id = host_.declare(info);
    if (id) {
        series_.emplace(info.key, std::pair(*id, info.kind));
    }
    return id;
}

void Intake::take_event(const DeviceEvent& told) {
    Event event = told.event;
    event.subject = device_of(event.subject);
    for (Dimension& attr : event.attrs) {
        attr.value = called(attr.value);
    }
    event.id = derived_event_id(
        fmt::format("{} {} {} {}", host_.source_name(), event.name, event.subject, told.id)
    );
    if (!is_news(told, event.id)) {
        return;
    }
    // Of what is no device (a bridge, a name made up) nothing is remembered.
    if (told.time && book_.knows(event.subject)) {
        const Occasion occasion = clock_.occasion(event.subject, {told.time, {}, {}});
        event.time = occasion.time ? at_wall(*occasion.time) : SampleTime{};
    }
    host_.emit_event(std::move(event));
}

bool Intake::is_news(const DeviceEvent& told, const EventId& id) {
    if (told.id.empty()) {
        const bool clears = told.event.state == EventState::clear;
        const bool room = raised_.size() < kMostFacts;
        return clears ? raised_.erase(id) != 0 : room && raised_.insert(id).second;
    }
    if (std::find(facts_.begin(), facts_.end(), id) != facts_.end()) {
        return false;
    }
    facts_.push_back(id);
    if (facts_.size() > kMostFacts) {
        facts_.pop_front();
    }
    return true;
}

void Intake::bad_message(std::string_view where, const Error& error) {
    complaints_.bad_message(where, error.message);
}

void Intake::commit(std::function<void(const Status&)> done) {
    host_.commit(std::move(done));
}

}  // namespace cxedge::devices
