// SPDX-License-Identifier: Apache-2.0
#include "agent/model/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace cxedge {
namespace {

constexpr double kBucketsPerOctave = 1U << static_cast<unsigned>(Histogram::kScale);

// The point of a bucket with the same relative error towards both bounds (their harmonic mean).
double centre_of(std::int32_t index) {
    const double base = std::exp2(1 / kBucketsPerOctave);
    return Histogram::bucket_bound(index) * (2 * base / (base + 1));
}

void add_all(Histogram::Buckets& to, const Histogram::Buckets& from) {
    for (const auto& [index, n] : from) {
        to[index] += n;
    }
}

}  // namespace

double Histogram::bucket_bound(std::int32_t index) {
    return std::exp2(static_cast<double>(index) / kBucketsPerOctave);
}

std::int32_t Histogram::bucket_of(double positive_value) {
    const double exact = std::log2(positive_value) * kBucketsPerOctave;
    auto index = static_cast<std::int32_t>(std::ceil(exact)) - 1;
    // log2 rounds: settle values that sit on a bound by the bucket rule itself.
    if (positive_value <= bucket_bound(index)) {
        --index;
    } else if (positive_value > bucket_bound(index + 1)) {
        ++index;
    }
    return index;
}

bool Histogram::record(double value) {
    if (!std::isfinite(value)) {
        return false;
    }
    min_ = count_ == 0 ? value : std::min(min_, value);
    max_ = count_ == 0 ? value : std::max(max_, value);
    ++count_;
    sum_ += value;
    if (value > 0) {
        ++positive_[bucket_of(value)];
    } else if (value < 0) {
        ++negative_[bucket_of(-value)];
    } else {
        ++zeros_;
    }
    return true;
}

void Histogram::merge(const Histogram& other) {
    if (other.count_ == 0) {
        return;
    }
    min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
    max_ = count_ == 0 ? other.max_ : std::max(max_, other.max_);
    count_ += other.count_;
    zeros_ += other.zeros_;
    sum_ += other.sum_;
    add_all(positive_, other.positive_);
    add_all(negative_, other.negative_);
}

double Histogram::quantile(double q) const {
    if (count_ == 0) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    // Nearest rank: the k-th smallest observation, k in 1..count.
    const auto rank =
        static_cast<std::uint64_t>(std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_))
        );
    const std::uint64_t wanted = std::max<std::uint64_t>(rank, 1);
    std::uint64_t seen = 0;
    for (auto it = negative_.end(); it != negative_.begin();) {
        --it;
        seen += it->second;
        if (seen >= wanted) {
            return std::clamp(-centre_of(it->first), min_, max_);
        }
    }
    seen += zeros_;
    if (seen >= wanted) {
        return 0;
    }
    for (const auto& [index, n] : positive_) {
        seen += n;
        if (seen >= wanted) {
            return std::clamp(centre_of(index), min_, max_);
        }
    }
    return max_;
}

Histogram Histogram::from_parts(Parts parts) {
    Histogram out;
    out.count_ = parts.count;
    out.zeros_ = parts.zeros;
    out.sum_ = parts.sum;
    out.min_ = parts.min;
    out.max_ = parts.max;
    out.positive_ = std::move(parts.positive);
    out.negative_ = std::move(parts.negative);
    return out;
}

}  // namespace cxedge
