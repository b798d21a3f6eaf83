// SPDX-License-Identifier: Apache-2.0
// Samples, events and declarations <-> the bytes of cx.proto's Body and Batch. Lossless:
// decode(encode(x)) == x for every double. Thread: any, objects are single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/gap.hpp"
#include "agent/base/lane.hpp"
#include "agent/base/result.hpp"
#include "agent/model/clock_step.hpp"
#include "agent/model/event.hpp"
#include "agent/model/sample.hpp"

namespace cx::v1 {
class Body;
}

namespace cxedge::wire {

// A Gap or a DeadLetter, and when it was declared.
template <class T>
struct Declared {
    SampleTime time;
    T what;
    bool operator==(const Declared&) const = default;
};

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
// Gaps, dead letters and clock steps together.
inline constexpr std::size_t kMaxBodyDeclarations = 1U << 16U;

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
    // Neither of these counts as a sample or an event of the batch.
    void add(const Declared<Gap>& gap);
    void add(const Declared<DeadLetter>& dead);
    void add(const ClockStep& step);
    // All of it was sent before: cx.v1.Replay. `id` > 0.
    void mark_replay(std::uint64_t id) { replay_ = id; }
    [[nodiscard]] bool empty() const {
        return samples_.empty() && events_.empty() && declarations() == 0;
    }
    [[nodiscard]] std::size_t samples() const { return samples_.size(); }
    // Generous estimate of the encoded body before compression: 16 bytes a number.
    [[nodiscard]] std::size_t estimated_bytes() const { return estimated_bytes_; }
    // Groups samples into blocks, encodes, keeps the smaller of raw and zstd.
    SealedBody seal();

private:
    [[nodiscard]] std::size_t declarations() const {
        return gaps_.size() + dead_.size() + clock_steps_.size();
    }
    [[nodiscard]] std::int64_t t0_ms() const;
    void encode_rest(std::int64_t t0, cx::v1::Body& body) const;  // all but the samples
    void clear();

    struct Scratch;  // buffers and the zstd context, kept from batch to batch

    std::vector<Sample> samples_;
    std::vector<Event> events_;
    std::vector<Declared<Gap>> gaps_;
    std::vector<Declared<DeadLetter>> dead_;
    std::vector<ClockStep> clock_steps_;
    std::uint64_t replay_ = 0;
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
    bool estimated = false;  // t0 is: of a boot whose clock was never synchronised
    bool simulated = false;
    std::uint32_t dict_id = 0;
    // What an estimated t0 cannot be before or after; 0: not known.
    WallTime t0_earliest{};
    WallTime t0_latest{};
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

// Samples with every time turned into base `wall`, in the order of the blocks; and the others
// likewise.
struct DecodedBody {
    std::vector<Sample> samples;
    std::vector<Event> events;
    std::vector<Declared<Gap>> gaps;
    std::vector<Declared<DeadLetter>> dead;
    std::vector<ClockStep> clock_steps;
    std::uint64_t replay = 0;  // id of the replay all this belongs to; 0: it is new
};
// corrupt: says where and what. Never allocates more than the limits above imply.
Result<DecodedBody> decode_body(const ReceivedBatch& batch);

}  // namespace cxedge::wire
