// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "agent/base/result.hpp"
#include "agent/model/histogram.hpp"

namespace cx::v1 {
class Histogram;
}

namespace cxedge::wire {

void encode_histogram(const Histogram& histogram, cx::v1::Histogram& out);
// Takes its buckets out of `bucket_budget`; corrupt when that is too small or a field is wrong.
Result<Histogram> decode_histogram(const cx::v1::Histogram& in, std::size_t& bucket_budget);

}  // namespace cxedge::wire
