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
class SeenKeys {
public:
    static constexpr std::size_t kMost = 4'096;

    // False: it was there already.
    bool insert(SeriesId series, std::uint64_t key);

    void save(ByteWriter& bytes) const;
    bool read(ByteReader& bytes);

private:
    void add(std::uint64_t mixed);

    std::deque<std::uint64_t> order_;  // oldest first
    std::unordered_set<std::uint64_t> known_;
};

}  // namespace cxedge::pipeline
