// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "agent/wire/sample_groups.hpp"

namespace cx::v1 {
class Block;
class Body;
}  // namespace cx::v1

namespace cxedge::wire {

// Samples -> blocks: columns with the same times share a grid; numbers with times of their own
// share one scattered block as soon as blocks for each would cost more. Keeps its buffers. Thread:
// one.
class BlockEncoder {
public:
    // Boot times are written relative to `t0`.
    void encode(const std::vector<Sample>& samples, std::int64_t t0, cx::v1::Body& body);

private:
    struct ScatteredCell {
        std::uint32_t sample;  // order of arrival
        std::uint32_t cell;
        std::uint32_t column;
    };

    void encode_alike(std::uint32_t first_group, std::uint32_t last_group);
    [[nodiscard]] bool deserves_grid(const Group& group) const;
    [[nodiscard]] bool is_regular(const Column& column) const;
    void encode_grid(const Group& group);
    void encode_times(const Column& column, cx::v1::Block& block) const;
    void encode_numbers(const Group& group, cx::v1::Block& block);
    void add_histogram(const Cell& cell, cx::v1::Block& block) const;
    void encode_histograms(const Group& group, cx::v1::Block& block) const;
    void encode_scattered();
    void collect_scattered();
    [[nodiscard]] std::int64_t relative(const Cell& cell) const;

    SampleGroups groups_;
    std::vector<Group> leftovers_;  // groups of one round and base that go into a scattered block
    std::vector<const Column*> columns_;  // of the scattered block, by series
    std::vector<ScatteredCell> scattered_;
    std::vector<unsigned> decimals_;
    std::vector<std::int64_t> running_;
    const std::vector<Sample>* samples_ = nullptr;
    cx::v1::Body* body_ = nullptr;
    std::int64_t t0_ = 0;
};

}  // namespace cxedge::wire
