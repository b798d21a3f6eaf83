// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/ctl/receiver.hpp"

namespace cxedge::ctl {

// What was received, as one JSON line: samples, events, batches, duplicate_batches, gaps,
// dead_letters, payload_bytes, bytes_per_sample (null without samples), dictionary_bytes, errors,
// waiting_batches, seconds, and "lanes": the counts of every (node, epoch, lane).
std::string summary_json(const Totals& totals, const Lanes& lanes, double seconds);

}  // namespace cxedge::ctl
