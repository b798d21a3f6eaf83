// SPDX-License-Identifier: Apache-2.0
// Building, delivering and comparing batches in the wire tests.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/wire/batch_codec.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {

inline constexpr std::int64_t kT0UnixMs = 1'700'000'000'000;

inline Sample number(std::uint32_t series, std::int64_t boot_ms, double value) {
    return {SeriesId{series}, {SampleTime::Base::boot, boot_ms}, value};
}

inline bool same_double(double a, double b) {
    return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
}

inline bool same_histogram(const Histogram& a, const Histogram& b) {
    return a.count() == b.count() && a.zeros() == b.zeros() && a.positive() == b.positive() &&
           a.negative() == b.negative() && same_double(a.sum(), b.sum()) &&
           same_double(a.min(), b.min()) && same_double(a.max(), b.max());
}

inline bool same_value(const SampleValue& a, const SampleValue& b) {
    if (a.index() != b.index()) {
        return false;
    }
    if (const auto* x = std::get_if<double>(&a)) {
        return same_double(*x, std::get<double>(b));
    }
    const auto* x = std::get_if<Histogram>(&a);
    return x == nullptr || same_histogram(*x, std::get<Histogram>(b));
}

// What the receiver should see: wall time, with 64-bit wrapping like the codec's.
inline SampleTime as_received(const SampleTime& time, BootTime t0) {
    if (time.base == SampleTime::Base::wall) {
        return time;
    }
    const std::uint64_t ms = static_cast<std::uint64_t>(time.ms) -
                             static_cast<std::uint64_t>(t0.count()) +
                             static_cast<std::uint64_t>(kT0UnixMs);
    return {SampleTime::Base::wall, static_cast<std::int64_t>(ms)};
}

inline wire::BatchHeader header() {
    wire::BatchHeader header;
    header.epoch = 0x1122334455667788U;
    header.lane = Lane::live;
    header.seq = 42;
    header.first_unacked = 40;
    header.t0 = from_unix_ms(kT0UnixMs);
    header.clock = {4, 1500, 77};
    header.dict_id = 0xDEADBEEF;
    return header;
}

// Through the bytes of an MQTT payload and back.
inline Result<wire::DecodedBody> deliver(const wire::SealedBody& body) {
    const Result<wire::ReceivedBatch> received =
        wire::parse_batch(wire::encode_batch(header(), body));
    if (!received) {
        return received.error();
    }
    return wire::decode_body(*received);
}

using BySeries = std::map<std::uint32_t, std::vector<Sample>>;

inline BySeries by_series(const std::vector<Sample>& samples) {
    BySeries sorted;
    for (const Sample& sample : samples) {
        sorted[index_of(sample.series)].push_back(sample);
    }
    return sorted;
}

// Empty when every sample arrived once, unchanged and in order within its series; else what is
// wrong.
inline std::string difference(
    const std::vector<Sample>& sent, const std::vector<Sample>& received, BootTime t0
) {
    const BySeries a = by_series(sent);
    const BySeries b = by_series(received);
    if (sent.size() != received.size() || a.size() != b.size()) {
        return "sent " + std::to_string(sent.size()) + ", received " +
               std::to_string(received.size());
    }
    for (const auto& [series, samples] : a) {
        const auto found = b.find(series);
        if (found == b.end() || found->second.size() != samples.size()) {
            return "series " + std::to_string(series) + " has another number of samples";
        }
        for (std::size_t i = 0; i < samples.size(); ++i) {
            const Sample& got = found->second[i];
            if (got.time != as_received(samples[i].time, t0) ||
                !same_value(got.value, samples[i].value)) {
                return "series " + std::to_string(series) + ", sample " + std::to_string(i) +
                       " differs";
            }
        }
    }
    return {};
}

// Seals `samples`, delivers them and says what changed on the way (nothing).
inline std::string round_trip(const std::vector<Sample>& samples) {
    wire::BatchBuilder builder;
    for (const Sample& sample : samples) {
        builder.add(sample);
    }
    const wire::SealedBody body = builder.seal();
    const Result<wire::DecodedBody> decoded = deliver(body);
    return decoded ? difference(samples, decoded->samples, body.t0) : decoded.error().message;
}

}  // namespace cxedge::test
