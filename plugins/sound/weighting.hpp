// SPDX-License-Identifier: Apache-2.0
// Frequency weightings A, C and Z of IEC 61672-1 as digital filters, and the energy behind them.
// Pure. Thread: any, one at a time.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace cxedge::plugins {

// One second-order section; state of two numbers.
class Biquad {
public:
    struct Coefficients {
        double b0 = 1;
        double b1 = 0;
        double b2 = 0;
        double a1 = 0;
        double a2 = 0;
    };
    Biquad() = default;
    explicit Biquad(const Coefficients& c) : c_(c) {}
    double next(double in) {
        const double out = c_.b0 * in + s1_;
        s1_ = c_.b1 * in - c_.a1 * out + s2_;
        s2_ = c_.b2 * in - c_.a2 * out;
        return out;
    }
    // Amplification at a frequency.
    [[nodiscard]] double gain(double hz, double rate) const;

private:
    Coefficients c_;
    double s1_ = 0;
    double s2_ = 0;
};

// Rates for which the response is within class 2 up to 8 kHz.
inline constexpr double kLowestRate = 32'000;
inline constexpr double kHighestRate = 192'000;

class Weighting {
public:
    // 'A', 'C' or 'Z'; Z only takes away what is no sound (below 5 Hz).
    Weighting(char name, double rate);
    double next(double in) {
        for (Biquad& section : sections_) {
            in = section.next(in);
        }
        return in * scale_;
    }
    // Decibels at a frequency, 0 at 1 kHz.
    [[nodiscard]] double response_db(double hz) const;

private:
    std::array<Biquad, 3> sections_;
    double rate_;
    double scale_ = 1;
};

// All that stays of the sound: the sum of squares of a period.
class EnergyMeter {
public:
    EnergyMeter(char weighting, double rate) : weighting_(weighting, rate) {}
    // Samples of full scale 1.
    void add(std::span<const float> samples);
    [[nodiscard]] std::size_t count() const { return count_; }
    // Mean square since the last call, and begins anew.
    double take();

private:
    Weighting weighting_;
    double energy_ = 0;
    std::size_t count_ = 0;
};

// Decibels of a mean square; 0 is that of a sine at full scale.
double level_db(double mean_square);

}  // namespace cxedge::plugins
