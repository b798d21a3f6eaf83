// SPDX-License-Identifier: Apache-2.0
#include "plugins/gpio/gpio.hpp"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "agent/base/ids.hpp"

namespace cxedge::plugins {
namespace {

using devices::DeviceState;
using devices::Reading;
using devices::Report;

constexpr std::chrono::seconds kLookAgain{60};
constexpr std::chrono::seconds kPulsesTogether{1};
constexpr std::chrono::seconds kFirstRetry{1};
constexpr std::chrono::seconds kLongestRetry{60};
const std::vector<std::string> kBiases{"as_is", "pull_up", "pull_down", "disabled"};

Schema<GpioBeam> beam_schema() {
    Schema<GpioBeam> schema;
    schema.text("name", &GpioBeam::name, "The door: dimension door").required();
    schema.integer("line_a", &GpioBeam::line_a, "Beam that who comes in breaks first")
        .range(0, 65'535)
        .required();
    schema.integer("line_b", &GpioBeam::line_b, "Beam behind it").range(0, 65'535).required();
    schema.boolean("active_low", &GpioBeam::active_low, "A broken beam is the low level");
    schema.text("bias", &GpioBeam::bias, "Resistor of the pins").one_of(kBiases);
    schema.duration("timeout_s", &GpioBeam::timeout, "Between beams not broken together")
        .range(0.1, 60);
    schema.duration("blocked_s", &GpioBeam::blocked, "So long nobody stands in a beam")
        .range(1, 3'600);
    schema.text("metric_in", &GpioBeam::metric_in, "Series of those who come in");
    schema.text("metric_out", &GpioBeam::metric_out, "Series of those who go out");
    return schema;
}

Schema<GpioContact> contact_schema() {
    Schema<GpioContact> schema;
    schema.text("name", &GpioContact::name, "The door: dimension door").required();
    schema.integer("line", &GpioContact::line, "Line of the chip").range(0, 65'535).required();
    schema.text("normally", &GpioContact::normally, "The contact while the door is shut")
        .one_of({"closed", "open"});
    schema.boolean("active_low", &GpioContact::active_low, "A closed contact is the low level");
    schema.text("bias", &GpioContact::bias, "Resistor of the pin").one_of(kBiases);
    return schema;
}

Schema<GpioPulse> pulse_schema() {
    Schema<GpioPulse> schema;
    schema.integer("line", &GpioPulse::line, "Line of the chip").range(0, 65'535).required();
    schema.text("metric", &GpioPulse::metric, "Name of the series").required();
    schema.text("unit", &GpioPulse::unit, "UCUM; empty: the catalogue's");
    schema.number("factor", &GpioPulse::factor, "What one pulse counts");
    schema.text_map("dims", &GpioPulse::dims, "Dimensions of the series");
    schema.boolean("active_low", &GpioPulse::active_low, "A pulse is the low level");
    schema.text("bias", &GpioPulse::bias, "Resistor of the pin").one_of(kBiases);
    return schema;
}

Schema<GpioSettings> make_gpio_schema() {
    Schema<GpioSettings> schema;
    ignore_common_keys(schema);
    devices::add_intake_keys(schema);
    schema.text("chip", &GpioSettings::chip, "GPIO chip: its device, name or label");
    schema.duration("debounce_ms", &GpioSettings::debounce, "A level counts after").range(0, 1'000);
    schema.tables("beam", &GpioSettings::beams, beam_schema(), "Two beams across a door");
    schema.tables("contact", &GpioSettings::contacts, contact_schema(), "A door's contact");
    schema.tables("pulse", &GpioSettings::pulses, pulse_schema(), "A counting input");
    return schema;
}

const Schema<GpioSettings>& gpio_schema() {
    static const Schema<GpioSettings> kSchema = make_gpio_schema();
    return kSchema;
}

SeriesInfo passage_info(const std::string& metric, const std::string& door) {
    return {{metric, {{"door", door}}}, Kind::delta, {}, {}, 0};
}

SeriesInfo pulse_info(const GpioPulse& pulse) {
    SeriesInfo info{{pulse.metric, {}}, Kind::delta, pulse.unit, {}, 0};
    for (const auto& [key, value] : pulse.dims) {
        info.key.dims.push_back({key, value});
    }
    return info;
}

Report state_of_chip(bool up) {
    Report report;
    DeviceState state;
    state.up = up;
    report.devices.push_back(std::move(state));
    return report;
}

}  // namespace

Gpio::Gpio(devices::MakeGpioChip make_chip) : make_chip_(std::move(make_chip)) {}

Gpio::~Gpio() {
    stop();
}

std::vector<SettingHelp> Gpio::settings_help() {
    return gpio_schema().help();
}

void Gpio::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = gpio_schema().read(settings, problems);
    inputs_.clear();
    for (std::size_t i = 0; i < settings_.beams.size(); ++i) {
        const GpioBeam& beam = settings_.beams[i];
        add_input(Role::beam_a, i, beam.line_a, beam.active_low, beam.bias);
        add_input(Role::beam_b, i, beam.line_b, beam.active_low, beam.bias);
    }
    for (std::size_t i = 0; i < settings_.contacts.size(); ++i) {
        const GpioContact& contact = settings_.contacts[i];
        add_input(Role::contact, i, contact.line, contact.active_low, contact.bias);
    }
    for (std::size_t i = 0; i < settings_.pulses.size(); ++i) {
        const GpioPulse& pulse = settings_.pulses[i];
        add_input(Role::pulse, i, pulse.line, pulse.active_low, pulse.bias);
        SeriesInfo info = pulse_info(pulse);
        if (const Status sound = normalise(info); !sound) {
            problems.add(settings.position, "pulse.metric", sound.error().message);
        }
    }
    check_lines(settings, problems);
}

void Gpio::add_input(Role role, std::size_t index, std::int64_t line, bool low, std::string bias) {
    inputs_.push_back(
        {role,
         index,
         {static_cast<std::uint32_t>(std::max<std::int64_t>(line, 0)), low, std::move(bias)}}
    );
}

void Gpio::check_lines(const SettingsNode& settings, SettingsProblems& problems) const {
    if (inputs_.empty()) {
        problems.add(settings.position, "beam", "nothing to watch: no beam, contact or pulse");
    }
    std::map<std::uint32_t, int> used;
    for (const Input& input : inputs_) {
        if (++used[input.line.offset] == 2) {
            problems.add(
                settings.position, "line", fmt::format("{} is used twice", input.line.offset)
            );
        }
    }
}

Status Gpio::start(Host& host) {
    host_ = &host;
    intake_.emplace(host, settings_);
    pulses_.assign(settings_.pulses.size(), 0);
    look_ = host.loop().every(kLookAgain, [this] { look_again(); });
    return open();
}

Status Gpio::open() {
    std::vector<devices::GpioLine> lines;
    for (const Input& input : inputs_) {
        lines.push_back(input.line);
    }
    chip_ = make_chip_(settings_.chip);
    Status watched = chip_->watch(
        lines,
        host_->loop(),
        [this](const devices::GpioEdge& seen) { edge(seen); },
        [this](const Error& error) { lost(error); }
    );
    if (!watched) {
        return watched;
    }
    const Result<std::vector<bool>> levels = chip_->levels();
    if (!levels) {
        return levels.error();
    }
    begin(*levels);
    return {};
}

void Gpio::begin(const std::vector<bool>& levels) {
    debouncers_.clear();
    for (const bool level : levels) {
        debouncers_.emplace_back(settings_.debounce, level);
    }
    std::vector<BeamState> beams;
    for (std::size_t i = 0; i < settings_.beams.size(); ++i) {
        const GpioBeam& beam = settings_.beams[i];
        // Beams come first among the inputs, in pairs.
        const BeamPair pair({beam.timeout, beam.blocked}, levels[2 * i], levels[2 * i + 1], now());
        beams.push_back({pair, !beams_.empty() && beams_[i].alarm});
    }
    beams_ = std::move(beams);
    pause_ = {};
    static_cast<void>(intake_->take(state_of_chip(true)));
    tell_contacts();
    check_blocked(now());
    arm();
}

// The chip, often on USB, went away: it is looked for again.
void Gpio::lost(const Error& error) {
    debouncers_.clear();
    timer_.cancel();
    host_->set_problem(error.message);
    static_cast<void>(intake_->take(state_of_chip(false)));
    pause_ = std::clamp(pause_ * 2, kFirstRetry, kLongestRetry);
    // Not now: this may be called from within the chip.
    retry_ = host_->loop().after(pause_, [this] { reopen(); });
}

void Gpio::reopen() {
    if (const Status opened = open(); !opened) {
        lost(opened.error());
        return;
    }
    host_->set_problem({});
}

std::chrono::nanoseconds Gpio::now() const {
    return host_->clock().steady_now().time_since_epoch();
}

void Gpio::edge(const devices::GpioEdge& edge) {
    if (edge.line >= debouncers_.size()) {
        return;
    }
    // What became certain before this edge comes before it, at other lines, too.
    settle(edge.at);
    if (const auto change = debouncers_[edge.line].edge(edge.active, edge.at)) {
        apply({edge.line, *change});
    }
    arm();
}

void Gpio::settle(std::chrono::nanoseconds now) {
    std::vector<Settled> all;
    for (std::size_t i = 0; i < debouncers_.size(); ++i) {
        if (const auto change = debouncers_[i].settle(now)) {
            all.push_back({i, *change});
        }
    }
    std::stable_sort(all.begin(), all.end(), [](const Settled& a, const Settled& b) {
        return a.change.at < b.change.at;
    });
    for (const Settled& settled : all) {
        apply(settled);
    }
}

// One timer for whatever has to be looked at next.
void Gpio::arm() {
    std::optional<std::chrono::nanoseconds> next;
    const auto earlier = [&](std::optional<std::chrono::nanoseconds> due) {
        next = due && (!next || *due < *next) ? due : next;
    };
    for (const Debouncer& debouncer : debouncers_) {
        earlier(debouncer.due());
    }
    for (const BeamState& beam : beams_) {
        earlier(beam.alarm ? std::nullopt : beam.pair.blocked_at());
    }
    if (!next) {
        timer_.cancel();
        return;
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*next - now());
    timer_ =
        host_->loop().after(std::max(wait, std::chrono::milliseconds(0)), [this] { on_timer(); });
}

void Gpio::on_timer() {
    settle(now());
    check_blocked(now());
    arm();
}

// Whether edges were missed; and who looks at the state of a door sees that somebody still looks.
void Gpio::look_again() {
    if (debouncers_.empty()) {
        return;  // the chip is away
    }
    const Result<std::vector<bool>> levels = chip_->levels();
    if (!levels) {
        lost(levels.error());
        return;
    }
    for (std::size_t i = 0; i < debouncers_.size() && i < levels->size(); ++i) {
        if ((*levels)[i] != debouncers_[i].raw()) {
            edge({i, (*levels)[i], now()});
        }
    }
    static_cast<void>(intake_->take(state_of_chip(true)));
    tell_contacts();
}

void Gpio::apply(const Settled& settled) {
    const Input& input = inputs_[settled.input];
    const LevelChange& change = settled.change;
    if (input.role == Role::contact) {
        tell_contact(input, change.active);
        return;
    }
    if (input.role == Role::pulse) {
        take_pulse(input.index, change.active);
        return;
    }
    const Beam beam = input.role == Role::beam_a ? Beam::a : Beam::b;
    const auto passage = beams_[input.index].pair.change(beam, change.active, change.at);
    if (passage) {
        tell_passage(settings_.beams[input.index], *passage);
    }
    check_blocked(change.at);
}

void Gpio::take_pulse(std::size_t index, bool active) {
    if (!active) {
        return;
    }
    pulses_[index] += 1;
    if (!flush_) {
        flush_ = host_->loop().after(kPulsesTogether, [this] { flush_pulses(); });
    }
}

void Gpio::tell(Reading reading) {
    Report report;
    report.readings.push_back(std::move(reading));
    // Refusals are counted by the agent; a beam does not walk through a door again.
    static_cast<void>(intake_->take(report));
}

void Gpio::tell_passage(const GpioBeam& beam, Passage passage) {
    Reading reading;
    reading.info =
        passage_info(passage == Passage::in ? beam.metric_in : beam.metric_out, beam.name);
    reading.value = 1;
    tell(std::move(reading));
}

void Gpio::tell_contact(const Input& input, bool active) {
    const GpioContact& contact = settings_.contacts[input.index];
    Reading reading;
    reading.info = {
        {"store.door.open", {{"door", contact.name}}}, Kind::state, {}, {"closed", "open"}, 0};
    const bool shut = active == (contact.normally == "closed");
    reading.value = shut ? 0 : 1;
    tell(std::move(reading));
}

void Gpio::tell_contacts() {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
        if (inputs_[i].role == Role::contact) {
            tell_contact(inputs_[i], debouncers_[i].level());
        }
    }
}

void Gpio::check_blocked(std::chrono::nanoseconds now) {
    for (std::size_t i = 0; i < beams_.size(); ++i) {
        const bool blocked = beams_[i].pair.is_blocked(now);
        // It ends when both are whole, not between two looks.
        if (blocked != beams_[i].alarm && (blocked || !beams_[i].pair.blocked_at())) {
            beams_[i].alarm = blocked;
            tell_blocked(settings_.beams[i], blocked);
        }
    }
}

void Gpio::tell_blocked(const GpioBeam& beam, bool blocked) {
    Event event;
    event.name = "gpio.beam_blocked";
    event.severity = Severity::minor;
    event.state = blocked ? EventState::raise : EventState::clear;
    event.id =
        derived_event_id(fmt::format("{} {} {}", host_->source_name(), event.name, beam.name));
    event.subject = settings_.device.empty() ? host_->source_name() : settings_.device;
    event.text = blocked ? "A light beam across a door is blocked: nobody is counted there."
                         : "The light beams across a door are free again.";
    event.attrs = {{"door", beam.name}};
    host_->emit_event(std::move(event));
}

void Gpio::flush_pulses() {
    flush_.cancel();
    for (std::size_t i = 0; i < pulses_.size(); ++i) {
        const double count = std::exchange(pulses_[i], 0);
        if (count > 0) {
            Reading reading;
            reading.info = pulse_info(settings_.pulses[i]);
            reading.value = count * settings_.pulses[i].factor;
            tell(std::move(reading));
        }
    }
}

void Gpio::stop() {
    for (LoopHandle* const handle : {&timer_, &look_, &retry_, &flush_}) {
        handle->cancel();
    }
    chip_.reset();
    if (intake_) {
        flush_pulses();
    }
    intake_.reset();
    debouncers_.clear();
    beams_.clear();
    pause_ = {};
}

}  // namespace cxedge::plugins
