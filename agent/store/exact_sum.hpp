// SPDX-License-Identifier: Apache-2.0
// A sum of doubles that loses nothing, in whatever order it is built: what the history adds up over
// minutes and hours stays equal to the sum of the single values. Values on the decimal grid (nine
// decimals at most, base/decimal.hpp) are added as integers, all others as parts that do not
// overlap (J. R. Shewchuk, Adaptive Precision Floating-Point Arithmetic, 1997, "grow expansion").
#pragma once

#include <cstdint>
#include <vector>

namespace cxedge::store {

class ExactSum {
public:
    static constexpr std::int64_t kNano = 1'000'000'000;

    ExactSum() = default;
    explicit ExactSum(double value) { add(value); }

    void add(double value);
    void add(const ExactSum& other);
    // The double next to the sum; NaN or an infinity once one was added or the sum is beyond
    // doubles.
    [[nodiscard]] double value() const;

    // For the codec. `nano` counts 1e-9 and is in [0, kNano).
    struct Parts {
        std::int64_t whole = 0;
        std::int64_t nano = 0;
        std::vector<double> binary;  // rising magnitudes
        double special = 0;          // sum of NaNs and infinities; 0: there was none
    };
    [[nodiscard]] const Parts& parts() const { return parts_; }
    // False: no sum has such parts.
    static bool from_parts(Parts parts, ExactSum& sum);

private:
    void add_decimal(std::int64_t whole, std::int64_t nano);
    void add_whole(std::int64_t whole);
    void add_binary(double value);

    Parts parts_;
};

}  // namespace cxedge::store
