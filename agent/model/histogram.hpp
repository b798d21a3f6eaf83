// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>

namespace cxedge {

// Sparse exponential histogram. Bucket i holds values v with base^i < v <= base^(i+1), where
// base = 2^(2^-kScale) (same bucket rule as the OpenTelemetry exponential histogram data model);
// relative error of a quantile is at most (base-1)/(base+1), 1.1 % at scale 5. Zero has its own
// count; negative values go to their own mirrored buckets.
class Histogram {
public:
    static constexpr int kScale = 5;
    using Buckets = std::map<std::int32_t, std::uint64_t>;

    // Ignores NaN and infinities (returns false).
    bool record(double value);
    void merge(const Histogram& other);

    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] double sum() const { return sum_; }
    [[nodiscard]] double min() const { return min_; }
    [[nodiscard]] double max() const { return max_; }
    [[nodiscard]] std::uint64_t zeros() const { return zeros_; }
    [[nodiscard]] const Buckets& positive() const { return positive_; }
    [[nodiscard]] const Buckets& negative() const { return negative_; }

    // Value at quantile q in [0, 1], within the bucket's relative error and never outside
    // [min, max]; NaN when empty.
    [[nodiscard]] double quantile(double q) const;

    // Lower bound of bucket `index` (exclusive); the upper bound is bucket_bound(index + 1).
    static double bucket_bound(std::int32_t index);
    static std::int32_t bucket_of(double positive_value);

    // For the decoder: rebuilds a histogram from its parts.
    struct Parts {
        std::uint64_t count = 0;
        std::uint64_t zeros = 0;
        double sum = 0;
        double min = 0;
        double max = 0;
        Buckets positive;
        Buckets negative;
    };
    static Histogram from_parts(Parts parts);

    bool operator==(const Histogram&) const = default;

private:
    std::uint64_t count_ = 0;
    std::uint64_t zeros_ = 0;
    double sum_ = 0;
    double min_ = 0;
    double max_ = 0;
    Buckets positive_;
    Buckets negative_;
};

}  // namespace cxedge
