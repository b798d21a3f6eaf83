// SPDX-License-Identifier: Apache-2.0
#include "plugins/ticket/ticket_book.hpp"

#include <algorithm>
#include <ctime>

#include <fmt/core.h>

#include "agent/base/local_time.hpp"

#include "plugins/_devices/device_clock.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::plugins {
namespace {

using What = QueueFact::What;

constexpr std::size_t kMostIds = 8'192;
// Without times a ticket that comes again so soon is the same: its sender repeats itself.
constexpr std::chrono::minutes kRetries{10};
// By so much the wall clock was set, not slewed.
constexpr std::chrono::seconds kStep{60};
constexpr WallTime kClockIsSet = WallTime(std::chrono::hours(24 * 365 * 50));  // 2019

std::chrono::milliseconds steady_ms(SteadyTime time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
}

}  // namespace

TicketBook::Facts TicketBook::take(const TicketEvent& event, const TicketNow& now) {
    now_ = now;
    facts_.clear();
    last_queue_.clear();
    follow_clock();
    if (seen(event.id)) {
        return {};
    }
    const Moment at = moment(event.time, event);
    Ticket& ticket = find_or_add(event, at);
    ticket.touched = now.steady;
    fill_in(ticket, event);
    step(ticket, event, at);
    last_queue_ = ticket.queue;
    return std::move(facts_);
}

bool TicketBook::seen(const std::string& id) {
    if (id.empty()) {
        return false;
    }
    if (ids_.size() >= kMostIds) {
        const auto oldest = std::min_element(ids_.begin(), ids_.end(), [](auto& a, auto& b) {
            return a.second < b.second;
        });
        ids_.erase(oldest);
    }
    return !ids_.emplace(devices::key_of(id), now_.steady).second;
}

TicketBook::Moment TicketBook::moment(
    const std::optional<devices::DeviceTime>& time, const TicketEvent& event
) const {
    const auto device =
        time ? std::optional(devices::to_utc(*time, now_.wall)) : std::optional<WallTime>();
    return {device, now_.steady, event.id};
}

WallTime TicketBook::wall_of(const Moment& moment) const {
    const auto age = steady_ms(now_.steady) - steady_ms(moment.receipt);
    return moment.device.value_or(now_.wall - age);
}

// The local calendar day whose night ends at day_ends; days since 1970.
std::int64_t TicketBook::day_of(WallTime time) const {
    const auto moment = static_cast<std::time_t>(
        std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count()
    );
    std::tm shown{};
    ::localtime_r(&moment, &shown);
    const bool is_night = shown.tm_hour * 60 + shown.tm_min < rules_.day_ends.count();
    shown.tm_hour = 12;
    shown.tm_min = 0;
    shown.tm_sec = 0;
    return ::timegm(&shown) / 86'400 - (is_night ? 1 : 0);
}

std::optional<double> TicketBook::seconds(const Moment& from, const Moment& to) {
    const auto took = from.device && to.device ? *to.device - *from.device
                                               : steady_ms(to.receipt) - steady_ms(from.receipt);
    // Clocks of two devices that disagree, or messages that overtook one another: nobody knows.
    return took.count() >= 0 ? std::optional(std::chrono::duration<double>(took).count())
                             : std::nullopt;
}

bool TicketBook::is_later(const Moment& moment, const Moment& than) {
    return moment.device && than.device ? *moment.device > *than.device
                                        : moment.receipt > than.receipt;
}

bool TicketBook::has_ended(const Ticket& ticket) {
    return ticket.state == State::finished || ticket.state == State::abandoned;
}

// A number that is issued while its ticket is known: told again, or the next customer's?
bool TicketBook::is_reused(const Ticket& ticket, const Moment& at) const {
    if (!rules_.daily || ticket.state == State::waiting || ticket.state == State::unknown) {
        return false;
    }
    const std::optional<Moment>& last = ticket.ended ? ticket.ended : ticket.called;
    for (const std::optional<Moment>& known : {last, ticket.issued}) {
        if (at.device && known && known->device) {
            return *at.device > *known->device;
        }
    }
    return at.receipt > last->receipt + kRetries;
}

TicketBook::Ticket& TicketBook::find_or_add(const TicketEvent& event, const Moment& at) {
    const std::int64_t day = day_of(wall_of(at));
    const Key key{rules_.daily ? day : 0, event.ticket};
    const auto known = tickets_.find(key);
    if (known != tickets_.end() && event.step == TicketStep::issued &&
        is_reused(known->second, at)) {
        settle(known->second);
        tickets_.erase(known);
    } else if (known != tickets_.end()) {
        return known->second;
    }
    make_room();
    Ticket& ticket = tickets_[key];
    ticket.number = event.ticket;
    ticket.day = day;
    ticket.queue = event.queue.empty() ? rules_.queue : event.queue;
    return ticket;
}

void TicketBook::make_room() {
    if (tickets_.size() < rules_.max_tickets) {
        return;
    }
    const auto oldest =
        std::min_element(tickets_.begin(), tickets_.end(), [](const auto& a, const auto& b) {
            const bool a_ended = has_ended(a.second);
            const bool b_ended = has_ended(b.second);
            return a_ended != b_ended ? a_ended : a.second.touched < b.second.touched;
        });
    settle(oldest->second);
    tickets_.erase(oldest);
}

// Later messages may repeat when the earlier steps were.
void TicketBook::fill_in(Ticket& ticket, const TicketEvent& event) {
    const bool fresh = ticket.state == State::unknown;
    if (event.issued && !ticket.issued) {
        issue(ticket, moment(event.issued, event));
    }
    const bool after_call =
        event.step == TicketStep::finished || event.step == TicketStep::abandoned;
    if (event.called && after_call && !ticket.called && (fresh || ticket.state == State::waiting)) {
        call(ticket, event, moment(event.called, event));
    }
}

void TicketBook::step(Ticket& ticket, const TicketEvent& event, const Moment& at) {
    switch (event.step) {
        case TicketStep::issued:
            return issue(ticket, at);
        case TicketStep::called:
            return call(ticket, event, at);
        case TicketStep::served:
            return serve(ticket, event, at);
        case TicketStep::finished:
            return finish(ticket, at);
        case TicketStep::abandoned:
            return abandon(ticket, at);
        case TicketStep::transferred:
            return transfer(ticket, event.queue, at);
        case TicketStep::changed:
            if (!event.queue.empty() && event.queue != ticket.queue && !has_ended(ticket)) {
                transfer(ticket, event.queue, at);
            }
            return;
        case TicketStep::opened:
        case TicketStep::closed:
        case TicketStep::ignored:
            return;
    }
}

void TicketBook::issue(Ticket& ticket, const Moment& at) {
    if (ticket.issued) {
        return;  // told again
    }
    ticket.issued = at;
    ticket.state = ticket.state == State::unknown ? State::waiting : ticket.state;
    if (!std::exchange(ticket.arrived_told, true)) {
        tell(What::arrived, ticket, at);
    }
    tell_wait(ticket);  // the call came first
}

void TicketBook::call(Ticket& ticket, const TicketEvent& event, const Moment& at) {
    const bool again = has_ended(ticket) && ticket.called && is_later(at, *ticket.ended);
    const bool late = has_ended(ticket) && !ticket.called;
    if (again) {  // a no-show who came after all
        ticket.called.reset();
        ticket.served.reset();
        ticket.ended.reset();
        ticket.service_told = false;
    } else if (ticket.called) {
        ticket.counter = event.counter.empty() ? ticket.counter : event.counter;
        return;  // called again: the wait ended with the first call
    }
    ticket.called = at;
    ticket.counter = event.counter.empty() ? ticket.counter : event.counter;
    ticket.state = late ? ticket.state : State::called;
    tell_wait(ticket);
    tell_service(ticket);
    end_at_counter(ticket, at);
}

void TicketBook::serve(Ticket& ticket, const TicketEvent& event, const Moment& at) {
    if (!ticket.called) {
        call(ticket, event, at);
    }
    if (ticket.served) {
        return;
    }
    ticket.served = at;
    if (!has_ended(ticket)) {
        ticket.state = State::serving;
        tell_served(ticket, at);
    }
    tell_service(ticket);
}

void TicketBook::finish(Ticket& ticket, const Moment& at) {
    if (has_ended(ticket)) {
        return;
    }
    ticket.state = State::finished;
    ticket.ended = at;
    tell_served(ticket, at);
    tell_service(ticket);
}

void TicketBook::abandon(Ticket& ticket, const Moment& at) {
    if (has_ended(ticket)) {
        return;
    }
    const bool was_served = ticket.served_told;
    ticket.state = State::abandoned;
    ticket.ended = at;
    if (!was_served) {
        tell(What::abandoned, ticket, at);
    }
}

void TicketBook::transfer(Ticket& ticket, const std::string& queue, const Moment& at) {
    if (has_ended(ticket) && !is_later(at, *ticket.ended)) {
        return;
    }
    const bool other = !queue.empty() && queue != ticket.queue;
    const bool at_counter = ticket.state == State::called || ticket.state == State::serving;
    if (!other && !at_counter) {
        return;  // waits where it waited
    }
    if (at_counter) {
        ticket.ended = at;
        tell_service(ticket);
    }
    const bool leaves = ticket.state != State::unknown && !has_ended(ticket) && other;
    if (leaves && !ticket.served_told) {
        tell(What::transferred, ticket, at);
    }
    Ticket anew;
    anew.number = ticket.number;
    anew.day = ticket.day;
    anew.queue = other ? queue : ticket.queue;
    anew.touched = ticket.touched;
    // Back into the same queue is a second wait, not a second customer.
    anew.arrived_told = !other && ticket.arrived_told;
    anew.served_told = !other && ticket.served_told;
    ticket = std::move(anew);
    issue(ticket, at);
}

// For systems that tell no end: who is called next ends what was served there before.
void TicketBook::end_at_counter(const Ticket& ticket, const Moment& at) {
    if (!rules_.next_ends || ticket.counter.empty()) {
        return;
    }
    for (auto& [key, other] : tickets_) {
        const bool there = (other.state == State::called || other.state == State::serving) &&
                           other.counter == ticket.counter && &other != &ticket;
        if (there && !is_later(*other.called, at)) {
            finish(other, at);
        }
    }
}

TicketBook::Facts TicketBook::tick(const TicketNow& now) {
    now_ = now;
    facts_.clear();
    follow_clock();
    const std::int64_t today = now.wall > kClockIsSet ? day_of(now.wall) : 0;
    for (auto at = tickets_.begin(); at != tickets_.end();) {
        Ticket& ticket = at->second;
        if (ticket.day < today && !has_ended(ticket)) {
            settle(ticket);
            ticket.state = State::abandoned;
            ticket.ended = Moment{std::nullopt, now.steady, {}};
        }
        const bool old = now.steady - ticket.touched > rules_.forget;
        if (old) {
            settle(ticket);
        }
        at = old ? tickets_.erase(at) : std::next(at);
    }
    std::erase_if(ids_, [&](const auto& id) { return now.steady - id.second > rules_.forget; });
    return std::move(facts_);
}

// The day is over, or the ticket has to be forgotten: who waits has left; who was called and of
// whom nothing else came was served, as no-shows are told.
void TicketBook::settle(const Ticket& ticket) {
    const bool waits = ticket.state == State::waiting;
    const bool was_called = ticket.state == State::called && !ticket.served_told;
    if (!waits && !was_called) {
        return;
    }
    const Moment& last = waits ? *ticket.issued : *ticket.called;
    const std::size_t before = facts_.size();
    tell(waits ? What::abandoned : What::served, ticket, last);
    QueueFact& fact = facts_.at(before);
    fact.time = std::min(next_local_time(wall_of(last), rules_.day_ends), now_.wall);
    fact.by_device = false;
}

// A wall clock that was set: what was keyed by receipt is of another day now.
void TicketBook::follow_clock() {
    const auto offset = now_.wall.time_since_epoch() - steady_ms(now_.steady);
    const auto before = std::exchange(wall_offset_, offset);
    if (!before || (offset - *before < kStep && *before - offset < kStep)) {
        return;
    }
    std::map<Key, Ticket> anew;
    for (auto& [key, ticket] : tickets_) {
        const std::optional<Moment>& first = ticket.issued ? ticket.issued : ticket.called;
        if (first && !first->device) {
            ticket.day = day_of(wall_of(*first));
        }
        anew.emplace(Key{rules_.daily ? ticket.day : 0, ticket.number}, std::move(ticket));
    }
    tickets_ = std::move(anew);
}

void TicketBook::tell_wait(Ticket& ticket) {
    if (!ticket.issued || !ticket.called || std::exchange(ticket.wait_told, true)) {
        return;
    }
    if (const auto wait = seconds(*ticket.issued, *ticket.called)) {
        tell(What::wait, ticket, *ticket.called, *wait);
    }
}

void TicketBook::tell_service(Ticket& ticket) {
    const std::optional<Moment>& begin = ticket.served ? ticket.served : ticket.called;
    const bool complete = begin && ticket.ended && ticket.state != State::abandoned;
    if (!complete || std::exchange(ticket.service_told, true)) {
        return;
    }
    if (const auto service = seconds(*begin, *ticket.ended)) {
        tell(What::service, ticket, *ticket.ended, *service);
    }
}

void TicketBook::tell_served(Ticket& ticket, const Moment& at) {
    if (!std::exchange(ticket.served_told, true)) {
        tell(What::served, ticket, at);
    }
}

void TicketBook::tell(What what, const Ticket& ticket, const Moment& at, double value) {
    QueueFact fact;
    fact.what = what;
    fact.queue = ticket.queue;
    fact.counter = what == What::service ? ticket.counter : std::string();
    fact.value = value;
    fact.time = at.device;
    fact.by_device = at.device.has_value();
    const auto name = static_cast<int>(what);
    if (at.device) {
        fact.key =
            devices::key_of(fmt::format("{} {} {}", name, ticket.number, unix_ms(*at.device)));
    } else if (!at.id.empty()) {
        fact.key = devices::key_of(fmt::format("{} {} {}", name, ticket.number, at.id));
    }
    facts_.push_back(std::move(fact));
}

std::size_t TicketBook::waiting(const std::string& queue) const {
    const auto count = std::count_if(tickets_.begin(), tickets_.end(), [&](const auto& entry) {
        return entry.second.state == State::waiting && entry.second.queue == queue;
    });
    return static_cast<std::size_t>(count);
}

}  // namespace cxedge::plugins
