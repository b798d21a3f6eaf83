// SPDX-License-Identifier: Apache-2.0
// Bodies of history.db and its stash: what a damaged disk may hold where a check sum is right by
// chance. Whatever can be read can be written again, and says the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/store/history_merge.hpp"
#include "agent/store/history_stash.hpp"

namespace {

using namespace cxedge::store;

struct Counts {
    std::uint64_t cells = 0;
    std::uint64_t samples = 0;
    std::uint64_t lost = 0;
    bool operator==(const Counts&) const = default;
};

bool count(std::string_view body, std::int64_t origin_ms, Counts& counts) {
    const auto all = [](std::uint32_t) {
        return true;
    };
    const auto take = [&counts](std::uint32_t, const HistoryCell& cell) {
        ++counts.cells;
        counts.samples += cell.samples;
        counts.lost += cell.lost;
    };
    return read_chunk(body, origin_ms, {all, take}).ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    static_cast<void>(decode_stash(bytes));
    static_cast<void>(read_events(bytes, 0, [](std::int64_t, std::string_view) {}));
    Counts before;
    const bool sound = count(bytes, 0, before);
    for (const std::int64_t step : {0, 60000, 3600000}) {
        const auto merged = merge_chunks({{bytes, 0, nullptr}}, step);
        if (merged.ok() != sound) {
            std::abort();
        }
        Counts after;
        for (std::size_t i = 0; merged && i < merged->size(); ++i) {
            if (!count((*merged)[i].chunk.body, (*merged)[i].chunk.origin_ms, after)) {
                std::abort();
            }
        }
        if (sound && (after.samples != before.samples || after.lost != before.lost)) {
            std::abort();
        }
    }
    return 0;
}
