// SPDX-License-Identifier: Apache-2.0
// Where made-up values come from. Pure: the same settings and seed give the same values on every
// machine, whatever the timing.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/model/series.hpp"

namespace cxedge::plugins {

// SplitMix64 (public domain algorithm of S. Vigna): the standard library's distributions may differ
// between implementations, these may not.
class SeededRandom {
public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    double uniform();   // [0, 1)
    double gaussian();  // mean 0, deviation 1, within +-6

private:
    std::uint64_t state_;
};

struct SyntheticSeries {
    std::string metric;
    std::string kind = "gauge";
    std::string unit = "1";
    double rate_hz = 1;
    std::vector<std::pair<std::string, std::string>> dims;
    double base = 0;
    double amplitude = 1;
    double noise = 0;
    std::chrono::milliseconds period{60'000};
    double step = 1;
    std::int64_t reset_every = 0;
    std::int64_t counter_bits = 0;
    std::vector<std::string> states;
    std::int64_t hold = 10;
    double loss_share = 0;
};

// The values of one series, in order.
class Generator {
public:
    Generator(SyntheticSeries settings, std::uint64_t seed);
    // The next reading; none: a loss.
    std::optional<double> next();

private:
    double gauge();
    double counter();
    double delta();
    double histogram();
    [[nodiscard]] double state() const;
    double increment();

    SyntheticSeries settings_;
    Kind kind_ = Kind::gauge;
    SeededRandom random_;
    std::int64_t index_ = -1;  // of the reading being made
    double total_ = 0;
};

}  // namespace cxedge::plugins
