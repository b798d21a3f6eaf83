// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/batch_codec.hpp"

#include <algorithm>
#include <cassert>
#include <optional>

#include <fmt/core.h>

#include "agent/wire/block_encoder.hpp"
#include "agent/wire/body_decoder.hpp"
#include "agent/wire/compression.hpp"
#include "agent/wire/declaration_codec.hpp"
#include "agent/wire/event_codec.hpp"

#include "cx.pb.h"

namespace cxedge::wire {
namespace {

// Estimates for estimated_bytes(): a number off every grid with times of its own; a histogram's
// summary; one of its buckets.
constexpr std::size_t kNumberBytes = 16;
constexpr std::size_t kHistogramBytes = 48;
constexpr std::size_t kBucketBytes = 4;

constexpr std::uint32_t kFlagBackfill = 1U << 0U;
constexpr std::uint32_t kFlagEstimated = 1U << 1U;
constexpr std::uint32_t kFlagSimulated = 1U << 2U;

std::size_t estimated_sample_bytes(const Sample& sample) {
    const Histogram* histogram = std::get_if<Histogram>(&sample.value);
    if (histogram == nullptr) {
        return kNumberBytes;
    }
    return kHistogramBytes +
           kBucketBytes * (histogram->positive().size() + histogram->negative().size());
}

bool is_boot(const SampleTime& time) {
    return time.base == SampleTime::Base::boot;
}

// Time of the first boot-based one, else empty.
template <class List>
std::optional<std::int64_t> first_boot_ms(const List& list) {
    const auto found =
        std::find_if(list.begin(), list.end(), [](const auto& one) { return is_boot(one.time); });
    return found == list.end() ? std::nullopt : std::optional(found->time.ms);
}

std::uint32_t dict_size_of(const std::vector<Sample>& samples) {
    std::uint32_t size = 0;
    for (const Sample& sample : samples) {
        size = std::max(size, index_of(sample.series) + 1);
    }
    return size;
}

}  // namespace

struct BatchBuilder::Scratch {
    cx::v1::Body body;
    BlockEncoder blocks;
    Compressor compressor;
};

BatchBuilder::BatchBuilder() = default;
BatchBuilder::BatchBuilder(BatchBuilder&&) noexcept = default;
BatchBuilder& BatchBuilder::operator=(BatchBuilder&&) noexcept = default;
BatchBuilder::~BatchBuilder() = default;

void BatchBuilder::add(Sample sample) {
    assert(samples_.size() < kMaxBodySamples);
    estimated_bytes_ += estimated_sample_bytes(sample);
    samples_.push_back(std::move(sample));
}

void BatchBuilder::add(Event event) {
    assert(events_.size() < kMaxBodyEvents);
    estimated_bytes_ += estimated_event_bytes(event);
    events_.push_back(std::move(event));
}

void BatchBuilder::add(const Declared<Gap>& gap) {
    assert(declarations() < kMaxBodyDeclarations);
    estimated_bytes_ += kDeclarationBytes;
    gaps_.push_back(gap);
}

void BatchBuilder::add(const Declared<DeadLetter>& dead) {
    assert(declarations() < kMaxBodyDeclarations);
    estimated_bytes_ += kDeclarationBytes;
    dead_.push_back(dead);
}

void BatchBuilder::add(const ClockStep& step) {
    assert(declarations() < kMaxBodyDeclarations);
    estimated_bytes_ += kDeclarationBytes;
    clock_steps_.push_back(step);
}

std::int64_t BatchBuilder::t0_ms() const {
    for (const auto& first :
         {first_boot_ms(samples_),
          first_boot_ms(events_),
          first_boot_ms(gaps_),
          first_boot_ms(dead_),
          first_boot_ms(clock_steps_)}) {
        if (first) {
            return *first;
        }
    }
    return 0;
}

void BatchBuilder::encode_rest(std::int64_t t0, cx::v1::Body& body) const {
    for (const Event& event : events_) {
        encode_event(event, t0, *body.add_event());
    }
    for (const Declared<Gap>& gap : gaps_) {
        encode_gap(gap, t0, *body.add_gap());
    }
    for (const Declared<DeadLetter>& dead : dead_) {
        encode_dead_letter(dead, t0, *body.add_dead());
    }
    for (const ClockStep& step : clock_steps_) {
        encode_clock_step(step, t0, *body.add_clock_step());
    }
    if (replay_ != 0) {
        body.mutable_replay()->set_id(replay_);
    }
}

void BatchBuilder::clear() {
    samples_.clear();
    events_.clear();
    gaps_.clear();
    dead_.clear();
    clock_steps_.clear();
    replay_ = 0;
    estimated_bytes_ = 0;
}

SealedBody BatchBuilder::seal() {
    if (!scratch_) {
        scratch_ = std::make_unique<Scratch>();
    }
    SealedBody sealed;
    sealed.samples = static_cast<std::uint32_t>(samples_.size());
    sealed.events = static_cast<std::uint32_t>(events_.size());
    sealed.dict_size = dict_size_of(samples_);
    sealed.t0 = BootTime(t0_ms());
    scratch_->body.Clear();
    scratch_->blocks.encode(samples_, sealed.t0.count(), scratch_->body);
    encode_rest(sealed.t0.count(), scratch_->body);
    scratch_->body.SerializeToString(&sealed.bytes);
    sealed.codec = scratch_->compressor.shrink(sealed.bytes);
    clear();
    return sealed;
}

std::string encode_batch(const BatchHeader& header, const SealedBody& body) {
    cx::v1::Batch batch;
    batch.set_epoch(header.epoch);
    batch.set_lane(static_cast<std::uint32_t>(header.lane));
    batch.set_seq(header.seq);
    batch.set_first_unacked(header.first_unacked);
    batch.set_t0_ms(unix_ms(header.t0));
    if (header.clock != ClockState{}) {
        batch.mutable_clock()->set_quality(header.clock.quality);
        batch.mutable_clock()->set_error_us(header.clock.error_us);
        batch.mutable_clock()->set_since_sync_s(header.clock.since_sync_s);
    }
    batch.set_flags(
        (header.backfill ? kFlagBackfill : 0U) | (header.estimated ? kFlagEstimated : 0U) |
        (header.simulated ? kFlagSimulated : 0U)
    );
    batch.set_samples(body.samples);
    batch.set_events(body.events);
    batch.set_dict_id(header.dict_id);
    batch.set_dict_size(body.dict_size);
    batch.set_codec(static_cast<cx::v1::Codec>(body.codec));
    batch.set_body(body.bytes);
    batch.set_t0_earliest_ms(unix_ms(header.t0_earliest));
    batch.set_t0_latest_ms(unix_ms(header.t0_latest));
    return batch.SerializeAsString();
}

namespace {

Status check_header(const cx::v1::Batch& batch) {
    if (batch.seq() == 0) {
        return corrupt("batch: seq is missing");
    }
    if (batch.lane() >= static_cast<std::uint32_t>(kLaneCount)) {
        return corrupt(fmt::format("batch: lane {} is unknown", batch.lane()));
    }
    if (batch.samples() > kMaxBodySamples || batch.events() > kMaxBodyEvents) {
        return corrupt(fmt::format(
            "batch: {} samples and {} events are too many", batch.samples(), batch.events()
        ));
    }
    return {};
}

BatchHeader header_of(const cx::v1::Batch& batch) {
    BatchHeader header;
    header.epoch = batch.epoch();
    header.lane = static_cast<Lane>(batch.lane());
    header.seq = batch.seq();
    header.first_unacked = batch.first_unacked();
    header.t0 = from_unix_ms(batch.t0_ms());
    header.clock = {
        batch.clock().quality(), batch.clock().error_us(), batch.clock().since_sync_s()};
    header.backfill = (batch.flags() & kFlagBackfill) != 0;
    header.estimated = (batch.flags() & kFlagEstimated) != 0;
    header.simulated = (batch.flags() & kFlagSimulated) != 0;
    header.dict_id = batch.dict_id();
    header.t0_earliest = from_unix_ms(batch.t0_earliest_ms());
    header.t0_latest = from_unix_ms(batch.t0_latest_ms());
    return header;
}

}  // namespace

Result<ReceivedBatch> parse_batch(std::string_view payload) {
    if (payload.size() > kMaxBodyBytes) {
        return corrupt(
            fmt::format("batch: {} bytes, at most {} allowed", payload.size(), kMaxBodyBytes)
        );
    }
    cx::v1::Batch batch;
    if (!batch.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
        return corrupt(fmt::format("batch: {} bytes are not a Batch", payload.size()));
    }
    if (const Status fine = check_header(batch); !fine) {
        return fine.error();
    }
    ReceivedBatch received;
    received.header = header_of(batch);
    received.body.codec = static_cast<std::uint32_t>(batch.codec());
    received.body.bytes = std::move(*batch.mutable_body());
    received.body.samples = batch.samples();
    received.body.events = batch.events();
    received.body.dict_size = batch.dict_size();
    return received;
}

Result<DecodedBody> decode_body(const ReceivedBatch& batch) {
    return decode_sealed(batch.body, at_wall(batch.header.t0));
}

}  // namespace cxedge::wire
