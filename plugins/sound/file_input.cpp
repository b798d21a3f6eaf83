// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <span>
#include <thread>

#include "plugins/sound/audio_input.hpp"
#include "plugins/sound/wav.hpp"
#include "plugins/sound/weighting.hpp"

namespace cxedge::plugins {
namespace {

constexpr std::string_view kAlsa = "alsa:";
constexpr std::string_view kFile = "file:";
// Before the samples; programs write long lists of notes there.
constexpr std::size_t kLongestHead = 1U << 20U;
constexpr int kBlocksASecond = 10;

class FileInput final : public AudioInput {
public:
    FileInput(std::string path, const SoundInput& input)
        : path_(std::move(path)),
          channel_(static_cast<std::size_t>(input.channel - 1)),
          fast_(input.fast) {}

    Status open() override {
        file_.open(path_, std::ios::binary);
        if (!file_) {
            return system_error(path_, errno);
        }
        std::string head(kLongestHead, '\0');
        file_.read(head.data(), static_cast<std::streamsize>(head.size()));
        head.resize(static_cast<std::size_t>(file_.gcount()));
        const Result<WavFormat> format = parse_wav(head);
        if (!format) {
            return format.error().during(path_);
        }
        if (format->rate < kLowestRate || format->rate > kHighestRate) {
            return invalid_argument(path_ + ": the rate must be 32000 to 192000 a second");
        }
        format_ = *format;
        left_ = format_.data_size;
        file_.clear();
        file_.seekg(static_cast<std::streamoff>(format_.data_at));
        bytes_.resize(format_.rate / kBlocksASecond * format_.frame_bytes());
        next_ = std::chrono::steady_clock::now();
        return {};
    }

    [[nodiscard]] double rate() const override { return format_.rate; }

    Status read(Block& block) override {
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(bytes_.size(), left_));
        file_.read(bytes_.data(), static_cast<std::streamsize>(wanted));
        const auto got = static_cast<std::size_t>(file_.gcount());
        decode_frames(
            std::as_bytes(std::span(bytes_).first(got)), format_, channel_, block.samples
        );
        std::fill(bytes_.begin(), bytes_.end(), '\0');  // nothing of the sound stays
        left_ -= got;
        block.gap = false;
        block.end = got < bytes_.size();
        if (!fast_) {
            // A tenth of a second takes a tenth of a second.
            next_ += std::chrono::milliseconds(1'000 / kBlocksASecond);
            std::this_thread::sleep_until(next_);
        }
        return {};
    }

private:
    const std::string path_;
    const std::size_t channel_;
    const bool fast_;
    std::ifstream file_;
    WavFormat format_;
    std::uint64_t left_ = 0;
    std::vector<char> bytes_;
    std::chrono::steady_clock::time_point next_;
};

}  // namespace

std::string check_sound_input(const std::string& input) {
    const bool alsa = input.rfind(kAlsa, 0) == 0 && input.size() > kAlsa.size();
    const bool file =
        input.rfind(kFile, 0) == 0 && input.size() > kFile.size() && input[kFile.size()] == '/';
    return alsa || file ? "" : "must be alsa:DEVICE, such as alsa:default, or file:/PATH.wav";
}

std::unique_ptr<AudioInput> make_file_input(const std::string& path, const SoundInput& input) {
    return std::make_unique<FileInput>(path, input);
}

std::unique_ptr<AudioInput> make_audio_input(const SoundInput& input) {
    return input.input.rfind(kAlsa, 0) == 0
               ? make_alsa_input(input.input.substr(kAlsa.size()), input)
               : make_file_input(input.input.substr(kFile.size()), input);
}

}  // namespace cxedge::plugins
