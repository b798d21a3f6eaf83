// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/declaration_codec.hpp"

#include <limits>

#include <fmt/core.h>

#include "agent/wire/relative_time.hpp"

#include "cx.pb.h"

namespace cxedge::wire {
namespace {

constexpr std::size_t kMaxDeclarationBytes = 1024;  // unknown fields of later versions included

template <class Message>
Result<Message> parse(std::string_view bytes, std::string_view name) {
    Message message;
    if (bytes.size() > kMaxDeclarationBytes ||
        !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return corrupt(fmt::format("{} bytes are not a {}", bytes.size(), name));
    }
    return message;
}

Status check_lane(std::uint32_t lane) {
    if (lane >= static_cast<std::uint32_t>(kLaneCount)) {
        return corrupt(fmt::format("lane {} is unknown", lane));
    }
    return {};
}

Status check(const cx::v1::Gap& in) {
    const bool numbered = in.first_seq() != 0 || in.last_seq() != 0;
    if (numbered && (in.first_seq() == 0 || in.first_seq() > in.last_seq())) {
        return corrupt(fmt::format("seq {} to {} is no range", in.first_seq(), in.last_seq()));
    }
    return check_lane(in.lane());
}

Status check(const cx::v1::DeadLetter& in) {
    if (in.reason() > std::numeric_limits<std::uint8_t>::max()) {
        return corrupt(fmt::format("reason {} is no MQTT reason code", in.reason()));
    }
    return check_lane(in.lane());
}

GapCause cause_of(int number) {
    const bool known = number >= 0 && number <= static_cast<int>(GapCause::split);
    return known ? static_cast<GapCause>(number) : GapCause::unknown;
}

}  // namespace

void encode_gap(const Declared<Gap>& gap, std::int64_t t0, cx::v1::Gap& out) {
    out.set_lane(static_cast<std::uint32_t>(gap.what.lane));
    out.set_epoch(gap.what.epoch);
    out.set_first_seq(gap.what.first_seq);
    out.set_last_seq(gap.what.last_seq);
    out.set_samples(gap.what.samples);
    out.set_events(gap.what.events);
    out.set_cause(static_cast<cx::v1::Gap::Cause>(gap.what.cause));
    set_time(gap.time, t0, out);
}

void encode_dead_letter(
    const Declared<DeadLetter>& dead, std::int64_t t0, cx::v1::DeadLetter& out
) {
    out.set_lane(static_cast<std::uint32_t>(dead.what.lane));
    out.set_epoch(dead.what.epoch);
    out.set_seq(dead.what.seq);
    out.set_samples(dead.what.samples);
    out.set_events(dead.what.events);
    out.set_reason(dead.what.reason);
    out.set_attempts(dead.what.attempts);
    set_time(dead.time, t0, out);
}

void encode_clock_step(const ClockStep& step, std::int64_t t0, cx::v1::ClockStep& out) {
    set_time(step.time, t0, out);
    out.set_before_ms(step.before_ms);
    out.set_after_ms(step.after_ms);
}

Result<Declared<Gap>> decode_gap(std::string_view bytes, const SampleTime& t0) {
    const auto in = parse<cx::v1::Gap>(bytes, "Gap");
    if (!in) {
        return in.error();
    }
    if (const Status fine = check(*in); !fine) {
        return fine.error();
    }
    Declared<Gap> gap{time_of(*in, t0), {}};
    gap.what.lane = static_cast<Lane>(in->lane());
    gap.what.epoch = in->epoch();
    gap.what.first_seq = in->first_seq();
    gap.what.last_seq = in->last_seq();
    gap.what.samples = in->samples();
    gap.what.events = in->events();
    gap.what.cause = cause_of(static_cast<int>(in->cause()));
    return gap;
}

Result<Declared<DeadLetter>> decode_dead_letter(std::string_view bytes, const SampleTime& t0) {
    const auto in = parse<cx::v1::DeadLetter>(bytes, "DeadLetter");
    if (!in) {
        return in.error();
    }
    if (const Status fine = check(*in); !fine) {
        return fine.error();
    }
    Declared<DeadLetter> dead{time_of(*in, t0), {}};
    dead.what.lane = static_cast<Lane>(in->lane());
    dead.what.epoch = in->epoch();
    dead.what.seq = in->seq();
    dead.what.samples = in->samples();
    dead.what.events = in->events();
    dead.what.reason = static_cast<std::uint8_t>(in->reason());
    dead.what.attempts = in->attempts();
    return dead;
}

Result<ClockStep> decode_clock_step(std::string_view bytes, const SampleTime& t0) {
    const auto in = parse<cx::v1::ClockStep>(bytes, "ClockStep");
    if (!in) {
        return in.error();
    }
    return ClockStep{time_of(*in, t0), in->before_ms(), in->after_ms()};
}

}  // namespace cxedge::wire
