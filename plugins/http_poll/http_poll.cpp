// SPDX-License-Identifier: Apache-2.0
#include "plugins/http_poll/http_poll.hpp"

#include <utility>

#include "plugins/http_poll/stream_cycle.hpp"

namespace cxedge::plugins {
namespace {

constexpr std::array kOutcomes{"ok", "failed", "skipped", "dropped"};

// "/ISAPI/x" of "http://10.0.0.7/ISAPI/x?y=1".
std::string path_of_url(const std::string& url) {
    const std::size_t host = url.find("://");
    const std::size_t path = host == std::string::npos ? host : url.find('/', host + 3);
    return path == std::string::npos ? "/" : url.substr(path, url.find_first_of("?#", path) - path);
}

}  // namespace

HttpPoll::HttpPoll(devices::HttpLookup lookup) : lookup_(std::move(lookup)) {}

HttpPoll::~HttpPoll() = default;

std::vector<SettingHelp> HttpPoll::settings_help() {
    return poll_settings_help();
}

void HttpPoll::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = read_poll_settings(settings, problems);
    reader_ = devices::PayloadReader::make(settings_, settings, problems);
}

Status HttpPoll::start(Host& host) {
    host_ = &host;
    intake_.emplace(host, settings_);
    client_.emplace(host, lookup_);
    for (std::size_t i = 0; i < kOutcomes.size(); ++i) {
        const Result<SeriesId> id = host.declare(
            {{"http_poll.polls",
              {{"source", std::string(host.source_name())}, {"outcome", kOutcomes.at(i)}}},
             Kind::delta,
             {},
             {},
             0}
        );
        counts_.at(i) = id ? std::optional(*id) : std::nullopt;  // the host has said so
    }
    shared_.emplace(TargetDesk::Shared{
        host,
        *intake_,
        *reader_,
        [this](Outcome outcome) { count(outcome); },
        [this](std::size_t target, const std::string& problem) {
            problems_.note(*host_, target, problem, settings_.targets.size());
        }});
    for (std::size_t i = 0; i < settings_.targets.size(); ++i) {
        cycles_.push_back(begin(i));
    }
    return {};
}

std::unique_ptr<Cycle> HttpPoll::begin(std::size_t number) {
    const PollTarget& target = settings_.targets[number];
    TargetDesk desk(*shared_, naming_of(number));
    if (target.streams()) {
        return std::make_unique<StreamCycle>(*host_, *client_, target, std::move(desk));
    }
    return std::make_unique<PollCycle>(*host_, *client_, target, std::move(desk));
}

TargetDesk::Naming HttpPoll::naming_of(std::size_t number) const {
    const PollTarget& target = settings_.targets[number];
    TargetDesk::Naming naming;
    naming.number = number;
    naming.target = target.name();
    naming.device = target.called;
    // One of several has to be told from the others.
    naming.unnamed = settings_.targets.size() > 1 ? naming.target : std::string();
    naming.never_named =
        !settings_.device.empty() || !target.called.empty() ||
        (devices::find_format(settings_.format) == nullptr && settings_.device_at.empty());
    naming.path = path_of_url(target.url);
    naming.leaves_unfinished = settings_.clock != "receive";
    return naming;
}

void HttpPoll::count(Outcome outcome) {
    if (const auto& id = counts_.at(static_cast<std::size_t>(outcome))) {
        static_cast<void>(host_->emit(*id, 1));
    }
}

void HttpPoll::stop() {
    cycles_.clear();
    shared_.reset();
    client_.reset();
    intake_.reset();
    problems_ = {};
    counts_ = {};
}

}  // namespace cxedge::plugins
