// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/entry.hpp"

#include <algorithm>
#include <utility>

namespace cxedge::pipeline {
namespace {

void save(SampleTime time, ByteWriter& bytes) {
    bytes.number(static_cast<std::uint64_t>(time.base));
    bytes.signed_number(time.ms);
}

SampleTime read_time(ByteReader& bytes) {
    const auto base = bytes.number() == 0 ? SampleTime::Base::boot : SampleTime::Base::wall;
    return {base, bytes.signed_number()};
}

void save(const std::optional<double>& value, ByteWriter& bytes) {
    bytes.number(value ? 1 : 0);
    bytes.real(value.value_or(0));
}

std::optional<double> read_optional(ByteReader& bytes) {
    const bool there = bytes.number() != 0;
    const double value = bytes.real();
    return there ? std::optional(value) : std::nullopt;
}

void save(const Histogram::Buckets& buckets, ByteWriter& bytes) {
    bytes.number(buckets.size());
    for (const auto& [index, count] : buckets) {
        bytes.signed_number(index);
        bytes.number(count);
    }
}

Histogram::Buckets read_buckets(ByteReader& bytes) {
    Histogram::Buckets buckets;
    for (std::uint64_t left = bytes.number(); left > 0 && bytes.good(); --left) {
        const auto index = static_cast<std::int32_t>(bytes.signed_number());
        buckets[index] = bytes.number();
    }
    return buckets;
}

void save(const Histogram& histogram, ByteWriter& bytes) {
    bytes.number(histogram.count());
    bytes.number(histogram.zeros());
    bytes.real(histogram.sum());
    bytes.real(histogram.min());
    bytes.real(histogram.max());
    save(histogram.positive(), bytes);
    save(histogram.negative(), bytes);
}

Histogram read_histogram(ByteReader& bytes) {
    Histogram::Parts parts;
    parts.count = bytes.number();
    parts.zeros = bytes.number();
    parts.sum = bytes.real();
    parts.min = bytes.real();
    parts.max = bytes.real();
    parts.positive = read_buckets(bytes);
    parts.negative = read_buckets(bytes);
    return Histogram::from_parts(std::move(parts));
}

void save(const Aggregate& aggregate, ByteWriter& bytes) {
    bytes.number(aggregate.n);
    bytes.number(aggregate.lost);
    bytes.real(aggregate.sum);
    bytes.real(aggregate.min);
    bytes.real(aggregate.max);
    bytes.real(aggregate.last);
    save(aggregate.histogram, bytes);
}

Aggregate read_aggregate(ByteReader& bytes) {
    Aggregate aggregate;
    aggregate.n = bytes.number();
    aggregate.lost = bytes.number();
    aggregate.sum = bytes.real();
    aggregate.min = bytes.real();
    aggregate.max = bytes.real();
    aggregate.last = bytes.real();
    aggregate.histogram = read_histogram(bytes);
    return aggregate;
}

void save(const std::optional<EventId>& id, ByteWriter& bytes) {
    std::string text;
    if (id) {
        text.assign(id->begin(), id->end());
    }
    bytes.text(text);
}

std::optional<EventId> read_event_id(ByteReader& bytes) {
    const std::string_view text = bytes.text();
    EventId id{};
    if (text.size() != id.size()) {
        return std::nullopt;
    }
    std::copy(text.begin(), text.end(), id.begin());
    return id;
}

}  // namespace

void save_counter(const CounterDiscipline& counter, ByteWriter& bytes) {
    save(counter.last(), bytes);
    save(counter.last_time(), bytes);
}

CounterDiscipline read_counter(ByteReader& bytes) {
    const std::optional<double> last = read_optional(bytes);
    return {last, read_time(bytes)};
}

void save_entry(const Entry& entry, ByteWriter& bytes) {
    save_counter(entry.counter, bytes);
    save(entry.aggregate, bytes);
    bytes.signed_number(entry.open_window);
    save(entry.newest, bytes);
    save(entry.last_state, bytes);
    bytes.signed_number(entry.last_reading.count());
    save(entry.stale_event, bytes);
    entry.intervals.save(bytes);
    bytes.real(entry.unchanged_value);
    bytes.signed_number(entry.unchanged_since.count());
    save(entry.stuck_event, bytes);
}

bool read_entry(ByteReader& bytes, Entry& entry) {
    entry.counter = read_counter(bytes);
    entry.aggregate = read_aggregate(bytes);
    entry.open_window = bytes.signed_number();
    entry.newest = read_time(bytes);
    entry.last_state = read_optional(bytes);
    entry.last_reading = BootTime(bytes.signed_number());
    entry.stale_event = read_event_id(bytes);
    const bool intervals = entry.intervals.read(bytes);
    entry.unchanged_value = bytes.real();
    entry.unchanged_since = BootTime(bytes.signed_number());
    entry.stuck_event = read_event_id(bytes);
    return intervals && bytes.good();
}

}  // namespace cxedge::pipeline
