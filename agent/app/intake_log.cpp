// SPDX-License-Identifier: Apache-2.0
#include "agent/app/intake_log.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "agent/base/byte_codec.hpp"
#include "agent/pipeline/series_bytes.hpp"

namespace cxedge::app {
namespace {

// The first byte of a record: what it is, and what follows.
constexpr unsigned kDeclared = 0;
constexpr unsigned kReading = 1;
constexpr unsigned kLost = 2;
constexpr unsigned kEvent = 3;
constexpr unsigned kTick = 4;
constexpr unsigned kFlush = 5;
constexpr unsigned kClosed = 6;
constexpr unsigned kOnce = 7;
constexpr unsigned kTagMask = 7;
constexpr unsigned kAbsolute = 8;  // both clocks as they are, not as steps
constexpr unsigned kOwnTime = 16;  // the sample's time is not `now`
constexpr unsigned kWhole = 32;    // the value is a whole number

constexpr double kLargestWhole = 9007199254740992.0;  // 2^53

std::chrono::milliseconds offset_of(const pipeline::Now& now) {
    return now.wall.time_since_epoch() - now.boot;
}

bool is_whole(double value) {
    // -0.0 would come back as 0.
    return std::abs(value) < kLargestWhole && value == std::trunc(value) && !std::signbit(value);
}

void put_time(ByteWriter& bytes, SampleTime time) {
    bytes.number(static_cast<std::uint64_t>(time.base));
    bytes.signed_number(time.ms);
}

SampleTime get_time(ByteReader& bytes) {
    const auto base = bytes.number() == 0 ? SampleTime::Base::boot : SampleTime::Base::wall;
    return {base, bytes.signed_number()};
}

Event get_event(ByteReader& bytes) {
    Event event;
    event.name = bytes.text();
    event.severity = static_cast<Severity>(std::min<std::uint64_t>(bytes.number(), 4));
    event.state = static_cast<EventState>(std::min<std::uint64_t>(bytes.number(), 3));
    const std::string_view id = bytes.text();
    if (id.size() == event.id.size()) {
        std::copy(id.begin(), id.end(), event.id.begin());
    }
    event.time = get_time(bytes);
    event.subject = bytes.text();
    event.text = bytes.text();
    for (std::uint64_t left = bytes.number(); left > 0 && bytes.good(); --left) {
        std::string key(bytes.text());
        event.attrs.push_back({std::move(key), std::string(bytes.text())});
    }
    return event;
}

Reading get_reading(ByteReader& bytes, unsigned first, const pipeline::Now& now) {
    Reading reading;
    reading.series = SeriesId{static_cast<std::uint32_t>(bytes.number())};
    reading.time = (first & kOwnTime) != 0 ? get_time(bytes) : at_boot(now.boot);
    if ((first & kTagMask) == kReading) {
        reading.value = (first & kWhole) != 0 ? static_cast<double>(bytes.number()) : bytes.real();
    }
    return reading;
}

std::optional<WallTime> get_moment(ByteReader& bytes) {
    const bool there = bytes.number() != 0;
    return there ? std::optional(from_unix_ms(bytes.signed_number())) : std::nullopt;
}

void put_moment(ByteWriter& bytes, const std::optional<WallTime>& moment) {
    bytes.number(moment ? 1 : 0);
    if (moment) {
        bytes.signed_number(unix_ms(*moment));
    }
}

Once get_once(ByteReader& bytes) {
    Once once;
    once.series = SeriesId{static_cast<std::uint32_t>(bytes.number())};
    once.value = bytes.real();
    once.occasion.time = get_moment(bytes);
    once.occasion.from = get_moment(bytes);
    once.occasion.key = bytes.number();
    once.taken = get_time(bytes);
    return once;
}

std::optional<Intake> get_declared(ByteReader& bytes) {
    Declared declared;
    const bool good = pipeline::read_info(bytes, declared.info);
    return good ? std::optional<Intake>(std::move(declared)) : std::nullopt;
}

Closed get_closed(ByteReader& bytes) {
    Closed closed;
    for (std::uint64_t left = bytes.number(); left > 0 && bytes.good(); --left) {
        closed.series.push_back(SeriesId{static_cast<std::uint32_t>(bytes.number())});
    }
    return closed;
}

std::optional<Intake> get_intake(ByteReader& bytes, unsigned first, const pipeline::Now& now) {
    switch (first & kTagMask) {
        case kDeclared:
            return get_declared(bytes);
        case kReading:
        case kLost:
            return get_reading(bytes, first, now);
        case kEvent:
            return get_event(bytes);
        case kTick:
        case kFlush:
            return Ticked{(first & kTagMask) == kFlush};
        case kClosed:
            return get_closed(bytes);
        case kOnce:
            return get_once(bytes);
        default:
            return std::nullopt;
    }
}

}  // namespace

void IntakeWriter::begin(unsigned tag, const pipeline::Now& now) {
    record_.clear();
    ByteWriter bytes(record_);
    // Readings come in order of their boot time, and the offset moves with a clock step only.
    const bool step = last_ && now.boot >= last_->boot && offset_of(now) == offset_of(*last_);
    bytes.number(step ? tag : tag | kAbsolute);
    if (step) {
        bytes.number(static_cast<std::uint64_t>((now.boot - last_->boot).count()));
    } else {
        bytes.signed_number(now.boot.count());
        bytes.signed_number(unix_ms(now.wall));
    }
    last_ = now;
}

std::string_view IntakeWriter::write(const Declared& declared, const pipeline::Now& now) {
    begin(kDeclared, now);
    ByteWriter bytes(record_);
    pipeline::save_info(declared.info, bytes);
    return record_;
}

std::string_view IntakeWriter::write(const Reading& reading, const pipeline::Now& now) {
    const bool own_time = reading.time != at_boot(now.boot);
    const bool whole = reading.value && is_whole(*reading.value);
    begin(
        (reading.value ? kReading : kLost) | (own_time ? kOwnTime : 0U) | (whole ? kWhole : 0U), now
    );
    ByteWriter bytes(record_);
    bytes.number(index_of(reading.series));
    if (own_time) {
        put_time(bytes, reading.time);
    }
    if (whole) {
        bytes.number(static_cast<std::uint64_t>(*reading.value));
    } else if (reading.value) {
        bytes.real(*reading.value);
    }
    return record_;
}

std::string_view IntakeWriter::write(const Once& once, const pipeline::Now& now) {
    begin(kOnce, now);
    ByteWriter bytes(record_);
    bytes.number(index_of(once.series));
    bytes.real(once.value);
    put_moment(bytes, once.occasion.time);
    put_moment(bytes, once.occasion.from);
    bytes.number(once.occasion.key);
    put_time(bytes, once.taken);
    return record_;
}

std::string_view IntakeWriter::write(const Event& event, const pipeline::Now& now) {
    begin(kEvent, now);
    ByteWriter bytes(record_);
    bytes.text(event.name);
    bytes.number(static_cast<std::uint64_t>(event.severity));
    bytes.number(static_cast<std::uint64_t>(event.state));
    bytes.text(std::string(event.id.begin(), event.id.end()));
    put_time(bytes, event.time);
    bytes.text(event.subject);
    bytes.text(event.text);
    bytes.number(event.attrs.size());
    for (const Dimension& attr : event.attrs) {
        bytes.text(attr.key);
        bytes.text(attr.value);
    }
    return record_;
}

std::string_view IntakeWriter::write(const Ticked& ticked, const pipeline::Now& now) {
    begin(ticked.flush ? kFlush : kTick, now);
    return record_;
}

std::string_view IntakeWriter::write(const Closed& closed, const pipeline::Now& now) {
    begin(kClosed, now);
    ByteWriter bytes(record_);
    bytes.number(closed.series.size());
    for (const SeriesId id : closed.series) {
        bytes.number(index_of(id));
    }
    return record_;
}

std::optional<IntakeReader::Record> IntakeReader::read(std::string_view record) {
    ByteReader bytes(record);
    const auto first = static_cast<unsigned>(bytes.number());
    if ((first & kAbsolute) != 0) {
        last_.boot = BootTime(bytes.signed_number());
        last_.wall = from_unix_ms(bytes.signed_number());
    } else {
        const BootTime step(static_cast<std::int64_t>(bytes.number()));
        last_.boot += step;
        last_.wall += step;
    }
    auto intake = get_intake(bytes, first, last_);
    if (!intake || !bytes.good()) {
        return std::nullopt;
    }
    return Record{std::move(*intake), last_};
}

}  // namespace cxedge::app
