// SPDX-License-Identifier: Apache-2.0
#include "plugins/sound/sound.hpp"

#include <algorithm>
#include <utility>

#include "plugins/sound/weighting.hpp"

namespace cxedge::plugins {
namespace {

// Below the noise of any converter, -150 dB: nothing but zeros, and what the filters still ring.
constexpr double kNoSound = 0.5e-15;
constexpr std::chrono::seconds kFirstRetry{1};
constexpr std::chrono::seconds kLongestRetry{60};

Schema<SoundSettings> make_sound_schema() {
    using Settings = SoundSettings;
    Schema<Settings> schema;
    ignore_common_keys(schema);
    devices::add_intake_keys(schema);
    schema.text("input", &Settings::input, "alsa:DEVICE, or file:/PATH.wav")
        .check(check_sound_input);
    schema.integer("rate", &Settings::rate, "Samples a second of a sound card")
        .range(kLowestRate, kHighestRate);
    schema.integer("channel", &Settings::channel, "Of several, 1 the first").range(1, 32);
    schema.text("pace", &Settings::pace, "A file: as it was recorded, or as fast as it goes")
        .one_of({"real", "fast"});
    schema
        .number(
            "calibration_db",
            &Settings::calibration_db,
            "Sound pressure level at which a sine reaches full scale"
        )
        .range(0, 200)
        .required();
    schema.text("weighting", &Settings::weighting, "Of the frequencies").one_of({"A", "C", "Z"});
    schema.duration("period_s", &Settings::period, "Over which the level is taken").range(1, 3'600);
    schema.text("room", &Settings::room, "Dimension room; empty: none");
    return schema;
}

const Schema<SoundSettings>& sound_schema() {
    static const Schema<SoundSettings> kSchema = make_sound_schema();
    return kSchema;
}

}  // namespace

Sound::Sound(MakeAudioInput make_input) : make_input_(std::move(make_input)) {}

Sound::~Sound() {
    stop();
}

std::vector<SettingHelp> Sound::settings_help() {
    return sound_schema().help();
}

void Sound::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = sound_schema().read(settings, problems);
    // Once a period is often enough.
    settings_.silent = std::max(settings_.silent, settings_.period * 2);
}

Status Sound::start(Host& host) {
    host_ = &host;
    intake_.emplace(host, settings_);
    run_ = std::make_shared<const bool>(true);
    return listen();
}

Status Sound::listen() {
    auto input =
        make_input_({settings_.input, settings_.rate, settings_.channel, settings_.pace == "fast"});
    if (Status opened = input->open(); !opened) {
        return opened;
    }
    listener_ = std::make_unique<Listener>(
        std::move(input),
        settings_.weighting.front(),
        settings_.period,
        Listener::Events{
            [this](double mean_square, bool gap) {
                post([this, mean_square, gap] { period(mean_square, gap); });
            },
            [this](const Error& error) { post([this, error] { lost(error); }); },
            [this] {
                post([this] { ended(); });
            }}
    );
    // The first one takes a period; a little more does not matter.
    expect_within(settings_.period * 3 / 2 + std::chrono::seconds(1));
    return {};
}

// From the listener's thread, which ends before this object and its run do.
template <class Task>
void Sound::post(Task task) {
    host_->loop().post([run = std::weak_ptr<const bool>(run_), task = std::move(task)] {
        if (!run.expired()) {
            task();
        }
    });
}

void Sound::period(double mean_square, bool gap) {
    expect_within(settings_.period * 3 / 2 + std::chrono::seconds(1));
    pause_ = {};
    if (gap) {
        tell_lost("sound was lost on its way: the period does not count");
        return;
    }
    if (mean_square < kNoSound) {
        tell(std::nullopt);
        say("complete silence: the input is muted or not connected");
        return;
    }
    tell(level_db(mean_square) + settings_.calibration_db);
    say({});
}

// No news is a loss, too.
void Sound::expect_within(std::chrono::milliseconds time) {
    overdue_ = host_->loop().after(time, [this] {
        tell(std::nullopt);
        expect_within(settings_.period);
    });
}

void Sound::tell(std::optional<double> level) {
    devices::Report report;
    devices::Reading reading;
    reading.info = {
        {"store.env.sound_level", {{"weighting", settings_.weighting}}}, Kind::gauge, {}, {}, 0};
    if (!settings_.room.empty()) {
        reading.info.key.dims.push_back({"room", settings_.room});
    }
    reading.value = level.value_or(0);
    reading.lost = !level;
    if (!level && !listener_) {
        report.devices.emplace_back();
        report.devices.back().up = false;
    }
    report.readings.push_back(std::move(reading));
    // A refusal is counted by the agent; a minute of sound does not come again.
    static_cast<void>(intake_->take(report));
}

void Sound::tell_lost(const std::string& why) {
    tell(std::nullopt);
    devices::Report report;
    report.bad_elements.push_back({"sound", why});
    static_cast<void>(intake_->take(report));
}

void Sound::lost(const Error& error) {
    listener_.reset();
    say(error.message);
    devices::Report report;
    report.devices.emplace_back();
    report.devices.back().up = false;
    static_cast<void>(intake_->take(report));
    pause_ = std::clamp(pause_ * 2, kFirstRetry, kLongestRetry);
    retry_ = host_->loop().after(pause_, [this] { listen_again(); });
}

void Sound::listen_again() {
    if (const Status again = listen(); !again) {
        lost(again.error());
    } else {
        say({});
    }
}

void Sound::ended() {
    listener_.reset();
    overdue_.cancel();
    host_->log(log::Level::info, "the file has ended");
    say("the file has ended");
}

void Sound::say(const std::string& problem) {
    if (problem != problem_) {
        problem_ = problem;
        host_->set_problem(problem);
    }
}

void Sound::stop() {
    listener_.reset();  // first: its thread uses run_
    run_.reset();
    overdue_.cancel();
    retry_.cancel();
    intake_.reset();
    pause_ = {};
    problem_.clear();
}

}  // namespace cxedge::plugins
