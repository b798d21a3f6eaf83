// SPDX-License-Identifier: Apache-2.0
// What the history has sealed and not yet committed, as a file on tmpfs: it outlives the process
// and costs no flash. Written whole, renamed into place. Thread: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/store/history_slice.hpp"

namespace cxedge::store {

// What was sealed at once. Series in its chunks are numbers of HistoryStash::definitions.
struct StashedSlice {
    std::uint64_t number = 0;    // rising in a run; what history.db has by this number is there
    std::uint64_t items = 0;     // samples and events
    std::uint32_t boot = 0;      // that boot times in it were of
    std::int64_t offset_ms = 0;  // with which they became UTC
    std::vector<SlicedChunk> chunks;

    [[nodiscard]] std::size_t bytes() const;
};

struct HistoryStash {
    std::string context;        // what `through` refers to
    std::uint64_t through = 0;  // record of the journal
    std::uint64_t run = 0;      // random; of the slices' numbers
    std::uint64_t last_number = 0;
    std::vector<std::string> definitions;
    std::vector<StashedSlice> slices;
};

std::string encode_stash(const HistoryStash& stash);
// corrupt: not what encode_stash() made.
Result<HistoryStash> decode_stash(std::string_view bytes);

// unavailable: says why; what was there before is still there.
Status write_stash_file(const std::string& path, const HistoryStash& stash);
// not_found: there is none.
Result<HistoryStash> read_stash_file(const std::string& path);

}  // namespace cxedge::store
