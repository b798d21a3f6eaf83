// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/_devices/intake.hpp"
#include "plugins/sound/audio_input.hpp"
#include "plugins/sound/listener.hpp"

namespace cxedge::plugins {

struct SoundSettings : devices::IntakeSettings {
    std::string input = "alsa:default";
    std::int64_t rate = 48'000;
    std::int64_t channel = 1;
    std::string pace = "real";
    double calibration_db = 0;
    std::string weighting = "A";
    std::chrono::milliseconds period{60'000};
    std::string room;
};

// The equivalent sound level of a room; no sound leaves the process or is kept.
class Sound final : public Source {
public:
    explicit Sound(MakeAudioInput make_input = make_audio_input);
    ~Sound() override;
    Sound(const Sound&) = delete;
    Sound& operator=(const Sound&) = delete;
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    void stop() override;

private:
    Status listen();
    void listen_again();
    template <class Task>
    void post(Task task);
    void period(double mean_square, bool gap);
    void lost(const Error& error);
    void ended();
    void expect_within(std::chrono::milliseconds time);
    void tell(std::optional<double> level);
    void tell_lost(const std::string& why);
    void say(const std::string& problem);

    MakeAudioInput make_input_;
    SoundSettings settings_;
    Host* host_ = nullptr;
    std::optional<devices::Intake> intake_;
    std::shared_ptr<const bool> run_;  // ends with the run: what is posted later is nobody's
    std::unique_ptr<Listener> listener_;
    LoopHandle overdue_;
    LoopHandle retry_;
    std::chrono::seconds pause_{0};
    std::string problem_;
};

}  // namespace cxedge::plugins
