// SPDX-License-Identifier: Apache-2.0
#include "plugins/synthetic/synthetic.hpp"

#include <algorithm>
#include <cmath>

namespace cxedge::plugins {
namespace {

constexpr std::chrono::milliseconds kTick{20};
constexpr std::int64_t kMaxPerTick = 20'000;  // of one series: a late tick must not block the loop

void add_shape(Schema<SyntheticSeries>& schema) {
    schema.number(
        "base", &SyntheticSeries::base, "Level around which (or start from which) values go"
    );
    schema.number(
        "amplitude",
        &SyntheticSeries::amplitude,
        "gauge: height of the sine; histogram: mean above base"
    );
    schema.number("noise", &SyntheticSeries::noise, "gauge: standard deviation added to each value")
        .range(0, 1e12);
    schema.duration("period_s", &SyntheticSeries::period, "gauge: length of a sine")
        .range(0.001, 1e7);
    schema.number("step", &SyntheticSeries::step, "counter, delta: mean increment").range(0, 1e9);
    schema
        .integer(
            "reset_every",
            &SyntheticSeries::reset_every,
            "counter: readings between restarts at 0; 0 = never"
        )
        .range(0, 1e9);
    schema
        .integer(
            "counter_bits",
            &SyntheticSeries::counter_bits,
            "counter: wraps at 16 or 32 bits; 0 = never"
        )
        .range(0, 32);
    schema.texts(
        "states", &SyntheticSeries::states, "state: the texts, in the order they are taken"
    );
    schema.integer("hold", &SyntheticSeries::hold, "state: readings before the next state")
        .range(1, 1e9);
    schema
        .number(
            "loss_share", &SyntheticSeries::loss_share, "Share of readings that are explicit losses"
        )
        .range(0, 1);
}

Schema<SyntheticSeries> series_schema() {
    Schema<SyntheticSeries> schema;
    schema.text("metric", &SyntheticSeries::metric, "Name of the series").required();
    schema.text("kind", &SyntheticSeries::kind, "What it is")
        .one_of({"gauge", "counter", "delta", "histogram", "state"});
    schema.text("unit", &SyntheticSeries::unit, "Unit (UCUM)");
    schema.number("rate_hz", &SyntheticSeries::rate_hz, "Readings a second").range(0.0001, 50'000);
    schema.text_map("dims", &SyntheticSeries::dims, "Dimensions of the series");
    add_shape(schema);
    return schema;
}

Schema<SyntheticEvent> event_schema() {
    Schema<SyntheticEvent> schema;
    schema.text("name", &SyntheticEvent::name, "Name of the event").required();
    schema.text("severity", &SyntheticEvent::severity, "How bad it is")
        .one_of({"info", "warning", "minor", "major", "critical"});
    schema.text("subject", &SyntheticEvent::subject, "What it is about");
    schema.text("text", &SyntheticEvent::text, "One sentence for a person");
    schema.duration("period_s", &SyntheticEvent::period, "Time between two events")
        .range(0.01, 1e7);
    return schema;
}

Schema<SyntheticSettings> make_schema() {
    Schema<SyntheticSettings> schema;
    ignore_common_keys(schema);
    schema.integer("seed", &SyntheticSettings::seed, "The same seed gives the same values");
    schema.tables("series", &SyntheticSettings::series, series_schema(), "A series");
    schema.tables("event", &SyntheticSettings::events, event_schema(), "A repeated event");
    return schema;
}

const Schema<SyntheticSettings>& schema() {
    static const Schema<SyntheticSettings> kSchema = make_schema();
    return kSchema;
}

SeriesInfo info_of(const SyntheticSeries& series) {
    SeriesInfo info;
    info.key.metric = series.metric;
    for (const auto& [key, value] : series.dims) {
        info.key.dims.push_back({key, value});
    }
    parse_kind(series.kind, info.kind);
    info.unit = series.unit;
    if (info.kind == Kind::state) {
        info.states = series.states;
    }
    if (info.kind == Kind::counter) {
        info.counter_bits = static_cast<std::uint8_t>(series.counter_bits);
    }
    return info;
}

Severity severity_of(const std::string& text) {
    for (const Severity severity :
         {Severity::warning, Severity::minor, Severity::major, Severity::critical}) {
        if (to_string(severity) == text) {
            return severity;
        }
    }
    return Severity::info;
}

std::string shape_problem(const SyntheticSeries& series) {
    if (series.kind == "state" && series.states.size() < 2) {
        return "a state needs `states` with at least two texts";
    }
    if (series.counter_bits != 0 && series.counter_bits != 16 && series.counter_bits != 32) {
        return "counter_bits must be 0, 16 or 32";
    }
    SeriesInfo info = info_of(series);
    const Status checked = normalise(info);
    return checked ? std::string() : checked.error().message;
}

}  // namespace

std::vector<SettingHelp> Synthetic::settings_help() {
    return schema().help();
}

void Synthetic::init(const SettingsNode& settings, SettingsProblems& problems) {
    const std::size_t before = problems.lines().size();
    settings_ = schema().read(settings, problems);
    const SettingsNode* const tables = settings.find("series");
    if (problems.lines().size() != before || tables == nullptr) {
        return;
    }
    for (std::size_t i = 0; i < settings_.series.size(); ++i) {
        const std::string problem = shape_problem(settings_.series[i]);
        if (!problem.empty()) {
            problems.add(
                (*tables->list())[i].position, "series[" + std::to_string(i) + "]", problem
            );
        }
    }
}

Status Synthetic::start(Host& host) {
    host_ = &host;
    running_.clear();
    events_emitted_.assign(settings_.events.size(), 0);
    refused_ = 0;
    if (Status declared = declare_all(host); !declared) {
        return declared;
    }
    started_ = host.clock().steady_now();
    timer_ = host.loop().every(kTick, [this] { tick(); });
    return {};
}

Status Synthetic::declare_all(Host& host) {
    for (const SyntheticSeries& series : settings_.series) {
        const Result<SeriesId> id = host.declare(info_of(series));
        if (!id) {
            return id.error().during(series.metric);
        }
        // Each series has its own stream of random numbers: adding one leaves the others alone.
        SeededRandom mixer(
            static_cast<std::uint64_t>(settings_.seed) * 1'000'003U + running_.size()
        );
        running_.push_back({*id, series.rate_hz, Generator(series, mixer.next()), 0});
    }
    return {};
}

void Synthetic::tick() {
    const std::chrono::duration<double> elapsed = host_->clock().steady_now() - started_;
    for (Running& running : running_) {
        emit_due(running, elapsed.count());
    }
    emit_due_events(elapsed.count());
}

void Synthetic::emit_due(Running& running, double elapsed_s) {
    const auto due = static_cast<std::int64_t>(std::floor(elapsed_s * running.rate_hz)) + 1;
    const std::int64_t stop_at = std::min(due, running.emitted + kMaxPerTick);
    for (; running.emitted < stop_at; ++running.emitted) {
        const std::optional<double> value = running.generator.next();
        const Status status =
            value ? host_->emit(running.id, *value) : host_->emit_lost(running.id);
        if (!status && ++refused_ == 1) {
            host_->set_problem("readings are refused: " + status.error().message);
        }
    }
}

void Synthetic::emit_due_events(double elapsed_s) {
    for (std::size_t i = 0; i < settings_.events.size(); ++i) {
        const SyntheticEvent& settings = settings_.events[i];
        const double period_s = static_cast<double>(settings.period.count()) / 1000.0;
        // One a tick at most: events are for people, and a late tick must not make a storm.
        if (static_cast<double>(events_emitted_[i] + 1) * period_s > elapsed_s) {
            continue;
        }
        events_emitted_[i] = static_cast<std::int64_t>(std::floor(elapsed_s / period_s));
        Event event;
        event.name = settings.name;
        event.severity = severity_of(settings.severity);
        event.subject = settings.subject;
        event.text = settings.text;
        host_->emit_event(std::move(event));
    }
}

void Synthetic::stop() {
    if (timer_) {
        timer_.cancel();
        timer_ = LoopHandle();
        tick();
    }
}

}  // namespace cxedge::plugins
