// SPDX-License-Identifier: Apache-2.0
// The journal: what was accepted and is not yet in a sealed batch, as records in a MAP_SHARED file
// on tmpfs, so that the end of the process loses none of it and writing costs no flash. Two files
// take turns: a checkpoint writes a snapshot of what the records led to into the other file, and
// the records begin again behind it. Layout: README.md in this folder. Thread: one, ingest's.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"

namespace cxedge::store {

struct JournalOptions {
    std::string path;                 // "{path}-a" and "{path}-b"; empty: memory of the process
    std::size_t bytes = 256U << 10U;  // of each file; grows with the snapshot
    // What the records refer to (ring ids, boot): a journal of another context is of no use.
    std::string context;
    // Records up to this number are in batches already: a journal begun anew goes on behind it.
    std::uint64_t first_number = 0;
};

class Journal {
public:
    // Never fails for what a file holds: an unusable journal is remade and problem() says why. When
    // no file can be made (missing directory, no space): memory, which the process takes with it.
    static std::unique_ptr<Journal> open(JournalOptions options);
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;
    ~Journal();

    // What to be said about opening; empty = nothing.
    [[nodiscard]] const std::string& problem() const { return problem_; }
    // Why it lives in memory, which the process takes with it; empty: it has its files. Each
    // checkpoint() tries to have them again.
    [[nodiscard]] const std::string& memory_only() const { return memory_only_; }
    // Records found of another context or that are damaged, as far as they can be counted.
    [[nodiscard]] std::uint64_t abandoned() const { return abandoned_; }

    // What the process before left: the snapshot of its last checkpoint, then each record with its
    // number, in order. Views are valid until the next checkpoint().
    [[nodiscard]] std::string_view snapshot() const;
    void replay(const std::function<void(std::uint64_t number, std::string_view record)>& take);

    // Number of the last record, counted through all checkpoints; 0: none yet.
    [[nodiscard]] std::uint64_t last() const { return last_; }
    // Survives the process on return. False: it does not fit; checkpoint() makes room, and is due
    // when less than kReserve is left.
    static constexpr std::size_t kReserve = 16U << 10U;
    bool append(std::string_view record);
    // Begins anew with `snapshot` instead of the records so far. exhausted, unavailable: no room
    // for it; nothing has changed then.
    Status checkpoint(std::string_view snapshot);

    [[nodiscard]] std::size_t used_bytes() const;
    [[nodiscard]] std::size_t capacity() const;

private:
    class File;
    explicit Journal(JournalOptions options);
    void load();
    void find_active();
    void say_why_anew();
    void scan();
    [[nodiscard]] std::string path_of(std::size_t turn) const;
    Status make(std::size_t turn, std::size_t bytes, bool fresh);
    void give_up_files(const std::string& why);
    bool take_files_back(std::size_t turn, std::size_t bytes);
    static std::uint64_t count(const File& file);
    [[nodiscard]] File& active() const { return *files_.at(active_); }

    JournalOptions options_;
    std::array<std::unique_ptr<File>, 2> files_;
    std::size_t active_ = 0;
    std::uint64_t last_ = 0;
    std::uint64_t abandoned_ = 0;
    std::string problem_;
    std::string memory_only_;
    std::string lost_path_;  // of the files that could not be had
};

}  // namespace cxedge::store
