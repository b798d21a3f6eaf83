// SPDX-License-Identifier: Apache-2.0
#include "plugins/prometheus/prometheus.hpp"

#include <algorithm>
#include <utility>

namespace cxedge::plugins {
namespace {

constexpr std::array kScrapeOutcomes{"ok", "failed", "skipped"};
// Times of an exposition that are further off do not count.
constexpr std::chrono::minutes kAhead{2};
constexpr std::chrono::hours kBehind{24};

}  // namespace

Prometheus::Prometheus(devices::HttpLookup lookup) : lookup_(std::move(lookup)) {}

Prometheus::~Prometheus() = default;

std::vector<SettingHelp> Prometheus::settings_help() {
    return scrape_settings_help();
}

void Prometheus::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = read_scrape_settings(settings, problems);
}

devices::IntakeSettings Prometheus::intake_settings() const {
    devices::IntakeSettings intake;
    for (const ScrapeTarget& target : settings_.targets) {
        intake.silent = std::max(intake.silent, 3 * (target.interval + target.timeout));
    }
    intake.max_devices = static_cast<std::int64_t>(settings_.targets.size());
    return intake;
}

Status Prometheus::start(Host& host) {
    host_ = &host;
    budget_.left = settings_.max_series;
    intake_.emplace(host, intake_settings());
    clock_.emplace(host, devices::ClockPolicy::automatic, kAhead, kBehind);
    client_.emplace(host, lookup_);
    declare_own_series();
    shared_.emplace(ScrapeDesk::Shared{
        host,
        *intake_,
        *clock_,
        settings_,
        budget_,
        [this](ScrapeOutcome outcome) { emit(scrapes_.at(static_cast<std::size_t>(outcome)), 1); },
        [this](std::uint64_t samples, std::uint64_t refused) {
            emit(samples_, samples);
            emit(refused_, refused);
        },
        [this](const std::string& device, const std::string& problem) {
            problems_.note(*host_, device, problem, settings_.targets.size());
        }});
    for (const ScrapeTarget& target : settings_.targets) {
        desks_.push_back(std::make_unique<ScrapeDesk>(*shared_, *client_, target));
    }
    return {};
}

std::optional<SeriesId> Prometheus::declare(const char* metric, std::vector<Dimension> dims) {
    dims.push_back({"source", std::string(host_->source_name())});
    const Result<SeriesId> id = host_->declare({{metric, std::move(dims)}, Kind::delta, {}, {}, 0});
    return id ? std::optional(*id) : std::nullopt;  // else the host has said so
}

void Prometheus::declare_own_series() {
    for (std::size_t i = 0; i < kScrapeOutcomes.size(); ++i) {
        scrapes_.at(i) = declare("prometheus.scrapes", {{"outcome", kScrapeOutcomes.at(i)}});
    }
    samples_ = declare("prometheus.samples", {});
    refused_ = declare("prometheus.refused", {});
}

void Prometheus::emit(const std::optional<SeriesId>& id, std::uint64_t count) {
    if (id) {
        static_cast<void>(host_->emit(*id, static_cast<double>(count)));
    }
}

void Prometheus::stop() {
    desks_.clear();
    shared_.reset();
    client_.reset();
    clock_.reset();
    intake_.reset();
    problems_ = {};
}

}  // namespace cxedge::plugins
