// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_set>

#include "agent/base/byte_codec.hpp"
#include "agent/model/series.hpp"

namespace cxedge::pipeline {

// The names (Occasion::key) of the last readings that had one, of all series together. Pure;
// thread: one.
// Of a series' key: the same in every process, whatever number the series has there.
std::uint64_t name_hash(const SeriesKey& key);

class SeenKeys {
public:
    static constexpr std::size_t kMost = 32'768;

    // False: it was there already. `series` is name_hash(), which the next process has, too.
    bool insert(std::uint64_t series, std::uint64_t key);

    void save(ByteWriter& bytes) const;
    bool read(ByteReader& bytes);

private:
    void add(std::uint64_t mixed);

    std::deque<std::uint64_t> order_;  // oldest first
    std::unordered_set<std::uint64_t> known_;
};

}  // namespace cxedge::pipeline
