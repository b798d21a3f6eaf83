// SPDX-License-Identifier: Apache-2.0
#include "plugins/modbus/modbus.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

constexpr std::chrono::milliseconds kFirstConnectPause{500};
constexpr std::chrono::milliseconds kLongestConnectPause{10'000};
// The workers are all busy: very soon again.
constexpr std::chrono::milliseconds kWorkerPause{100};

}  // namespace

Modbus::Modbus() = default;

Modbus::~Modbus() {
    stop();
}

std::vector<SettingHelp> Modbus::settings_help() {
    return modbus_settings_help();
}

void Modbus::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = read_modbus_settings(settings, problems);
    rules_ = check_modbus_settings(settings_, settings, problems);
    for (const SlaveRules& slave : rules_.slaves) {
        // Who is asked seldom is not silent.
        settings_.silent = std::max(settings_.silent, slave.interval * 2);
    }
}

// A bus that is not there yet is a problem of its devices, not of the source: they are told down,
// their readings lost.
Status Modbus::start(Host& host) {
    host_ = &host;
    intake_.emplace(host, settings_);
    link_ = std::make_shared<BusLink>(rules_.address);
    run_ = std::make_shared<const bool>(true);
    members_.reserve(rules_.slaves.size());
    for (std::size_t i = 0; i < rules_.slaves.size(); ++i) {
        members_.emplace_back(rules_.slaves[i]);
        members_.back().timer =
            host.loop().every(rules_.slaves[i].interval, [this, i] { slot(i); });
    }
    for (std::size_t i = 0; i < members_.size(); ++i) {
        slot(i);
    }
    return {};
}

void Modbus::stop() {
    if (link_) {
        link_->abort();
    }
    link_.reset();
    run_.reset();
    retry_.cancel();
    members_.clear();
    queue_.clear();
    asking_ = false;
    intake_.reset();
    bus_problem_.clear();
    slow_problem_.clear();
    told_.clear();
    next_connect_ = {};
    connect_pause_ = {};
}

// A reading of this slave is due.
void Modbus::slot(std::size_t index) {
    Member& member = members_[index];
    const SteadyTime now = host_->clock().steady_now();
    if (member.waits) {
        slow_problem_ = "the bus is too slow for the intervals of its slaves";
        static_cast<void>(intake_->take(member.poll.all_lost(false)));
        say_problems();
        return;
    }
    if (!member.poll.is_due(now) || (!bus_problem_.empty() && now < next_connect_)) {
        static_cast<void>(intake_->take(member.poll.all_lost(true)));
        return;
    }
    member.waits = true;
    queue_.push_back(index);
    if (queue_.size() == 1) {
        member.poll.begin();
        advance();
    }
}

// The next request of the slave whose turn it is, or the next slave.
void Modbus::advance() {
    while (!queue_.empty() && !asking_) {
        if (const auto request = members_[queue_.front()].poll.next()) {
            ask(*request);
            return;
        }
        end_poll(true);
    }
}

void Modbus::ask(const ReadRequest& request) {
    const Member& member = members_[queue_.front()];
    // One that is known to be away gets no second try: the others wait for the bus.
    const bool again = member.poll.problem().empty();
    const auto found = std::make_shared<ReadAnswer>();
    asking_ = true;
    host_->offload(
        [link = link_, unit = member.poll.rules().id, request, again, found] {
            *found = link->read(unit, request, again);
        },
        [this, run = std::weak_ptr<const bool>(run_), found](const Status& done) {
            if (!run.expired()) {
                asked(done, *found);
            }
        }
    );
}

void Modbus::asked(const Status& done, const ReadAnswer& found) {
    asking_ = false;
    if (done) {
        answer(found);
    } else {
        retry_ = host_->loop().after(kWorkerPause, [this] { advance(); });
    }
}

void Modbus::answer(const ReadAnswer& answer) {
    if (answer.fault == ReadFault::bus) {
        bus_failed(answer.text);
        return;
    }
    Member& member = members_[queue_.front()];
    const bool was_away = !member.poll.problem().empty();
    bus_problem_.clear();
    connect_pause_ = {};
    const bool goes_on = member.poll.take(answer, host_->clock().steady_now());
    if (const std::string remark = member.poll.take_remark(); !remark.empty()) {
        host_->log(log::Level::info, remark);
    }
    if (goes_on && was_away) {
        all_came_back();
    }
    if (!goes_on) {
        end_poll(false);
    }
    say_problems();
    advance();
}

// Nobody can be asked: whoever waits has lost his reading.
void Modbus::bus_failed(const std::string& why) {
    const std::string& place = settings_.url.empty() ? settings_.serial : settings_.url;
    bus_problem_ = fmt::format("{} is not reachable: {}", place, why);
    connect_pause_ = std::clamp(connect_pause_ * 2, kFirstConnectPause, kLongestConnectPause);
    next_connect_ = host_->clock().steady_now() + connect_pause_;
    while (!queue_.empty()) {
        end_poll(false);
    }
    say_problems();
}

void Modbus::end_poll(bool answered) {
    Member& member = members_[queue_.front()];
    queue_.pop_front();
    member.waits = false;
    // What was read before it fell silent counts.
    static_cast<void>(intake_->take(member.poll.finish(!answered)));
    if (answered && queue_.empty()) {
        slow_problem_.clear();
        say_problems();
    }
    if (!queue_.empty()) {
        members_[queue_.front()].poll.begin();
    }
}

// One that was away answers: a gateway or a cable is well again, so the others are asked, too.
void Modbus::all_came_back() {
    for (Member& member : members_) {
        member.poll.ask_soon();
    }
}

void Modbus::say_problems() {
    std::string text = bus_problem_;
    for (const Member& member : members_) {
        if (bus_problem_.empty() && !member.poll.problem().empty()) {
            text += fmt::format(
                "{}{}: {}",
                text.empty() ? "" : "; ",
                member.poll.rules().name,
                member.poll.problem()
            );
        }
    }
    text = text.empty() ? slow_problem_ : text;
    if (text != told_) {
        told_ = text;
        host_->set_problem(text);
    }
}

}  // namespace cxedge::plugins
