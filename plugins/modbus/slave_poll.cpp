// SPDX-License-Identifier: Apache-2.0
#include "plugins/modbus/slave_poll.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

constexpr std::chrono::seconds kFirstPause{1};
constexpr std::chrono::seconds kLongestPause{60};

// A state's value is its index.
Result<double> checked(double value, const SeriesInfo& info) {
    if (info.kind != Kind::state) {
        return value;
    }
    const auto states = static_cast<double>(info.states.size());
    const bool known = value >= 0 && value < states &&
                       value == static_cast<double>(static_cast<std::size_t>(value));
    return known ? Result<double>(value) : invalid_argument("a state that has no name");
}

Result<double> value_of(const RegisterRule& rule, std::span<const std::uint16_t> words) {
    if (is_bits(rule.place.table)) {
        return static_cast<double>(words.front());
    }
    return decode_registers(words, rule.code);
}

}  // namespace

SlavePoll::SlavePoll(SlaveRules rules) : rules_(std::move(rules)) {
    for (const RegisterRule& rule : rules_.registers) {
        places_.push_back(rule.place);
    }
}

void SlavePoll::begin() {
    const std::vector<ReadRequest> requests = plan_reads(places_, rules_.limits);
    queue_.assign(requests.begin(), requests.end());
    report_ = {};
    settled_.assign(places_.size(), false);
}

std::optional<ReadRequest> SlavePoll::next() const {
    return queue_.empty() ? std::nullopt : std::optional(queue_.front());
}

bool SlavePoll::take(const ReadAnswer& answer, SteadyTime now) {
    const ReadRequest request = std::move(queue_.front());
    queue_.pop_front();
    switch (answer.fault) {
        case ReadFault::none:
            answered();
            take_words(request, answer.words);
            return true;
        case ReadFault::refused:
            answered();
            if (ask_for_less(request)) {
                return true;
            }
            break;
        case ReadFault::exception:
            answered();
            break;
        case ReadFault::bus:
        case ReadFault::silent:
        case ReadFault::gateway:
            not_answered(answer.text, now);
            return false;
    }
    for (const std::size_t item : request.items) {
        settled_[item] = true;
        complain(rules_.registers[item], answer.text);
    }
    return true;
}

void SlavePoll::take_words(const ReadRequest& request, const std::vector<std::uint16_t>& words) {
    for (const std::size_t item : request.items) {
        const RegisterRule& rule = rules_.registers[item];
        const auto first = static_cast<std::size_t>(rule.place.start - request.start);
        settled_[item] = true;
        take_value(rule, value_of(rule, std::span(words).subspan(first, rule.place.words)));
    }
}

void SlavePoll::take_value(const RegisterRule& rule, const Result<double>& value) {
    if (!value) {
        complain(rule, value.error().message);
        return;
    }
    const Result<double> sound = checked(*value * rule.factor + rule.offset, rule.info);
    if (!sound) {
        complain(rule, sound.error().message);
        return;
    }
    devices::Reading reading = reading_of(rule);
    reading.value = *sound;
    report_.readings.push_back(std::move(reading));
}

devices::Reading SlavePoll::reading_of(const RegisterRule& rule) const {
    devices::Reading reading;
    reading.device = rules_.name;
    reading.info = rule.info;
    return reading;
}

// A counter tells later what it counted meanwhile; a state that nobody can read is not what it was.
void SlavePoll::add_lost(const RegisterRule& rule, devices::Report& report) const {
    if (rule.info.kind == Kind::gauge || rule.info.kind == Kind::state) {
        report.readings.push_back(reading_of(rule));
        report.readings.back().lost = true;
    }
}

void SlavePoll::complain(const RegisterRule& rule, const std::string& what) {
    report_.bad_elements.push_back({fmt::format("{}: {}", rules_.name, rule.where), what});
    add_lost(rule, report_);
}

// True: the same registers are asked for again, fewer at a time.
bool SlavePoll::ask_for_less(const ReadRequest& request) {
    const bool several = request.items.size() > 1;
    if (!several && (request.by_word || request.count == 1)) {
        return false;
    }
    std::vector<RegisterPlace> fewer;
    for (const std::size_t item : request.items) {
        RegisterPlace& place = places_[item];
        place.by_word = !several && place.words > 1;
        place.alone = true;
        fewer.push_back(place);
    }
    std::vector<ReadRequest> requests = plan_reads(fewer, rules_.limits);
    for (ReadRequest& one : requests) {
        one.items = {request.items[one.items.front()]};
    }
    queue_.insert(queue_.begin(), requests.begin(), requests.end());
    if (!std::exchange(asks_less_, true)) {
        remark_ = fmt::format(
            "{} refuses {} registers at once: it is asked for fewer from now on",
            rules_.name,
            request.count
        );
    }
    return true;
}

void SlavePoll::answered() {
    if (problem_.empty()) {
        return;
    }
    remark_ = fmt::format("{} answers again", rules_.name);
    problem_.clear();
    backoff_ = {};
}

void SlavePoll::not_answered(const std::string& why, SteadyTime now) {
    problem_ = why;
    backoff_ = std::clamp(backoff_ * 2, kFirstPause, kLongestPause);
    next_try_ = now + backoff_;
    queue_.clear();
    // It may have been exchanged, or had not finished starting when it refused.
    asks_less_ = false;
    for (RegisterPlace& place : places_) {
        place.alone = false;
        place.by_word = false;
    }
}

devices::Report SlavePoll::finish(bool away) {
    if (away) {
        add_away(report_);
    }
    for (std::size_t i = 0; i < settled_.size(); ++i) {
        if (!settled_[i]) {
            add_lost(rules_.registers[i], report_);
        }
    }
    return std::exchange(report_, {});
}

void SlavePoll::add_away(devices::Report& report) const {
    devices::DeviceState state;
    state.device = rules_.name;
    state.up = false;
    report.devices.push_back(std::move(state));
}

devices::Report SlavePoll::all_lost(bool away) const {
    devices::Report report;
    if (away) {
        add_away(report);
    }
    for (const RegisterRule& rule : rules_.registers) {
        add_lost(rule, report);
    }
    return report;
}

std::string SlavePoll::take_remark() {
    return std::exchange(remark_, {});
}

}  // namespace cxedge::plugins
