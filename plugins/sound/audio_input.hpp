// SPDX-License-Identifier: Apache-2.0
// Where sound comes from: a sound card, or a file. Used on the listener's thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/result.hpp"

namespace cxedge::plugins {

class AudioInput {
public:
    struct Block {
        std::vector<float> samples;  // of one channel, full scale 1; room is kept
        bool gap = false;            // samples before these are missing
        bool end = false;            // there will be no more
    };

    virtual ~AudioInput() = default;
    // unavailable: not there (yet), or somebody else has it.
    virtual Status open() = 0;
    // Samples a second; after open().
    [[nodiscard]] virtual double rate() const = 0;
    // What came, at most a tenth of a second of it; waits at most 100 ms, so it may be nothing.
    // unavailable: the device went away.
    virtual Status read(Block& block) = 0;
};

struct SoundInput {
    std::string input;           // "alsa:default", "file:/path.wav"
    std::int64_t rate = 48'000;  // wanted of a sound card
    std::int64_t channel = 1;
    bool fast = false;  // a file: not at the speed of its time
};

// "alsa:..." or "file:..."; what is wrong, or empty.
std::string check_sound_input(const std::string& input);
std::unique_ptr<AudioInput> make_audio_input(const SoundInput& input);
using MakeAudioInput = std::function<std::unique_ptr<AudioInput>(const SoundInput& input)>;

// The two kinds.
std::unique_ptr<AudioInput> make_file_input(const std::string& path, const SoundInput& input);
std::unique_ptr<AudioInput> make_alsa_input(const std::string& device, const SoundInput& input);

}  // namespace cxedge::plugins
