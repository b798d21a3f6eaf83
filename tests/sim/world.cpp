// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/world.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/core.h>

#include "tests/sim/kernel_random.hpp"

namespace cxedge::sim {
namespace {

// What may pass between accepting and the commit interval beginning to run: a batch waits to be
// closed, then for a tick of the box.
constexpr milliseconds kGrace{2'000};
// Storage that failed takes so long to be used again.
constexpr milliseconds kRecovery{15'000};
constexpr milliseconds kPatience{8 * 3'600'000};
constexpr std::uint64_t kPrime = 1099511628211ULL;  // of FNV-1a

bool is_storage_fault(FaultKind kind) {
    return kind == FaultKind::disk_full || kind == FaultKind::disk_write_error ||
           kind == FaultKind::disk_sync_error;
}

}  // namespace

World::World(std::uint64_t seed, bool harsh, Say say)
    : dice_(seed),
      harsh_(harsh),
      say_(std::move(say)),
      scenario_(Scenario::roll(seed)),
      broker_(clock_, dice_),
      platform_(wire::Topics("t", "s", "n"), scenario_.platform_ack, broker_, books_, dice_),
      box_(scenario_.box, clock_, broker_, dice_) {
    seed_kernel_random(seed);
    outcome_.trace = 14695981039346656037ULL;
    broker_.limits = scenario_.limits;
    if (scenario_.boots_in_1970) {
        clock_.reboot(false);
    }
}

void World::say(const std::string& what) {
    if (say_) {
        say_(fmt::format("{:>9} ms  {}", clock_.elapsed().count(), what));
    }
}

void World::fail(std::string what) {
    say("FAILED: " + what);
    outcome_.failures.push_back(std::move(what));
}

void World::trace(std::uint64_t value) {
    outcome_.trace = (outcome_.trace ^ value) * kPrime;
}

Outcome World::run() {
    say(scenario_.describe());
    platform_.tick(clock_.elapsed());  // its acknowledgement is retained before the box connects
    if (const Status started = box_.start(); !started) {
        fail("the first start: " + started.error().message);
        return outcome_;
    }
    run_faults();
    heal();
    if (outcome_.failures.empty()) {
        drain();
    }
    if (outcome_.failures.empty()) {
        check();
    }
    outcome_.accepted = books_.accepted();
    outcome_.summary = fmt::format(
        "{} accepted, {} kills, {} power cuts; {}",
        outcome_.accepted,
        outcome_.kills,
        outcome_.power_cuts,
        platform_.summary()
    );
    return outcome_;
}

// ---- time ----

void World::run_faults() {
    const milliseconds begin = clock_.elapsed();
    auto next = scenario_.faults.begin();
    while (clock_.elapsed() - begin < scenario_.length && outcome_.failures.empty()) {
        const milliseconds now = clock_.elapsed() - begin;
        for (; next != scenario_.faults.end() && next->at <= now; ++next) {
            this->begin(*next);
        }
        for (std::size_t i = 0; i < running_.size();) {
            if (running_[i].at + running_[i].lasts <= now) {
                const Fault over = running_[i];
                running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
                end(over);
            } else {
                ++i;
            }
        }
        if (!clock_.is_set() && dice_.one_in(400)) {
            clock_.synchronise();
            say("the clock is set");
        }
        produce();
        step(milliseconds(dice_.between(5, scenario_.longest_step.count())));
    }
}

void World::step(milliseconds by) {
    restart_if_dead();
    if (!outcome_.failures.empty()) {
        return;
    }
    clock_.advance(by);
    box_.turn();
    restart_if_dead();
    platform_.tick(clock_.elapsed());
}

void World::heal() {
    for (const Fault& fault : std::exchange(running_, {})) {
        end(fault);
    }
    box_.disk().at_operation(0, {});
    restart_if_dead();
    clock_.synchronise();
    say("everything is well again");
}

// Nothing is offered any more; what is on its way gets all the time it needs.
void World::drain() {
    const milliseconds end = clock_.elapsed() + kPatience;
    const auto done = [&] {
        return box_.is_drained() && broker_.is_idle() && !platform_.waits_for_dictionary() &&
               box_.path().counters().samples_open == 0;
    };
    bool flushed = false;
    for (std::uint64_t n = 1; !(flushed && done()); ++n) {
        if (clock_.elapsed() > end) {
            fail(what_is_left());
            return;
        }
        step(milliseconds(n < 400 ? 250 : 5000));
        if (!flushed || n % 200 == 0) {
            flushed = box_.path().flush(true).ok();
        }
    }
    for (int i = 0; i < 40; ++i) {
        step(milliseconds(250));
    }
}

std::string World::what_is_left() {
    std::string text = fmt::format(
        "not drained after eight hours: {} {} {}, {} samples open, {} batches wait for a "
        "dictionary",
        box_.uplink().status().holding,
        box_.uplink().status().last_error,
        box_.spool().storage().problem,
        box_.path().counters().samples_open,
        platform_.waits_for_dictionary() ? "some" : "no"
    );
    for (const Lane lane : kLanes) {
        const store::LaneStatus status = box_.spool().status(lane);
        text += fmt::format(
            "; lane {}: {} batches, first_unacked {}, next {}",
            to_string(lane),
            status.batches,
            status.first_unacked,
            status.next_seq
        );
    }
    return text + "; " + platform_.positions();
}

// ---- faults ----

void World::begin(const Fault& fault) {
    say(fmt::format("{} for {} ms", to_string(fault.kind), fault.lasts.count()));
    trace(static_cast<std::uint64_t>(fault.kind));
    if (fault.lasts > milliseconds(0)) {
        running_.push_back(fault);
    }
    switch (fault.kind) {
        case FaultKind::kill:
        case FaultKind::power_cut:
            end_process(fault);
            break;
        case FaultKind::broker_down:
            broker_.go_down();
            break;
        case FaultKind::broker_crash:
            broker_.crash();
            break;
        case FaultKind::connection_cut:
            broker_.cut_connection();
            break;
        case FaultKind::clock_step:
            clock_.step_wall(fault.step);
            break;
        default:
            break;
    }
    apply_running();
}

void World::end(const Fault& fault) {
    say(fmt::format("{} ends", to_string(fault.kind)));
    if (fault.kind == FaultKind::broker_down) {
        broker_.go_up();
    }
    apply_running();
}

bool World::runs(FaultKind kind) const {
    return std::any_of(running_.begin(), running_.end(), [kind](const Fault& fault) {
        return fault.kind == kind;
    });
}

// Moods of broker and disk are what the faults that last make of them, together.
void World::apply_running() {
    broker_.stopped = runs(FaultKind::broker_stopped);
    broker_.silent = runs(FaultKind::acks_missing);
    broker_.ack_delay = milliseconds(runs(FaultKind::acks_late) ? 20'000 : 5);
    broker_.verdict = [this](const std::string& topic, std::size_t bytes) {
        return verdict(topic, bytes);
    };
    if (runs(FaultKind::broker_down)) {
        broker_.go_down();
    }
    PowerDisk::Fault disk = PowerDisk::Fault::none;
    if (runs(FaultKind::disk_write_error)) {
        disk = PowerDisk::Fault::write_error;
    } else if (runs(FaultKind::disk_sync_error)) {
        disk = PowerDisk::Fault::sync_error;
    } else if (runs(FaultKind::disk_full)) {
        disk = PowerDisk::Fault::full;
    }
    box_.disk().set_fault(disk, box_.state_dir());
    const bool bad = disk != PowerDisk::Fault::none;
    if (bad && !std::exchange(storage_bad_, bad)) {
        // Still on the way back from the last one?
        const bool was_well = clock_.elapsed() - storage_well_since_ > kRecovery;
        storage_bad_since_ = was_well ? clock_.elapsed() : storage_bad_since_;
    } else if (!bad && std::exchange(storage_bad_, bad)) {
        storage_well_since_ = clock_.elapsed();
    }
}

std::uint8_t World::verdict(const std::string& topic, std::size_t bytes) const {
    constexpr std::uint8_t kQuota = 0x97;
    constexpr std::uint8_t kNotAuthorised = 0x87;
    constexpr std::uint8_t kImplementation = 0x83;
    if (runs(FaultKind::refuse_quota)) {
        return kQuota;
    }
    if (runs(FaultKind::refuse_topic) && topic.find("/live/kpi") != std::string::npos) {
        return kNotAuthorised;
    }
    return runs(FaultKind::refuse_some) && bytes % 3 == 0 ? kImplementation : std::uint8_t{0};
}

void World::end_process(const Fault& fault) {
    if (box_.is_dead()) {
        return;
    }
    const bool power = fault.kind == FaultKind::power_cut;
    damage_next_ = fault.damaged;
    chip_next_ = !fault.no_chip;
    power_next_ = power;
    if (fault.inside) {
        box_.die_within(static_cast<std::uint64_t>(dice_.between(1, 30)), power);
    } else if (power) {
        box_.lose_power();
    } else {
        box_.die();
    }
}

void World::restart_if_dead() {
    if (box_.is_dead()) {
        restart();
    }
}

void World::restart() {
    box_.end();
    if (power_next_) {
        note_power_cut();
        clock_.reboot(chip_next_);
    }
    (power_next_ ? outcome_.power_cuts : outcome_.kills) += 1;
    if (damage_next_) {
        say("while down: " + box_.damage(harsh_));
    }
    apply_running();
    const Status started = box_.start();
    if (!started && !storage_bad_) {
        fail("a start: " + started.error().message);
        return;
    }
    if (!started) {
        start_when_well(started.error().message);
    }
    for (const std::string& repair : box_.spool().report().repairs) {
        say("repaired: " + repair);
    }
    say(fmt::format(
        "up again, epoch {:x}, {} records replayed",
        box_.spool().epoch(),
        box_.path().counters().replayed
    ));
}

// systemd would try again and again; here the disk recovers.
void World::start_when_well(const std::string& why) {
    say("not started: " + why);
    for (const Fault& fault : std::vector<Fault>(running_)) {
        if (is_storage_fault(fault.kind)) {
            std::erase_if(running_, [&](const Fault& other) { return other.kind == fault.kind; });
        }
    }
    apply_running();
    if (const Status started = box_.start(); !started) {
        fail("a start on a disk that is well again: " + started.error().message);
    }
}

void World::note_power_cut() {
    const milliseconds now = clock_.elapsed();
    const bool was_bad = storage_bad_ || now - storage_well_since_ < kRecovery;
    const milliseconds from = was_bad ? std::min(now, storage_bad_since_) : now;
    const milliseconds items = from - scenario_.box.commit_interval - kGrace -
                               scenario_.box.seal.most - scenario_.longest_step * 2;
    books_.power_cut(items, items - scenario_.box.pipeline_window);
}

// ---- load ----

void World::produce() {
    // A burst now and then, and silence.
    const std::int64_t most =
        dice_.one_in(20) ? scenario_.most_readings * 20 : scenario_.most_readings;
    for (std::int64_t i = dice_.between(0, most); i > 0 && !box_.is_dead(); --i) {
        const std::int64_t which = dice_.between(1, 100);
        if (which == 1) {
            give_event();
        } else if (which < 70) {
            give_reading(Lane::live);
        } else if (scenario_.windows) {
            give_increment();
        } else {
            give_reading(Lane::bulk);
        }
    }
    if (!box_.is_dead() && dice_.one_in(15)) {
        commit_for_power();
    }
}

void World::decide(const Status& accepted, SeriesId series) {
    if (box_.is_dead()) {
        return;  // it will never know
    }
    if (accepted) {
        books_.decide(Books::Fate::accepted);
    } else if (dice_.one_in(2)) {
        books_.decide(Books::Fate::refused);
    } else {
        box_.path().turned_away(series);
        books_.decide(Books::Fate::turned_away);
    }
}

void World::give_reading(Lane lane) {
    const std::string metric =
        fmt::format("raw.{}{}", lane == Lane::bulk ? "bulk" : "live", dice_.between(1, 8));
    const auto series = box_.path().declare({{metric, {}}, Kind::gauge, "1", {}, 0});
    if (!series || box_.is_dead()) {
        return;
    }
    const std::uint64_t number = books_.offer(lane, clock_.elapsed());
    const Status accepted =
        box_.path().accept(*series, static_cast<double>(number), at_boot(clock_.boot_now()));
    trace(accepted.ok() ? number : ~number);
    decide(accepted, *series);
}

void World::give_increment() {
    const std::string metric = fmt::format("win.bulk{}", dice_.between(1, 4));
    const auto series = box_.path().declare({{metric, {}}, Kind::delta, "1", {}, 0});
    if (!series || box_.is_dead()) {
        return;
    }
    const auto amount = static_cast<double>(dice_.between(1, 100));
    books_.offer_increment(amount, clock_.elapsed());
    const Status accepted = box_.path().accept(*series, amount, at_boot(clock_.boot_now()));
    if (!box_.is_dead()) {
        books_.decide(accepted ? Books::Fate::accepted : Books::Fate::refused);
    }
}

void World::give_event() {
    Event event;
    event.name = "sim.event";
    event.id = Books::event_id(books_.offer(Lane::control, clock_.elapsed()));
    box_.path().accept_event(std::move(event));
    if (!box_.is_dead()) {
        books_.decide(Books::Fate::accepted);
    }
}

void World::commit_for_power() {
    box_.path().commit(ingest::Durability::power, [this](const Status& committed) {
        if (committed && !box_.is_dead()) {
            books_.commit_all();
        }
    });
    box_.loop().poll();
}

}  // namespace cxedge::sim
