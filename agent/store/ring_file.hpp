// SPDX-License-Identifier: Apache-2.0
// Layout of the ring in memory, and the file behind it. One page of header, a list of positions
// lately erased from queue.db, then records.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/lane.hpp"
#include "agent/base/result.hpp"
#include "agent/base/unique_fd.hpp"
#include "agent/store/shared_file.hpp"

namespace cxedge::store {

// What a lane holds somewhere, as told by counting.
struct Holding {
    std::uint64_t batches = 0;
    std::uint64_t samples = 0;
    std::uint64_t events = 0;
    std::uint64_t first_seq = 0;  // of the lowest and the highest held; both 0: empty
    std::uint64_t last_seq = 0;
};

// Counts are kept in two places and may disagree after damage: never below 0.
inline std::uint64_t less(std::uint64_t from, std::uint64_t what) {
    return from > what ? from - what : 0;
}

// `Batch`: anything with the samples and events of one.
template <typename Batch>
void take_off(Holding& holding, const Batch& batch) {
    holding.batches = less(holding.batches, 1);
    holding.samples = less(holding.samples, batch.samples);
    holding.events = less(holding.events, batch.events);
}

// Everything about the ring that changes, published as one: see RingFile::publish().
struct RingState {
    std::uint64_t generation = 0;
    // Bytes behind the header: records lie from head to tail, or, where `wrap` is not 0, from head
    // to wrap and from 0 to tail. head == tail: empty, and both are 0.
    std::size_t head = 0;
    std::size_t tail = 0;
    std::size_t wrap = 0;
    std::uint64_t epoch = 0;
    std::uint64_t next_number = 1;  // of positions
    std::array<std::uint64_t, kLaneCount> next_seq{};
    std::array<std::uint64_t, kStreamCount> sealed_through{};
    std::array<Holding, kLaneCount> here{};   // in the ring
    std::array<Holding, kLaneCount> flash{};  // in queue.db; never more than is there
    std::size_t erased = 0;                   // how many of the list count
};

// A record: this, the body, and padding to a multiple of 8.
struct RingRecord {
    std::uint32_t magic = 0;
    std::uint32_t length = 0;    // of all of it
    std::uint32_t released = 0;  // not in head_crc: set when the batch was delivered or moved
    std::uint32_t head_crc = 0;  // CRC-32C of what follows in this struct
    std::uint64_t position = 0;
    std::uint64_t epoch = 0;
    std::uint64_t seq = 0;
    std::uint64_t journal_through = 0;
    std::int64_t t0_boot_ms = 0;
    std::int64_t sealed_boot_ms = 0;
    std::int64_t sealed_wall_ms = 0;
    std::int64_t appended_boot_ms = 0;
    std::uint32_t boot = 0;
    std::uint32_t stream = 0;
    std::uint32_t samples = 0;
    std::uint32_t events = 0;
    std::uint32_t dict_size = 0;
    std::uint32_t codec = 0;
    std::uint32_t clock_quality = 0;
    std::uint32_t body_bytes = 0;
    std::uint32_t body_crc = 0;
    std::uint32_t length_again = 0;
};
static_assert(sizeof(RingRecord) % 8 == 0);

class RingFile {
public:
    static constexpr std::size_t kErasedOffset = 4096;
    static constexpr std::size_t kMostErased = 4096;
    static constexpr std::size_t kHeaderBytes = kErasedOffset + kMostErased * sizeof(std::uint64_t);

    // Maps an existing file as it is. not_found: there is none, or an empty one; unavailable:
    // another process has it, or it cannot be opened.
    static Result<RingFile> map(const std::string& path);
    // Makes a file of `capacity` bytes for records, all of them reserved, so that a full tmpfs is
    // an error here instead of SIGBUS later. It is ready under a temporary name until take_name().
    static Result<RingFile> make(
        const std::string& path, std::size_t capacity, std::uint64_t id, std::string_view boot_id
    );
    // The same in memory of the process; null when there is no memory.
    static RingFile in_memory(std::size_t capacity, std::uint64_t id);
    // The same records and id in a file of make(), not yet under its name and with no state
    // published.
    [[nodiscard]] Result<RingFile> copy_to(const std::string& path, std::string_view boot_id) const;
    Status take_name(const std::string& path);

    // Of a mapped file: was it made by this version, and is its header whole?
    [[nodiscard]] bool header_good() const;
    // With which capacity it was made; requires header_good(). A file that was cut has less.
    [[nodiscard]] std::size_t made_capacity() const;
    [[nodiscard]] bool of_boot(std::string_view boot_id) const;
    [[nodiscard]] std::uint64_t id() const;
    [[nodiscard]] std::size_t capacity() const { return memory_.size() - kHeaderBytes; }
    [[nodiscard]] bool usable() const { return memory_.data() != nullptr; }

    // The state published last. False: it is not whole.
    bool load(RingState& state) const;
    // One store makes all of `state` true, and the records it covers with it; kill -9 before it
    // leaves the last one.
    void publish(const RingState& state);

    // Requires which < kMostErased.
    void set_erased(std::size_t which, std::uint64_t position);
    [[nodiscard]] std::uint64_t erased(std::size_t which) const;

    // The bytes at an offset behind the header; the caller keeps within capacity().
    [[nodiscard]] char* at(std::size_t offset) { return memory_.data() + kHeaderBytes + offset; }
    [[nodiscard]] const char* at(std::size_t offset) const {
        return memory_.data() + kHeaderBytes + offset;
    }

private:
    Status reserve(std::size_t size);
    void write_header(std::size_t capacity, std::uint64_t id, std::string_view boot_id);

    UniqueFd file_;  // holds the flock; none: in memory
    SharedFile memory_;
    std::string temporary_;  // the file's name until take_name()
};

}  // namespace cxedge::store
