// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/_devices/gpio_lines.hpp"
#include "plugins/_devices/intake.hpp"
#include "plugins/gpio/beam_pair.hpp"
#include "plugins/gpio/debouncer.hpp"

namespace cxedge::plugins {

// Two light beams across a door: `[[source.beam]]`.
struct GpioBeam {
    std::string name;
    std::int64_t line_a = -1;
    std::int64_t line_b = -1;
    bool active_low = false;
    std::string bias = "as_is";
    std::chrono::milliseconds timeout{2'000};
    std::chrono::milliseconds blocked{30'000};
    std::string metric_in = "store.footfall.in";
    std::string metric_out = "store.footfall.out";
};

// A door's contact: `[[source.contact]]`.
struct GpioContact {
    std::string name;
    std::int64_t line = -1;
    std::string normally = "closed";  // the contact, while the door is shut
    bool active_low = true;           // active: the contact conducts
    std::string bias = "pull_up";
};

// A counting input: `[[source.pulse]]`.
struct GpioPulse {
    std::int64_t line = -1;
    std::string metric;
    std::string unit;
    double factor = 1;
    std::vector<std::pair<std::string, std::string>> dims;
    bool active_low = false;
    std::string bias = "as_is";
};

struct GpioSettings : devices::IntakeSettings {
    std::string chip = "/dev/gpiochip0";
    std::chrono::milliseconds debounce{10};
    std::vector<GpioBeam> beams;
    std::vector<GpioContact> contacts;
    std::vector<GpioPulse> pulses;
};

// Beams, door contacts and pulses at the pins of the box.
class Gpio final : public Source {
public:
    explicit Gpio(devices::MakeGpioChip make_chip = devices::kernel_gpio_chip);
    ~Gpio() override;
    Gpio(const Gpio&) = delete;
    Gpio& operator=(const Gpio&) = delete;
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    void stop() override;

private:
    enum class Role : std::uint8_t { beam_a, beam_b, contact, pulse };
    // What is at a line that is watched.
    struct Input {
        Role role = Role::pulse;
        std::size_t index = 0;  // into the settings of its kind
        devices::GpioLine line;
    };
    struct BeamState {
        BeamPair pair;
        bool alarm = false;
    };
    struct Settled {
        std::size_t input = 0;
        LevelChange change;
    };

    void add_input(Role role, std::size_t index, std::int64_t line, bool low, std::string bias);
    void check_lines(const SettingsNode& settings, SettingsProblems& problems) const;
    Status open();
    void begin(const std::vector<bool>& levels);
    void reopen();
    void lost(const Error& error);
    void edge(const devices::GpioEdge& edge);
    void settle(std::chrono::nanoseconds now);
    void arm();
    void on_timer();
    void look_again();
    void apply(const Settled& settled);
    void take_pulse(std::size_t index, bool active);
    void tell_passage(const GpioBeam& beam, Passage passage);
    void tell_contact(const Input& input, bool active);
    void tell_contacts();
    void check_blocked(std::chrono::nanoseconds now);
    void tell_blocked(const GpioBeam& beam, bool blocked);
    void flush_pulses();
    void tell(devices::Reading reading);
    [[nodiscard]] std::chrono::nanoseconds now() const;

    devices::MakeGpioChip make_chip_;
    GpioSettings settings_;
    std::vector<Input> inputs_;
    Host* host_ = nullptr;
    std::optional<devices::Intake> intake_;
    std::unique_ptr<devices::GpioChip> chip_;
    std::vector<Debouncer> debouncers_;
    std::vector<BeamState> beams_;
    std::vector<double> pulses_;  // not told yet
    LoopHandle timer_;
    LoopHandle look_;
    LoopHandle flush_;
    LoopHandle retry_;
    std::chrono::seconds pause_{0};
};

}  // namespace cxedge::plugins
