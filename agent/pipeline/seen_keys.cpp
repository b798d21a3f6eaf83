// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/seen_keys.hpp"

#include "agent/base/fnv.hpp"

namespace cxedge::pipeline {
namespace {

// The finaliser of SplitMix64: neighbours become strangers.
std::uint64_t scattered(std::uint64_t bits) {
    bits = (bits ^ (bits >> 30U)) * 0xBF58476D1CE4E5B9U;
    bits = (bits ^ (bits >> 27U)) * 0x94D049BB133111EBU;
    return bits ^ (bits >> 31U);
}

}  // namespace

std::uint64_t name_hash(const SeriesKey& key) {
    return fnv1a(to_string(key));
}

bool SeenKeys::insert(std::uint64_t series, std::uint64_t key) {
    const std::uint64_t mixed = scattered(key + scattered(series));
    if (known_.count(mixed) != 0) {
        return false;
    }
    add(mixed);
    return true;
}

void SeenKeys::add(std::uint64_t mixed) {
    order_.push_back(mixed);
    known_.insert(mixed);
    if (order_.size() > kMost) {
        known_.erase(order_.front());
        order_.pop_front();
    }
}

void SeenKeys::save(ByteWriter& bytes) const {
    bytes.number(order_.size());
    for (const std::uint64_t mixed : order_) {
        bytes.number(mixed);
    }
}

bool SeenKeys::read(ByteReader& bytes) {
    for (std::uint64_t left = bytes.number(); left > 0 && bytes.good(); --left) {
        add(bytes.number());
    }
    return bytes.good();
}

}  // namespace cxedge::pipeline
