// SPDX-License-Identifier: Apache-2.0
// Sounds and WAV files made for tests.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <numbers>
#include <string>
#include <vector>

namespace cxedge::test {

// `dbfs` below the sine that reaches full scale.
inline std::vector<float> sine(double hz, double dbfs, double seconds, double rate = 48'000) {
    std::vector<float> samples;
    const double amplitude = std::pow(10.0, dbfs / 20);
    for (double i = 0; i < seconds * rate; ++i) {
        samples.push_back(
            static_cast<float>(amplitude * std::sin(2 * std::numbers::pi * hz * i / rate))
        );
    }
    return samples;
}

inline std::string little_endian(std::uint64_t number, int size) {
    std::string bytes;
    for (int i = 0; i < size; ++i) {
        bytes += static_cast<char>((number >> (8 * i)) & 0xFFU);
    }
    return bytes;
}

inline std::string wav_chunk(const std::string& name, const std::string& bytes) {
    return name + little_endian(bytes.size(), 4) + bytes + (bytes.size() % 2 != 0 ? "x" : "");
}

inline std::string wav_format(int tag, int channels, int rate, int bits) {
    const int frame = channels * bits / 8;
    return wav_chunk(
        "fmt ",
        little_endian(static_cast<std::uint64_t>(tag), 2) +
            little_endian(static_cast<std::uint64_t>(channels), 2) +
            little_endian(static_cast<std::uint64_t>(rate), 4) +
            little_endian(static_cast<std::uint64_t>(rate) * static_cast<std::uint64_t>(frame), 4) +
            little_endian(static_cast<std::uint64_t>(frame), 2) +
            little_endian(static_cast<std::uint64_t>(bits), 2)
    );
}

inline std::string wav_file(const std::string& chunks) {
    return "RIFF" + little_endian(chunks.size() + 4, 4) + "WAVE" + chunks;
}

// 16 bits, one channel.
inline std::string wav_of(const std::vector<float>& samples, int rate = 48'000) {
    std::string data;
    for (const float sample : samples) {
        const auto value = static_cast<std::int16_t>(std::lround(sample * 32'767));
        data += little_endian(static_cast<std::uint16_t>(value), 2);
    }
    return wav_file(wav_format(1, 1, rate, 16) + wav_chunk("data", data));
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace cxedge::test
