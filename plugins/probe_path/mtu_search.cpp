// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_path/mtu_search.hpp"

#include <algorithm>

namespace cxedge::plugins {
namespace {

constexpr int kLeastIpv4 = 68;     // RFC 791 3.2: every network passes it
constexpr int kEveryHost4 = 576;   // RFC 791 3.1: every host takes it
constexpr int kLeastIpv6 = 1'280;  // RFC 8200 5

}  // namespace

MtuSearch::MtuSearch(bool v6, int largest)
    : floor_(v6 ? kLeastIpv6 : kLeastIpv4),
      base_(std::min(v6 ? kLeastIpv6 : kEveryHost4, largest)),
      high_(largest),
      hint_(largest) {}

std::optional<int> MtuSearch::next() const {
    if (dead_ || low_ >= high_) {
        return std::nullopt;
    }
    if (hint_ > low_ && hint_ <= high_) {
        return hint_;
    }
    return low_ == 0 ? base_ : low_ + (high_ - low_ + 1) / 2;
}

void MtuSearch::arrived(int size) {
    low_ = std::max(low_, size);
    high_ = std::max(high_, low_);  // what was thought lost came late
}

void MtuSearch::too_big(int size, int told) {
    const bool usable = told > 0 && told < size;
    const int high = usable ? std::max(told, floor_) : size - 1;
    if (high >= high_) {
        return;  // known
    }
    shrink(high);
    hint_ = usable ? high : 0;
    // What vanished was larger than what a router objects to: it may be the same one, tired of
    // saying so.
    black_hole_ = false;
}

void MtuSearch::silent(int size) {
    if (size <= base_ && low_ == 0) {
        dead_ = true;
        return;
    }
    if (size <= high_) {
        shrink(size - 1);
        hint_ = 0;
        black_hole_ = true;
    }
}

// The way has become narrower than what has passed before: from the start.
void MtuSearch::shrink(int high) {
    high_ = high;
    base_ = std::min(base_, high);
    dead_ = dead_ || high < floor_;
    if (low_ > high_) {
        low_ = 0;
    }
}

std::optional<int> MtuSearch::found() const {
    return !dead_ && low_ > 0 && low_ >= high_ ? std::optional(low_) : std::nullopt;
}

}  // namespace cxedge::plugins
