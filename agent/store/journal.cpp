// SPDX-License-Identifier: Apache-2.0
#include "agent/store/journal.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

#include <fmt/core.h>
#include <unistd.h>

#include "agent/base/ids.hpp"
#include "agent/store/shared_file.hpp"

namespace cxedge::store {
namespace {

constexpr std::uint64_t kMagic = 0x31304c4e52584300;  // "\0CXRNL01"
constexpr std::size_t kPage = 4096;
// A snapshot leaves at least as much again for records.
constexpr std::size_t kLeastRecords = 64U << 10U;

// At the beginning of each file. Everything but `generation` and `tail` is written once.
struct Header {
    std::uint64_t magic;
    std::uint64_t capacity;
    std::uint64_t first_number;  // records before those of this file
    std::uint64_t snapshot_bytes;
    std::uint32_t snapshot_crc;
    std::uint32_t context_crc;
    std::uint32_t header_crc;  // of the fields above
    std::uint32_t unused;
    std::uint64_t generation;  // stored last: 0 while the file is being written
    std::uint64_t tail;        // end of the records: each is complete before it moves
};
static_assert(std::is_trivially_copyable_v<Header>);
static_assert(sizeof(Header) % alignof(std::uint64_t) == 0);

// Zeroes, as unused memory holds them, are no record.
constexpr std::uint32_t kRecordMark = 0xC0DE0001;

struct RecordHead {
    std::uint32_t bytes;
    std::uint32_t crc;
};

std::uint32_t crc_of(const Header& header) {
    const auto* const bytes = reinterpret_cast<const char*>(&header);  // as it lies in the file
    return crc32c({bytes, offsetof(Header, header_crc)});
}

std::size_t capacity_for(std::size_t snapshot, std::size_t least) {
    const std::size_t wanted = sizeof(Header) + 2 * snapshot + kLeastRecords + Journal::kReserve;
    return (std::max(wanted, least) + kPage - 1) / kPage * kPage;
}

}  // namespace

class Journal::File {
public:
    explicit File(SharedFile file) : file_(std::move(file)) {}

    // What is in the file can be believed, record by record up to the first bad one.
    [[nodiscard]] bool is_valid(std::uint32_t context_crc) const {
        const Header head = header();
        const bool whole = head.magic == kMagic && head.capacity == file_.size() &&
                           head.header_crc == crc_of(head) && head.context_crc == context_crc;
        return whole && generation() != 0 && head.snapshot_bytes <= file_.size() - sizeof(Header) &&
               crc32c(snapshot()) == head.snapshot_crc && tail() >= begin() &&
               tail() <= file_.size();
    }
    // Somebody's journal at all, of whichever context.
    [[nodiscard]] bool is_journal() const {
        const Header head = header();
        return head.magic == kMagic && head.header_crc == crc_of(head) && generation() != 0;
    }

    void begin_anew(std::string_view snapshot, std::uint64_t first_number, std::uint32_t context) {
        generation_word().store(0, std::memory_order_release);
        Header head{};
        head.magic = kMagic;
        head.capacity = file_.size();
        head.first_number = first_number;
        head.snapshot_bytes = snapshot.size();
        head.snapshot_crc = crc32c(snapshot);
        head.context_crc = context;
        head.header_crc = crc_of(head);
        head.tail = sizeof(Header) + snapshot.size();
        std::memcpy(file_.data(), &head, sizeof(head));
        std::copy(snapshot.begin(), snapshot.end(), file_.data() + sizeof(head));
    }
    void publish(std::uint64_t generation) {
        generation_word().store(generation, std::memory_order_release);
    }

    bool append(std::string_view record) {
        const std::size_t at = tail();
        const std::size_t bytes = sizeof(RecordHead) + record.size();
        if (bytes > file_.size() - at) {
            return false;
        }
        const RecordHead head{
            static_cast<std::uint32_t>(record.size()), crc32c(record) ^ kRecordMark};
        std::memcpy(file_.data() + at, &head, sizeof(head));
        std::memcpy(file_.data() + at + sizeof(head), record.data(), record.size());
        // After this store the record is there, whenever the process ends.
        tail_word().store(at + bytes, std::memory_order_release);
        return true;
    }

    // The record at `at`, which moves behind it; empty at the end or where it is damaged.
    [[nodiscard]] std::optional<std::string_view> next(std::size_t& at) const {
        if (tail() - at < sizeof(RecordHead)) {
            return std::nullopt;
        }
        RecordHead head{};
        std::memcpy(&head, file_.data() + at, sizeof(head));
        const std::size_t body = at + sizeof(head);
        if (head.bytes > tail() - body) {
            return std::nullopt;
        }
        const std::string_view record(file_.data() + body, head.bytes);
        if ((crc32c(record) ^ kRecordMark) != head.crc) {
            return std::nullopt;
        }
        at = body + head.bytes;
        return record;
    }
    void cut(std::size_t at) { tail_word().store(at, std::memory_order_release); }

    [[nodiscard]] std::uint64_t first_number() const { return header().first_number; }
    [[nodiscard]] std::string_view snapshot() const {
        return {file_.data() + sizeof(Header), static_cast<std::size_t>(header().snapshot_bytes)};
    }
    [[nodiscard]] std::size_t begin() const { return sizeof(Header) + snapshot().size(); }
    [[nodiscard]] std::uint64_t generation() const {
        return generation_word().load(std::memory_order_acquire);
    }
    [[nodiscard]] std::size_t tail() const {
        return static_cast<std::size_t>(tail_word().load(std::memory_order_acquire));
    }
    [[nodiscard]] std::size_t size() const { return file_.size(); }
    void rest() const { file_.rest(); }

private:
    [[nodiscard]] Header header() const {
        Header head{};
        std::memcpy(&head, file_.data(), sizeof(head));
        return head;
    }
    // A mapping begins on a page, so the words are aligned.
    [[nodiscard]] std::atomic_ref<std::uint64_t> word(std::size_t offset) const {
        return std::atomic_ref<std::uint64_t>(
            *static_cast<std::uint64_t*>(static_cast<void*>(file_.data() + offset))
        );
    }
    [[nodiscard]] std::atomic_ref<std::uint64_t> generation_word() const {
        return word(offsetof(Header, generation));
    }
    [[nodiscard]] std::atomic_ref<std::uint64_t> tail_word() const {
        return word(offsetof(Header, tail));
    }

    SharedFile file_;
};

Journal::Journal(JournalOptions options) : options_(std::move(options)) {
    if (options_.path.empty()) {
        memory_only_ = "there is no directory for the journal";
    }
}
Journal::~Journal() = default;

std::unique_ptr<Journal> Journal::open(JournalOptions options) {
    auto journal = std::unique_ptr<Journal>(new Journal(std::move(options)));
    journal->load();
    return journal;
}

// The path of a turn; empty when there are no files.
std::string Journal::path_of(std::size_t turn) const {
    return options_.path.empty() ? std::string() : options_.path + (turn == 0 ? "-a" : "-b");
}

Status Journal::make(std::size_t turn, std::size_t bytes, bool fresh) {
    const std::string path = path_of(turn);
    files_.at(turn).reset();  // nothing may be mapped while its file shrinks
    auto file = path.empty() ? SharedFile::anonymous(bytes) : SharedFile::open(path, bytes, fresh);
    if (!file) {
        return file.error();
    }
    files_.at(turn) = std::make_unique<File>(std::move(*file));
    return {};
}

// In memory instead, and says so.
void Journal::give_up_files(const std::string& why) {
    memory_only_ = why + "; what is not yet sealed lives in memory only";
    problem_ = memory_only_;
    lost_path_ = std::exchange(options_.path, {});
    files_ = {};
}

// A full tmpfs may have room again, a missing directory may be there.
bool Journal::take_files_back(std::size_t turn, std::size_t bytes) {
    if (lost_path_.empty()) {
        return false;
    }
    options_.path = lost_path_;
    ::unlink(path_of(1 - turn).c_str());  // a later start could take it for the newer one
    if (!make(turn, bytes, true)) {
        ::unlink(path_of(turn).c_str());
        options_.path.clear();
        return false;
    }
    lost_path_.clear();
    memory_only_.clear();
    return true;
}

void Journal::load() {
    for (std::size_t turn = 0; turn < files_.size(); ++turn) {
        const std::size_t size = SharedFile::size_of(path_of(turn));
        if (size > sizeof(Header)) {
            (void)make(turn, size, false);  // what cannot be opened is made anew below
        }
    }
    find_active();
    const bool found = files_.at(active_) != nullptr;
    if (found) {
        scan();
    }
    last_ = std::max(last_, options_.first_number);
    if (found) {
        return;
    }
    if (Status status = checkpoint({}); !status) {
        give_up_files(status.error().message);
        (void)checkpoint({});  // memory of this size is there, or the process is beyond help
    }
}

void Journal::find_active() {
    const std::uint32_t context = crc32c(options_.context);
    std::uint64_t newest = 0;
    for (std::size_t turn = 0; turn < files_.size(); ++turn) {
        const auto& file = files_.at(turn);
        if (file && file->is_valid(context) && file->generation() > newest) {
            newest = file->generation();
            active_ = turn;
        }
    }
    if (newest != 0) {
        return;
    }
    say_why_anew();
    files_ = {};
    for (std::size_t turn = 0; turn < files_.size() && !options_.path.empty(); ++turn) {
        // A later start could take the stale one for the newer.
        ::unlink(path_of(turn).c_str());
    }
}

void Journal::say_why_anew() {
    for (const auto& file : files_) {
        if (file && file->is_journal()) {
            abandoned_ += count(*file);
            problem_ = "the journal belongs to another spool or boot and was begun anew";
        } else if (file && problem_.empty()) {
            problem_ = "the journal was damaged and begun anew";
        }
    }
}

std::uint64_t Journal::count(const File& file) {
    std::uint64_t records = 0;
    std::size_t at = std::min(file.begin(), file.tail());
    while (file.tail() <= file.size() && file.next(at)) {
        ++records;
    }
    return records;
}

// Finds the last record, and cuts off what cannot be read.
void Journal::scan() {
    File& file = active();
    last_ = file.first_number();
    std::size_t at = file.begin();
    while (file.next(at)) {
        ++last_;
    }
    if (at != file.tail()) {
        problem_ =
            fmt::format("{} bytes of the journal were damaged and dropped", file.tail() - at);
        ++abandoned_;
        file.cut(at);
    }
}

std::string_view Journal::snapshot() const {
    return active().snapshot();
}

void Journal::replay(const std::function<void(std::uint64_t number, std::string_view record)>& take
) {
    const File& file = active();
    std::uint64_t number = file.first_number();
    std::size_t at = file.begin();
    while (const auto record = file.next(at)) {
        take(++number, *record);
    }
}

bool Journal::append(std::string_view record) {
    const bool fits = active().append(record);
    last_ += fits ? 1U : 0U;
    return fits;
}

Status Journal::checkpoint(std::string_view snapshot) {
    const bool first = files_.at(active_) == nullptr;
    const std::size_t turn = first ? active_ : 1 - active_;
    const std::size_t bytes = capacity_for(snapshot.size(), options_.bytes);
    auto& file = files_.at(turn);
    const bool back = take_files_back(turn, bytes);
    // A file that served a larger snapshot may stay until it is far too large.
    if (!back && (!file || file->size() < bytes || file->size() / 4 > bytes)) {
        if (Status made = make(turn, bytes, true); !made) {
            return made.error().during("journal");
        }
    }
    file->begin_anew(snapshot, last_, crc32c(options_.context));
    file->publish(first ? 1 : active().generation() + 1);
    if (!first) {
        active().rest();
    }
    active_ = turn;
    if (back) {
        files_.at(1 - turn).reset();
    }
    return {};
}

std::size_t Journal::used_bytes() const {
    return active().tail();
}

std::size_t Journal::capacity() const {
    return active().size();
}

}  // namespace cxedge::store
