// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/histogram_codec.hpp"

#include <array>
#include <limits>

#include <fmt/core.h>

#include "agent/base/decimal.hpp"

#include "cx.pb.h"

namespace cxedge::wire {
namespace {

// Fewest decimals that hold as many of the three as any number of decimals does.
unsigned decimals_for(const std::array<double, 3>& values) {
    unsigned best = 0;
    int most = 0;
    for (unsigned decimals = 0; decimals <= kMaxDecimals; ++decimals) {
        int held = 0;
        std::int64_t units = 0;
        for (const double value : values) {
            held += to_units(value, decimals, units) ? 1 : 0;
        }
        if (held > most) {
            most = held;
            best = decimals;
        }
    }
    return best;
}

void encode_summary(const Histogram& histogram, cx::v1::Histogram& out) {
    const unsigned decimals = decimals_for({histogram.sum(), histogram.min(), histogram.max()});
    out.set_decimals(decimals);
    std::int64_t units = 0;
    if (to_units(histogram.sum(), decimals, units)) {
        out.set_sum(units);
    } else {
        out.set_exact_sum(histogram.sum());
    }
    if (to_units(histogram.min(), decimals, units)) {
        out.set_min(units);
    } else {
        out.set_exact_min(histogram.min());
    }
    if (to_units(histogram.max(), decimals, units)) {
        out.set_max(units);
    } else {
        out.set_exact_max(histogram.max());
    }
}

// Returns the observations in the buckets, modulo 2^64.
template <class Indexes, class Counts>
std::uint64_t encode_buckets(const Histogram::Buckets& buckets, Indexes& indexes, Counts& counts) {
    std::uint64_t total = 0;
    std::int32_t last = 0;
    for (const auto& [index, count] : buckets) {
        // Differences of 32-bit indexes wrap like everything else.
        indexes.Add(static_cast<std::int32_t>(
            static_cast<std::uint32_t>(index) - static_cast<std::uint32_t>(last)
        ));
        counts.Add(count);
        last = index;
        total += count;
    }
    return total;
}

template <class Indexes, class Counts>
Status decode_buckets(const Indexes& indexes, const Counts& counts, Histogram::Buckets& out) {
    if (indexes.size() != counts.size()) {
        return corrupt(
            fmt::format("histogram: {} bucket indexes but {} counts", indexes.size(), counts.size())
        );
    }
    std::uint32_t index = 0;
    for (int i = 0; i < indexes.size(); ++i) {
        const auto before = static_cast<std::int32_t>(index);
        index += static_cast<std::uint32_t>(indexes.Get(i));
        if (i > 0 && static_cast<std::int32_t>(index) <= before) {
            return corrupt("histogram: bucket indexes do not rise");
        }
        out.emplace_hint(out.end(), static_cast<std::int32_t>(index), counts.Get(i));
    }
    return {};
}

std::uint64_t total_of(const Histogram::Buckets& buckets) {
    std::uint64_t total = 0;
    for (const auto& [index, count] : buckets) {
        total += count;
    }
    return total;
}

Status check(const cx::v1::Histogram& in, std::size_t bucket_budget) {
    if (in.scale() != 0 && in.scale() != Histogram::kScale) {
        return corrupt(fmt::format("histogram: scale {} is unknown", in.scale()));
    }
    if (in.decimals() > kMaxDecimals) {
        return corrupt(
            fmt::format("histogram: {} decimals, at most {}", in.decimals(), kMaxDecimals)
        );
    }
    const auto buckets = static_cast<std::size_t>(in.index_size()) +
                         static_cast<std::size_t>(in.negative_index_size());
    if (buckets > bucket_budget) {
        return corrupt("histogram: too many buckets in this body");
    }
    return {};
}

}  // namespace

void encode_histogram(const Histogram& histogram, cx::v1::Histogram& out) {
    encode_summary(histogram, out);
    out.set_zeros(histogram.zeros());
    std::uint64_t total = histogram.zeros();
    total += encode_buckets(histogram.positive(), *out.mutable_index(), *out.mutable_n());
    total += encode_buckets(
        histogram.negative(), *out.mutable_negative_index(), *out.mutable_negative_n()
    );
    if (total != histogram.count()) {
        out.set_count(histogram.count());
    }
}

Result<Histogram> decode_histogram(const cx::v1::Histogram& in, std::size_t& bucket_budget) {
    if (const Status fine = check(in, bucket_budget); !fine) {
        return fine.error();
    }
    Histogram::Parts parts;
    if (const Status fine = decode_buckets(in.index(), in.n(), parts.positive); !fine) {
        return fine.error();
    }
    if (const Status fine = decode_buckets(in.negative_index(), in.negative_n(), parts.negative);
        !fine) {
        return fine.error();
    }
    bucket_budget -= parts.positive.size() + parts.negative.size();
    parts.zeros = in.zeros();
    parts.count = in.has_count()
                      ? in.count()
                      : parts.zeros + total_of(parts.positive) + total_of(parts.negative);
    parts.sum = in.has_exact_sum() ? in.exact_sum() : from_units(in.sum(), in.decimals());
    parts.min = in.has_exact_min() ? in.exact_min() : from_units(in.min(), in.decimals());
    parts.max = in.has_exact_max() ? in.exact_max() : from_units(in.max(), in.decimals());
    return Histogram::from_parts(std::move(parts));
}

}  // namespace cxedge::wire
