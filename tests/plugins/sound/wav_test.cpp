// SPDX-License-Identifier: Apache-2.0
#include "plugins/sound/wav.hpp"

#include <algorithm>
#include <random>
#include <span>

#include "tests/plugins/sound/wav_file.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using plugins::parse_wav;
using plugins::SampleCode;
using plugins::WavFormat;
using Floats = std::vector<float>;

std::string data_of(const std::string& file, const WavFormat& format) {
    const auto at = static_cast<std::size_t>(format.data_at);
    return file.substr(
        at, static_cast<std::size_t>(std::min(format.data_size, file.size() - format.data_at))
    );
}

Floats samples_of(const std::string& file, std::size_t channel = 0) {
    const Result<WavFormat> format = parse_wav(file);
    REQUIRE((format.ok() ? "" : format.error().message) == "");
    const std::string data = data_of(file, *format);
    Floats out{9, 9, 9};
    plugins::decode_frames(std::as_bytes(std::span(data)), *format, channel, out);
    return out;
}

std::string complaint(const std::string& file) {
    const Result<WavFormat> format = parse_wav(file);
    REQUIRE_FALSE(format.ok());
    return format.error().message;
}

std::string of_format(int tag, int bits, const std::string& data, int channels = 1) {
    return wav_file(wav_format(tag, channels, 48'000, bits) + wav_chunk("data", data));
}

}  // namespace

TEST_CASE("sound: WAV files of every kind of sample", "[plugins][sound]") {
    CHECK(samples_of(of_format(1, 8, {'\x00', '\x80', '\xC0'})) == Floats{-1, 0, 0.5});
    CHECK(
        samples_of(of_format(1, 16, little_endian(0x8000, 2) + little_endian(0x4000, 2))) ==
        Floats{-1, 0.5}
    );
    CHECK(
        samples_of(of_format(1, 24, little_endian(0x80'0000, 3) + little_endian(0x40'0000, 3))) ==
        Floats{-1, 0.5}
    );
    CHECK(samples_of(of_format(1, 32, little_endian(0xC000'0000, 4))) == Floats{-0.5});
    CHECK(
        samples_of(of_format(3, 32, little_endian(std::bit_cast<std::uint32_t>(0.25F), 4))) ==
        Floats{0.25}
    );
    CHECK(
        samples_of(of_format(3, 64, little_endian(std::bit_cast<std::uint64_t>(-0.25), 8))) ==
        Floats{-0.25}
    );
    // Not a number is no sound.
    CHECK(samples_of(of_format(3, 32, little_endian(0x7FC0'0000, 4))) == Floats{0});
}

TEST_CASE("sound: one channel of several, and a frame that is cut off", "[plugins][sound]") {
    const std::string frames = little_endian(0x4000, 2) + little_endian(0xC000, 2) +
                               little_endian(0x2000, 2) + little_endian(0xE000, 2) + "x";
    const std::string file = of_format(1, 16, frames, 2);
    CHECK(samples_of(file, 0) == Floats{0.5, 0.25});
    CHECK(samples_of(file, 1) == Floats{-0.5, -0.25});
    CHECK(samples_of(file, 7) == Floats{-0.5, -0.25});
}

TEST_CASE("sound: WAV files as programs write them", "[plugins][sound]") {
    const std::string data = little_endian(0x4000, 2);
    const std::string format = wav_format(1, 1, 44'100, 16);
    const std::string list = wav_chunk("LIST", "odd");
    CHECK(samples_of(wav_file(list + format + list + wav_chunk("data", data))) == Floats{0.5});
    // A stream whose writer could not go back.
    for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{0xFFFF'FFFF}}) {
        const std::string open = "data" + little_endian(size, 4) + data + data;
        CHECK(samples_of(wav_file(format + open)) == Floats{0.5, 0.5});
    }
    // Cut off in the middle of the samples.
    CHECK(samples_of(wav_file(format + "data" + little_endian(100, 4) + data)) == Floats{0.5});
    // WAVE_FORMAT_EXTENSIBLE.
    const std::string guid = little_endian(3, 2) + std::string(14, 'g');
    const std::string longer = wav_format(0xFFFE, 1, 48'000, 32).substr(8) + little_endian(22, 2) +
                               std::string(6, '\0') + guid;
    const std::string quarter = little_endian(std::bit_cast<std::uint32_t>(0.25F), 4);
    CHECK(
        samples_of(wav_file(wav_chunk("fmt ", longer) + wav_chunk("data", quarter))) == Floats{0.25}
    );
}

TEST_CASE("sound: what is no WAV file says so", "[plugins][sound]") {
    CHECK(complaint("") == "not a WAV file");
    CHECK(complaint("OggS            ") == "not a WAV file");
    CHECK(complaint(wav_file("")) == "the chunk \"fmt \" is missing");
    CHECK(complaint(wav_file(wav_format(1, 1, 48'000, 16))) == "the chunk \"data\" is missing");
    CHECK(complaint(wav_file(wav_chunk("fmt ", "short"))) == "the chunk \"fmt \" is too short");
    CHECK(complaint(of_format(7, 8, "x")).rfind("samples must be PCM", 0) == 0);
    CHECK(complaint(of_format(1, 12, "x")).rfind("samples must be PCM", 0) == 0);
    CHECK(complaint(of_format(1, 16, "xx", 0)).rfind("the number of channels", 0) == 0);
    CHECK(complaint(wav_file(wav_format(1, 1, 0, 16))).rfind("the number of channels", 0) == 0);
    // A chunk that claims to be longer than everything.
    CHECK_FALSE(parse_wav(wav_file("junk" + little_endian(0xFFFF'FFFF, 4) + "x")));
    // Where a pointer has 32 bits this leads back to the chunk itself.
    CHECK_FALSE(parse_wav(wav_file("junk" + little_endian(0xFFFF'FFF8, 4) + "x")));
}

TEST_CASE("sound: WAV files with any bytes changed never break the reader", "[plugins][sound]") {
    std::mt19937 random(20261123);
    const std::string sound = of_format(1, 16, std::string(64, 'x'));
    for (int i = 0; i < 20'000; ++i) {
        std::string file = sound.substr(0, random() % (sound.size() + 1));
        for (std::uint32_t change = random() % 4; change > 0 && !file.empty(); --change) {
            file[random() % file.size()] = static_cast<char>(random() % 256);
        }
        const Result<WavFormat> format = parse_wav(file);
        if (format) {
            REQUIRE(format->data_at <= file.size());
            Floats out;
            const std::string data = data_of(file, *format);
            plugins::decode_frames(std::as_bytes(std::span(data)), *format, 1, out);
            REQUIRE(out.size() <= data.size());
        }
    }
}

}  // namespace cxedge::test
