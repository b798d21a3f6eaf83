// SPDX-License-Identifier: Apache-2.0
#include "agent/store/ring_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/ids.hpp"

namespace cxedge::store {
namespace {

constexpr std::uint64_t kMagic = 0x31474E4952584331;  // "1CXRING1"
constexpr std::uint32_t kVersion = 2;

// At offset 0 of the header page.
struct Header {
    std::uint64_t magic;
    std::uint32_t version;
    std::uint32_t record_bytes;  // sizeof(RingRecord), so that another layout is not taken for ours
    std::uint64_t capacity;
    std::uint64_t id;
    std::uint64_t boot;  // of the kernel's boot id, 0: unknown
    std::uint32_t spare;
    std::uint32_t crc;  // of all above
};
constexpr std::size_t kActiveOffset = 128;
constexpr std::array<std::size_t, 2> kSlotOffsets{256, 1024};

// A RingState in the widths of the file, the same on every architecture.
struct Slot {
    std::uint64_t generation;
    std::uint64_t head;
    std::uint64_t tail;
    std::uint64_t wrap;
    std::uint64_t epoch;
    std::uint64_t next_number;
    std::array<std::uint64_t, kLaneCount> next_seq;
    std::array<std::uint64_t, kStreamCount> sealed_through;
    std::array<Holding, kLaneCount> here;
    std::array<Holding, kLaneCount> flash;
    std::uint64_t erased;
    std::uint32_t spare;
    std::uint32_t crc;
};
static_assert(sizeof(Header) <= kActiveOffset);
static_assert(kSlotOffsets[0] + sizeof(Slot) <= kSlotOffsets[1]);
static_assert(kSlotOffsets[1] + sizeof(Slot) <= RingFile::kErasedOffset);

template <class T>
std::string_view bytes_of(const T& value, std::size_t size = sizeof(T)) {
    return {reinterpret_cast<const char*>(&value), size};
}

template <class T>
T load_from(const char* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

std::uint32_t crc_of(const Header& header) {
    return crc32c(bytes_of(header, offsetof(Header, crc)));
}
std::uint32_t crc_of(const Slot& slot) {
    return crc32c(bytes_of(slot, offsetof(Slot, crc)));
}

std::uint64_t boot_number(std::string_view boot_id) {
    // Two sums with different beginnings: as good as the id for telling boots apart.
    return boot_id.empty() ? 0 : (std::uint64_t{crc32c(boot_id)} << 32U | crc32c(boot_id, 1)) | 1U;
}

std::atomic<std::uint32_t>& active(char* base) {
    static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
    return *static_cast<std::atomic<std::uint32_t>*>(static_cast<void*>(base + kActiveOffset));
}

// A reader that finds the file locked must not wait: it belongs to a running process.
Status lock_file(int file) {
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
        return unavailable("another process uses it");
    }
    return {};
}

bool load_slot(const char* base, std::size_t which, RingState& state) {
    const Slot slot = load_from<Slot>(base + kSlotOffsets.at(which));
    if (slot.crc != crc_of(slot)) {
        return false;
    }
    state.generation = slot.generation;
    state.head = static_cast<std::size_t>(slot.head);
    state.tail = static_cast<std::size_t>(slot.tail);
    state.wrap = static_cast<std::size_t>(slot.wrap);
    state.epoch = slot.epoch;
    state.next_number = slot.next_number;
    state.next_seq = slot.next_seq;
    state.sealed_through = slot.sealed_through;
    state.here = slot.here;
    state.flash = slot.flash;
    state.erased = static_cast<std::size_t>(slot.erased);
    return true;
}

Slot slot_of(const RingState& state) {
    Slot slot{
        state.generation,
        state.head,
        state.tail,
        state.wrap,
        state.epoch,
        state.next_number,
        state.next_seq,
        state.sealed_through,
        state.here,
        state.flash,
        state.erased,
        0,
        0};
    slot.crc = crc_of(slot);
    return slot;
}

}  // namespace

Result<RingFile> RingFile::map(const std::string& path) {
    RingFile ring;
    ring.file_ = UniqueFd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!ring.file_) {
        return errno == ENOENT ? not_found("no file") : system_error("opening", errno);
    }
    if (Status status = lock_file(ring.file_.get()); !status) {
        return status.error();
    }
    struct stat info {};
    if (::fstat(ring.file_.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
        return unavailable("not a regular file");
    }
    const auto size = static_cast<std::size_t>(info.st_size);
    if (size == 0) {
        return not_found("empty file");
    }
    if (size <= kHeaderBytes) {
        return corrupt("shorter than its header");
    }
    auto memory = SharedFile::map(ring.file_.get(), size);
    if (!memory) {
        return memory.error();
    }
    ring.memory_ = std::move(*memory);
    return ring;
}

Result<RingFile> RingFile::make(
    const std::string& path, std::size_t capacity, std::uint64_t id, std::string_view boot_id
) {
    RingFile ring;
    ring.temporary_ = path + ".new";
    const char* const temporary = ring.temporary_.c_str();
    ::unlink(temporary);
    ring.file_ =
        UniqueFd(::open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kPrivateFile)
        );
    if (!ring.file_) {
        return system_error("making", errno);
    }
    if (Status reserved = ring.reserve(kHeaderBytes + capacity); !reserved) {
        ::unlink(temporary);
        return reserved.error();
    }
    ring.write_header(capacity, id, boot_id);
    return ring;
}

Status RingFile::reserve(std::size_t size) {
    const int failure = ::posix_fallocate(file_.get(), 0, static_cast<off_t>(size));
    if (failure != 0) {
        return system_error("reserving its memory", failure);
    }
    if (Status status = lock_file(file_.get()); !status) {
        return status;
    }
    auto memory = SharedFile::map(file_.get(), size);
    if (!memory) {
        return memory.error();
    }
    memory_ = std::move(*memory);
    return {};
}

RingFile RingFile::in_memory(std::size_t capacity, std::uint64_t id) {
    RingFile ring;
    if (auto memory = SharedFile::anonymous(kHeaderBytes + capacity)) {
        ring.memory_ = std::move(*memory);
        ring.write_header(capacity, id, {});
    }
    return ring;
}

Result<RingFile> RingFile::copy_to(const std::string& path, std::string_view boot_id) const {
    auto copy = make(path, capacity(), id(), boot_id);
    if (copy) {
        std::memcpy(copy->at(0), at(0), capacity());
    }
    return copy;
}

Status RingFile::take_name(const std::string& path) {
    if (temporary_.empty()) {
        return {};  // in memory
    }
    if (::rename(temporary_.c_str(), path.c_str()) != 0) {
        Error error = system_error("naming", errno);
        ::unlink(temporary_.c_str());
        return error;
    }
    temporary_.clear();
    return {};
}

void RingFile::write_header(std::size_t capacity, std::uint64_t id, std::string_view boot_id) {
    Header header{kMagic, kVersion, sizeof(RingRecord), capacity, id, boot_number(boot_id), 0, 0};
    header.crc = crc_of(header);
    std::memcpy(memory_.data(), &header, sizeof header);
    publish(RingState());
}

bool RingFile::header_good() const {
    const auto header = load_from<Header>(memory_.data());
    return header.magic == kMagic && header.version == kVersion && header.crc == crc_of(header) &&
           header.record_bytes == sizeof(RingRecord);
}

std::size_t RingFile::made_capacity() const {
    return static_cast<std::size_t>(load_from<Header>(memory_.data()).capacity);
}

bool RingFile::of_boot(std::string_view boot_id) const {
    return !boot_id.empty() && load_from<Header>(memory_.data()).boot == boot_number(boot_id);
}

std::uint64_t RingFile::id() const {
    return load_from<Header>(memory_.data()).id;
}

bool RingFile::load(RingState& state) const {
    const auto which = load_from<std::uint32_t>(memory_.data() + kActiveOffset);
    return which <= 1 && load_slot(memory_.data(), which, state);
}

void RingFile::set_erased(std::size_t which, std::uint64_t position) {
    std::memcpy(
        memory_.data() + kErasedOffset + which * sizeof position, &position, sizeof position
    );
}

std::uint64_t RingFile::erased(std::size_t which) const {
    return load_from<std::uint64_t>(memory_.data() + kErasedOffset + which * sizeof(std::uint64_t));
}

void RingFile::publish(const RingState& state) {
    const auto which = static_cast<std::uint32_t>(state.generation & 1U);
    const Slot slot = slot_of(state);
    std::memcpy(memory_.data() + kSlotOffsets.at(which), &slot, sizeof slot);
    active(memory_.data()).store(which, std::memory_order_release);
}

}  // namespace cxedge::store
