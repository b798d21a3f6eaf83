// SPDX-License-Identifier: Apache-2.0
#include "plugins/sound/weighting.hpp"

#include <cmath>
#include <complex>
#include <numbers>

namespace cxedge::plugins {
namespace {

// Pole frequencies of IEC 61672-1, annex E, in Hz.
constexpr double kF1 = 20.598997;
constexpr double kF2 = 107.65265;
constexpr double kF3 = 737.86223;
constexpr double kF4 = 12'194.217;
constexpr double kDcBlock = 5;  // the Z weighting begins at 10 Hz

// (zeros at s = 0: `zeros` of 2) / ((s + w of p)(s + w of q)), by the bilinear transform. The poles
// are put where they fall at the same frequencies; near half the rate the response falls too early,
// within the limits of class 1 from 44.1 kHz on and of class 2 from 32 kHz on.
Biquad section(double p_hz, double q_hz, bool high_pass, double rate) {
    const double k = 2 * rate;
    const double p = 2 * std::numbers::pi * p_hz;
    const double q = 2 * std::numbers::pi * q_hz;
    const double a0 = (k + p) * (k + q);
    const double a1 = 2 * (p * q - k * k);
    const double a2 = (k - p) * (k - q);
    const double b = (high_pass ? k * k : p * q) / a0;
    return Biquad({b, high_pass ? -2 * b : 2 * b, b, a1 / a0, a2 / a0});
}

}  // namespace

double Biquad::gain(double hz, double rate) const {
    const std::complex<double> z = std::polar(1.0, -2 * std::numbers::pi * hz / rate);
    return std::abs((c_.b0 + z * (c_.b1 + z * c_.b2)) / (1.0 + z * (c_.a1 + z * c_.a2)));
}

Weighting::Weighting(char name, double rate) : rate_(rate) {
    if (name == 'Z') {
        sections_ = {section(kDcBlock, kDcBlock, true, rate), Biquad(), Biquad()};
    } else {
        sections_ = {
            section(kF1, kF1, true, rate),
            name == 'A' ? section(kF2, kF3, true, rate) : Biquad(),
            section(kF4, kF4, false, rate)};
    }
    scale_ = std::pow(10.0, -response_db(1'000) / 20);
}

double Weighting::response_db(double hz) const {
    double gain = scale_;
    for (const Biquad& section : sections_) {
        gain *= section.gain(hz, rate_);
    }
    return 20 * std::log10(gain);
}

void EnergyMeter::add(std::span<const float> samples) {
    for (const float sample : samples) {
        const double weighted = weighting_.next(double{sample});
        energy_ += weighted * weighted;
    }
    count_ += samples.size();
}

double EnergyMeter::take() {
    const double mean = count_ == 0 ? 0 : energy_ / static_cast<double>(count_);
    energy_ = 0;
    count_ = 0;
    return mean;
}

double level_db(double mean_square) {
    return 10 * std::log10(2 * mean_square);
}

}  // namespace cxedge::plugins
