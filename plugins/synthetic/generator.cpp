// SPDX-License-Identifier: Apache-2.0
#include "plugins/synthetic/generator.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace cxedge::plugins {

std::uint64_t SeededRandom::next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31U);
}

double SeededRandom::uniform() {
    constexpr double kScale = 1.0 / 9007199254740992.0;  // 2^-53
    return static_cast<double>(next() >> 11U) * kScale;
}

double SeededRandom::gaussian() {
    double sum = 0;
    for (int i = 0; i < 12; ++i) {
        sum += uniform();
    }
    return sum - 6;
}

Generator::Generator(SyntheticSeries settings, std::uint64_t seed)
    : settings_(std::move(settings)), random_(seed) {
    parse_kind(settings_.kind, kind_);
}

std::optional<double> Generator::next() {
    ++index_;
    // Drawn even without losses, so that losses do not change the values around them.
    const bool lost = random_.uniform() < settings_.loss_share;
    double value = 0;
    switch (kind_) {
        case Kind::gauge:
            value = gauge();
            break;
        case Kind::counter:
            value = counter();
            break;
        case Kind::delta:
            value = delta();
            break;
        case Kind::histogram:
            value = histogram();
            break;
        case Kind::state:
            value = state();
            break;
    }
    return lost ? std::nullopt : std::optional(value);
}

double Generator::gauge() {
    constexpr double kTurn = 6.283185307179586;
    const double seconds = static_cast<double>(index_) / settings_.rate_hz;
    const double turns = seconds / (static_cast<double>(settings_.period.count()) / 1000.0);
    return settings_.base + settings_.amplitude * std::sin(turns * kTurn) +
           settings_.noise * random_.gaussian();
}

// Whole steps: 0 to twice `step`, on average `step`.
double Generator::increment() {
    return std::floor(random_.uniform() * (2 * settings_.step + 1));
}

double Generator::counter() {
    if (settings_.reset_every > 0 && index_ > 0 && index_ % settings_.reset_every == 0) {
        total_ = 0;
    }
    total_ += increment();
    if (settings_.counter_bits > 0) {
        total_ = std::fmod(total_, std::ldexp(1.0, static_cast<int>(settings_.counter_bits)));
    }
    return settings_.counter_bits > 0 ? total_ : total_ + settings_.base;
}

double Generator::delta() {
    return increment();
}

// Skewed to the right like waiting times: an exponential distribution with mean `amplitude`.
double Generator::histogram() {
    return settings_.base - settings_.amplitude * std::log(1 - random_.uniform());
}

double Generator::state() const {
    const auto count = static_cast<std::int64_t>(settings_.states.size());
    return static_cast<double>((index_ / settings_.hold) % std::max<std::int64_t>(count, 1));
}

}  // namespace cxedge::plugins
