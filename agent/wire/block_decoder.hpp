// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/model/sample.hpp"

namespace cxedge::wire {

// What the blocks of one body may still use, and what they refer to.
struct BlockContext {
    SampleTime t0;  // what the body's relative times count from, and the base they get
    std::uint32_t dict_size = 0;
    std::size_t samples_left = 0;
    std::size_t buckets_left = 0;
};

// Appends the block's samples to `out`. corrupt: says which field is wrong and why.
Status decode_block(std::string_view bytes, BlockContext& context, std::vector<Sample>& out);

}  // namespace cxedge::wire
