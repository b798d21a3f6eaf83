// SPDX-License-Identifier: Apache-2.0
// Bytes on the wire for the workloads of agent/wire/README.md. The limits are the README's numbers
// with a little air; `test_wire "[.measure]"` prints the table, and the time to encode.
#include <chrono>
#include <iostream>
#include <random>

#include "tests/unit/wire/samples.hpp"

namespace cxedge::test {
namespace {

using Samples = std::vector<Sample>;

wire::SealedBody seal(const Samples& samples) {
    wire::BatchBuilder builder;
    for (const Sample& sample : samples) {
        builder.add(sample);
    }
    return builder.seal();
}

std::int64_t draw(std::mt19937& random, std::uint32_t bound) {
    return static_cast<std::int64_t>(random() % bound);
}

double hundredths(std::int64_t n) {
    return static_cast<double>(n) / 100;
}

// A probe that logs 10 values of one target every second, sent after 60 s: 600 samples.
Samples probe_log() {
    std::mt19937 random(1);
    Samples samples;
    for (int row = 0; row < 60; ++row) {
        for (std::uint32_t i = 0; i < 10; ++i) {
            const auto noise = draw(random, 64);
            const double value =
                i < 5 ? hundredths(1200 + 100 * static_cast<std::int64_t>(i) + noise)
                      : static_cast<double>(noise % (static_cast<std::int64_t>(i) + 1));
            samples.push_back(number(i, 5000 + row * 1000, value));
        }
    }
    return samples;
}

// A store's 20 series at the end of one minute.
Samples store_minute(int minute) {
    std::mt19937 random(static_cast<unsigned>(minute) + 7);
    Samples samples;
    for (std::uint32_t i = 0; i < 20; ++i) {
        const auto noise = draw(random, 50);
        const double value = i < 14 ? static_cast<double>(noise) : hundredths(2100 + noise);
        samples.push_back(number(i, 60'000 * (minute + 1), value));
    }
    return samples;
}

Samples store_hour() {
    Samples samples;
    for (int minute = 0; minute < 60; ++minute) {
        const Samples rows = store_minute(minute);
        samples.insert(samples.end(), rows.begin(), rows.end());
    }
    return samples;
}

// 300 values of 40 series, each with a millisecond time of its own.
Samples raw(bool round_robin) {
    std::mt19937 random(3);
    std::exponential_distribution<double> gap(1 / 200.0);
    Samples samples;
    std::vector<std::int64_t> totals(40);
    std::int64_t ms = 5000;
    for (std::uint32_t i = 0; i < 300; ++i) {
        const auto series = static_cast<std::uint32_t>(round_robin ? i % 40 : random() % 40);
        ms += round_robin ? 190 + draw(random, 21) : static_cast<std::int64_t>(gap(random));
        totals[series] += draw(random, 5);
        const double value = series % 2 == 0 ? static_cast<double>(totals[series])
                                             : hundredths(draw(random, 100'000));
        samples.push_back(number(series, ms, value));
    }
    return samples;
}

Samples histogram_of(int observations) {
    std::mt19937 random(5);
    std::lognormal_distribution<double> rtt(-4, 0.4);
    Histogram histogram;
    for (int i = 0; i < observations; ++i) {
        histogram.record(static_cast<double>(static_cast<std::int64_t>(rtt(random) * 1e6)) / 1e6);
    }
    return {{SeriesId{0}, at_boot(BootTime(60'000)), histogram}};
}

struct Workload {
    const char* name;
    Samples samples;
    std::size_t most_body;  // bytes
};

std::vector<Workload> workloads() {
    return {
        {"probe log, 10 series, 60 s flush", probe_log(), 570},
        {"store, 20 series, 1-minute flush", store_minute(0), 60},
        {"store, 20 series, 60-minute block", store_hour(), 1110},
        {"raw, 300 samples of 40 series in turn", raw(true), 965},
        {"raw, 300 samples of 40 series at random", raw(false), 1320},
        {"histogram of 10 RTTs", histogram_of(10), 45},
        {"histogram of 60 RTTs", histogram_of(60), 105},
        {"histogram of 300 RTTs", histogram_of(300), 130},
    };
}

Samples large_batch(bool sorted_by_time) {
    std::mt19937 random(9);
    Samples samples;
    for (std::uint32_t i = 0; i < 1000; ++i) {
        const auto series = static_cast<std::uint32_t>(sorted_by_time ? i % 20 : random() % 40);
        const std::int64_t ms = sorted_by_time ? 1000LL * (i / 20) : 17LL * i;
        samples.push_back(number(series, ms, hundredths(draw(random, 10'000))));
    }
    return samples;
}

double encode_ns_per_sample(const Samples& samples) {
    wire::BatchBuilder builder;
    double best = 1e9;
    for (int round = 0; round < 200; ++round) {
        Samples copy = samples;
        const auto start = std::chrono::steady_clock::now();
        for (Sample& sample : copy) {
            builder.add(std::move(sample));
        }
        const wire::SealedBody body = builder.seal();
        const std::chrono::duration<double, std::nano> took =
            std::chrono::steady_clock::now() - start;
        best = std::min(best, took.count() / body.samples);
    }
    return best;
}

}  // namespace

TEST_CASE("size: every workload stays within its limit", "[wire]") {
    for (const Workload& workload : workloads()) {
        const wire::SealedBody body = seal(workload.samples);
        INFO(workload.name << ": " << body.bytes.size() << " bytes");
        CHECK(body.bytes.size() <= workload.most_body);
        CHECK(round_trip(workload.samples).empty());
    }
}

TEST_CASE("size: a small body is not made larger by compression", "[wire]") {
    const wire::SealedBody body = seal(store_minute(0));
    CHECK(body.codec == 0);
    CHECK(wire::encode_batch(header(), body).size() < 130);
}

TEST_CASE("measure: bytes and time", "[.measure]") {
    for (const Workload& workload : workloads()) {
        const wire::SealedBody body = seal(workload.samples);
        const std::size_t payload = wire::encode_batch(header(), body).size();
        const auto samples = static_cast<double>(body.samples);
        std::cout << workload.name << ": codec " << body.codec << ", body " << body.bytes.size()
                  << " B (" << static_cast<double>(body.bytes.size()) / samples
                  << " a sample), payload " << payload << " B ("
                  << static_cast<double>(payload) / samples << ")\n";
    }
    std::cout << "encode grid " << encode_ns_per_sample(large_batch(true))
              << " ns a sample, scattered " << encode_ns_per_sample(large_batch(false)) << " ns\n";
}

}  // namespace cxedge::test
