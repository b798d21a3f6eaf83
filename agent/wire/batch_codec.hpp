// SPDX-License-Identifier: Apache-2.0
// Samples and events <-> the bytes of cx.proto's Body and Batch. Lossless: decode(encode(x)) == x
// for every double. Thread: any, objects are single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/lane.hpp"
#include "agent/base/result.hpp"
#include "agent/model/event.hpp"
#include "agent/model/sample.hpp"

namespace cxedge::wire {

// A Body, sealed: what the spool stores. Times of base `boot` are relative to `t0`.
struct SealedBody {
    std::uint32_t codec = 0;  // cx.v1.Codec
    std::string bytes;
    std::uint32_t samples = 0;
    std::uint32_t events = 0;
    std::uint32_t dict_size = 0;  // highest series id + 1; 0 for events only
    BootTime t0{};                // of the first boot-based time in it, 0 when there is none
};

// Limits of one body. A sender seals long before them; a receiver calls what is beyond them
// corrupt.
inline constexpr std::size_t kMaxBodyBytes = 8U << 20U;    // after decompression
inline constexpr std::size_t kMaxBodySamples = 1U << 18U;  // samples, lost ones included
inline constexpr std::size_t kMaxBodyBuckets = 1'000'000;  // histogram buckets of all samples
inline constexpr std::size_t kMaxBodyEvents = 1U << 16U;
inline constexpr std::size_t kMaxEventBytes = 64U << 10U;  // of one encoded event

// Collects one batch, then seals it. Reusable after seal().
class BatchBuilder {
public:
    BatchBuilder();
    BatchBuilder(BatchBuilder&& other) noexcept;
    BatchBuilder& operator=(BatchBuilder&& other) noexcept;
    BatchBuilder(const BatchBuilder&) = delete;
    BatchBuilder& operator=(const BatchBuilder&) = delete;
    ~BatchBuilder();

    // Requires: the batch stays within the limits above.
    void add(Sample sample);
    // Texts are cut to kMaxEventBytes / 8 and bytes that are not UTF-8 become U+FFFD.
    void add(Event event);
    [[nodiscard]] bool empty() const { return samples_.empty() && events_.empty(); }
    [[nodiscard]] std::size_t samples() const { return samples_.size(); }
    // Generous estimate of the encoded body before compression: 16 bytes a number.
    [[nodiscard]] std::size_t estimated_bytes() const { return estimated_bytes_; }
    // Groups samples into blocks, encodes, keeps the smaller of raw and zstd.
    SealedBody seal();

private:
    struct Scratch;  // buffers and the zstd context, kept from batch to batch

    std::vector<Sample> samples_;
    std::vector<Event> events_;
    std::size_t estimated_bytes_ = 0;
    std::unique_ptr<Scratch> scratch_;
};

struct ClockState {
    std::uint32_t quality = 0;
    std::uint32_t error_us = 0;
    std::uint32_t since_sync_s = 0;
    bool operator==(const ClockState&) const = default;
};

// What is decided when a batch is sent.
struct BatchHeader {
    std::uint64_t epoch = 0;
    Lane lane = Lane::live;
    std::uint64_t seq = 0;
    std::uint64_t first_unacked = 0;
    WallTime t0{};
    ClockState clock;
    bool backfill = false;
    bool simulated = false;
    std::uint32_t dict_id = 0;
    bool operator==(const BatchHeader&) const = default;
};

// The MQTT payload. `body` comes from the spool unchanged.
std::string encode_batch(const BatchHeader& header, const SealedBody& body);

// A received batch whose body is not yet decoded: enough to de-duplicate and to ask for a
// dictionary.
struct ReceivedBatch {
    BatchHeader header;
    SealedBody body;
};
// corrupt: says what is wrong.
Result<ReceivedBatch> parse_batch(std::string_view payload);

// Samples with every time turned into base `wall`, in the order of the blocks; and events likewise.
struct DecodedBody {
    std::vector<Sample> samples;
    std::vector<Event> events;
};
// corrupt: says where and what. Never allocates more than the limits above imply.
Result<DecodedBody> decode_body(const ReceivedBatch& batch);

}  // namespace cxedge::wire
