// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/event_codec.hpp"

#include <algorithm>
#include <string>

#include <fmt/core.h>

#include "agent/wire/batch_codec.hpp"
#include "agent/wire/relative_time.hpp"
#include "agent/wire/text.hpp"

#include "cx.pb.h"

namespace cxedge::wire {
namespace {

constexpr std::size_t kMaxText = kMaxEventBytes / 8;
constexpr std::size_t kMaxAttrs = kMaxEventBytes / 2;  // all keys and values with their lengths
constexpr std::size_t kFixedPart = 40;                 // time, id, tags

void encode_attrs(const Event& event, cx::v1::Event& out) {
    std::size_t room = kMaxAttrs;
    for (const Dimension& attr : event.attrs) {
        std::string key = clean_utf8(attr.key, kMaxText);
        std::string value = clean_utf8(attr.value, kMaxText);
        const std::size_t size = key.size() + value.size() + 8;
        if (size > room) {
            return;
        }
        room -= size;
        out.add_attr(std::move(key));
        out.add_attr(std::move(value));
    }
}

Status check(const cx::v1::Event& in) {
    if (in.severity() > static_cast<std::uint32_t>(Severity::critical)) {
        return corrupt(fmt::format("severity {} is unknown", in.severity()));
    }
    if (in.state() > static_cast<std::uint32_t>(EventState::ack)) {
        return corrupt(fmt::format("state {} is unknown", in.state()));
    }
    if (!in.id().empty() && in.id().size() != EventId{}.size()) {
        return corrupt(fmt::format("id has {} bytes", in.id().size()));
    }
    if (in.attr_size() % 2 != 0) {
        return corrupt("attr: a key without a value");
    }
    return {};
}

}  // namespace

std::size_t estimated_event_bytes(const Event& event) {
    std::size_t bytes = kFixedPart + event.name.size() + event.subject.size() + event.text.size();
    for (const Dimension& attr : event.attrs) {
        bytes += attr.key.size() + attr.value.size() + 4;
    }
    return bytes;
}

void encode_event(const Event& event, std::int64_t t0, cx::v1::Event& out) {
    set_time(event.time, t0, out);
    out.set_name(clean_utf8(event.name, kMaxText));
    out.set_severity(static_cast<std::uint32_t>(event.severity));
    out.set_state(static_cast<std::uint32_t>(event.state));
    if (event.id != EventId{}) {
        out.mutable_id()->assign(event.id.begin(), event.id.end());
    }
    out.set_subject(clean_utf8(event.subject, kMaxText));
    out.set_text(clean_utf8(event.text, kMaxText));
    encode_attrs(event, out);
}

std::string encode_event(const Event& event) {
    cx::v1::Event out;
    encode_event(event, event.time.base == SampleTime::Base::boot ? event.time.ms : 0, out);
    return out.SerializeAsString();
}

Result<Event> decode_event(std::string_view bytes, const SampleTime& t0) {
    cx::v1::Event in;
    if (bytes.size() > kMaxEventBytes ||
        !in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return corrupt(fmt::format("{} bytes are not an Event", bytes.size()));
    }
    if (const Status fine = check(in); !fine) {
        return fine.error();
    }
    Event event;
    event.name = in.name();
    event.severity = static_cast<Severity>(in.severity());
    event.state = static_cast<EventState>(in.state());
    std::copy(in.id().begin(), in.id().end(), event.id.begin());
    event.time = time_of(in, t0);
    event.subject = in.subject();
    event.text = in.text();
    for (int i = 0; i < in.attr_size(); i += 2) {
        event.attrs.push_back({in.attr(i), in.attr(i + 1)});
    }
    return event;
}

}  // namespace cxedge::wire
