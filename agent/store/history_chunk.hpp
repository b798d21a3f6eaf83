// SPDX-License-Identifier: Apache-2.0
// The body of a row of history.db: many series over some time, or events. README.md has it byte by
// byte. Pure; thread: any, objects are single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/store/history_cell.hpp"

namespace cxedge::store {

// Times beyond this, in ms from 1970, are no times: a hundred million days. Whole days, so that the
// end of a step is within it too.
inline constexpr std::int64_t kHistoryTimeLimit = 100'000'000LL * 24 * 3600 * 1000;

// Times in `body` are relative to `origin_ms`, so that a whole chunk can be moved.
struct HistoryChunk {
    std::int64_t origin_ms = 0;  // UTC
    std::int64_t first_ms = 0;   // of the cells or events in it
    std::int64_t last_ms = 0;
    std::uint32_t first_series = 0;
    std::uint32_t last_series = 0;
    std::string body;
};

// Cells of one series with one step, in order of time.
struct HistoryRun {
    std::uint32_t series = 0;
    std::int64_t step_ms = 0;
    std::vector<HistoryCell> cells;
};

class ChunkWriter {
public:
    explicit ChunkWriter(std::int64_t origin_ms);
    // Series come in rising order. Nothing for a run without cells.
    void add(const HistoryRun& run);
    // Requires: not mixed with add(). `bytes` are the caller's.
    void add_event(std::int64_t at_ms, std::string_view bytes);
    [[nodiscard]] bool empty() const { return chunk_.body.empty(); }
    [[nodiscard]] std::size_t bytes() const { return chunk_.body.size(); }
    // What was written; the writer begins again.
    HistoryChunk take();

private:
    void span(std::int64_t at_ms);

    HistoryChunk chunk_;
    std::uint32_t series_ = 0;  // of the block before
    std::string block_;
};

// Bodies grow to about this: a query reads whole ones, and each costs a row.
inline constexpr std::size_t kChunkBytes = 16U << 10U;

// Runs or events as they come, cut into chunks.
struct SealedChunk {
    bool events = false;
    HistoryChunk chunk;
};
class ChunkSink {
public:
    explicit ChunkSink(std::int64_t origin_ms) : writer_(origin_ms) {}
    // As in ChunkWriter; cut() between runs and events.
    void add(const HistoryRun& run);
    void add_event(std::int64_t at_ms, std::string_view bytes);
    void cut();
    // After cut().
    std::vector<SealedChunk> take() { return std::move(done_); }

private:
    void cut_large();

    ChunkWriter writer_;
    bool events_ = false;
    std::vector<SealedChunk> done_;
};

struct ChunkVisit {
    std::function<bool(std::uint32_t series)> wanted;
    std::function<void(std::uint32_t series, HistoryCell cell)> take;
};
// In the order of the blocks. corrupt: says where; what came before it was visited.
Status read_chunk(std::string_view body, std::int64_t origin_ms, const ChunkVisit& visit);
Status read_events(
    std::string_view body,
    std::int64_t origin_ms,
    const std::function<void(std::int64_t at_ms, std::string_view bytes)>& take
);

}  // namespace cxedge::store
