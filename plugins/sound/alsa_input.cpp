// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <span>

#include <alsa/asoundlib.h>
#include <fmt/core.h>

#include "agent/base/freed.hpp"

#include "plugins/sound/audio_input.hpp"
#include "plugins/sound/weighting.hpp"

namespace cxedge::plugins {
namespace {

constexpr int kWaitMs = 100;
constexpr unsigned kMostAlsaChannels = 32;

// The library writes to standard error, past the log; what matters comes back as an error.
void say_nothing(
    const char* file, int line, const char* function, int error, const char* format, ...
) {
    static_cast<void>(file);
    static_cast<void>(line);
    static_cast<void>(function);
    static_cast<void>(error);
    static_cast<void>(format);
}

class AlsaInput final : public AudioInput {
public:
    AlsaInput(std::string device, const SoundInput& input)
        : device_(std::move(device)),
          rate_(static_cast<unsigned>(input.rate)),
          channels_(static_cast<unsigned>(input.channel)),
          channel_(static_cast<std::size_t>(input.channel - 1)) {}

    Status open() override {
        ::snd_lib_error_set_handler(say_nothing);
        snd_pcm_t* pcm = nullptr;
        const int opened =
            ::snd_pcm_open(&pcm, device_.c_str(), SND_PCM_STREAM_CAPTURE, SND_PCM_NONBLOCK);
        pcm_.reset(pcm);
        if (opened < 0) {
            return failure("open", opened);
        }
        if (Status set = set_up(); !set) {
            return set;
        }
        const int started = ::snd_pcm_start(pcm_.get());
        frames_.resize(std::size_t{rate_ / 10} * channels_);
        return started < 0 ? failure("start", started) : Status();
    }

    [[nodiscard]] double rate() const override { return rate_; }

    Status read(Block& block) override {
        block.samples.clear();
        block.gap = false;
        block.end = false;
        const int ready = ::snd_pcm_wait(pcm_.get(), kWaitMs);
        if (ready < 0) {
            return recover(ready, block);
        }
        if (ready == 0) {
            return {};
        }
        const snd_pcm_sframes_t got =
            ::snd_pcm_readi(pcm_.get(), frames_.data(), frames_.size() / channels_);
        if (got == -EAGAIN) {
            return {};
        }
        if (got < 0) {
            return recover(static_cast<int>(got), block);
        }
        for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) {
            block.samples.push_back(frames_[i * channels_ + channel_]);
        }
        std::fill(frames_.begin(), frames_.end(), 0.0F);  // nothing of the sound stays
        return {};
    }

private:
    Status set_up() {
        snd_pcm_hw_params_t* raw = nullptr;
        if (::snd_pcm_hw_params_malloc(&raw) < 0) {
            return unavailable("out of memory");
        }
        const std::unique_ptr<snd_pcm_hw_params_t, Freed<&::snd_pcm_hw_params_free>> params(raw);
        snd_pcm_t* const pcm = pcm_.get();
        int result = ::snd_pcm_hw_params_any(pcm, raw);
        const auto then = [&](auto&& step) {
            result = result < 0 ? result : step();
        };
        // Of half a second of room an overrun needs a process that stands still.
        unsigned buffer_us = 500'000;
        unsigned period_us = 50'000;
        unsigned got_rate = rate_;
        then([&] { return ::snd_pcm_hw_params_set_rate_resample(pcm, raw, 1); });
        then([&] { return ::snd_pcm_hw_params_set_access(pcm, raw, SND_PCM_ACCESS_RW_INTERLEAVED); }
        );
        then([&] { return ::snd_pcm_hw_params_set_format(pcm, raw, SND_PCM_FORMAT_FLOAT); });
        then([&] { return ::snd_pcm_hw_params_set_channels_near(pcm, raw, &channels_); });
        then([&] { return ::snd_pcm_hw_params_set_rate_near(pcm, raw, &got_rate, nullptr); });
        then([&] { return ::snd_pcm_hw_params_set_buffer_time_near(pcm, raw, &buffer_us, nullptr); }
        );
        then([&] { return ::snd_pcm_hw_params_set_period_time_near(pcm, raw, &period_us, nullptr); }
        );
        then([&] { return ::snd_pcm_hw_params(pcm, raw); });
        if (result < 0) {
            return failure("settings", result);
        }
        rate_ = got_rate;
        if (rate_ < kLowestRate || rate_ > kHighestRate || channels_ <= channel_ ||
            channels_ > kMostAlsaChannels) {
            return invalid_argument(fmt::format(
                "sound device {} has {} channels and {} samples a second", device_, channels_, rate_
            ));
        }
        return {};
    }

    // An overrun: the card goes on, what it had no room for is gone.
    Status recover(int error, Block& block) {
        const int recovered = ::snd_pcm_recover(pcm_.get(), error, 1);
        if (recovered < 0) {
            return failure("read", recovered);
        }
        block.gap = true;
        const int started = ::snd_pcm_start(pcm_.get());
        return started < 0 && started != -EBADFD ? failure("start", started) : Status();
    }

    [[nodiscard]] Error failure(const char* what, int error) const {
        return unavailable(
            fmt::format("sound device {}: {}: {}", device_, what, ::snd_strerror(error))
        );
    }

    const std::string device_;
    unsigned rate_;
    unsigned channels_;
    const std::size_t channel_;
    std::unique_ptr<snd_pcm_t, Freed<&::snd_pcm_close>> pcm_;
    std::vector<float> frames_;
};

}  // namespace

std::unique_ptr<AudioInput> make_alsa_input(const std::string& device, const SoundInput& input) {
    return std::make_unique<AlsaInput>(device, input);
}

}  // namespace cxedge::plugins
