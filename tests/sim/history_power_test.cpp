// SPDX-License-Identifier: Apache-2.0
// The history on a disk that loses power: what was committed is there, all of it and once.
#include <filesystem>
#include <map>

#include "agent/store/history.hpp"

#include "tests/sim/dice.hpp"
#include "tests/sim/power_disk.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::sim {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::milliseconds;

constexpr std::uint32_t kQuality = 4;

struct Sums {
    std::uint64_t samples = 0;
    double sum = 0;
    bool operator==(const Sums&) const = default;
};

class PoweredHistory {
public:
    PoweredHistory() { fs::create_directory(now()); }

    [[nodiscard]] fs::path now() const { return dir_.path() / std::to_string(turn_); }
    [[nodiscard]] fs::path next() const { return dir_.path() / std::to_string(turn_ + 1); }

    store::History& open() {
        store::HistoryOptions options;
        options.directory = now().string();
        options.vfs = power.vfs();
        options.boot = static_cast<std::uint32_t>(turn_ + 1);  // no stash: tmpfs is gone as well
        options.quota_bytes = quota_bytes;
        history = std::make_unique<store::History>(options, clock);
        return *history;
    }
    // Cut wherever it is; the box comes back with what the disk still has.
    void cut(Dice& dice) {
        power.copy_after_power_cut(now(), next(), dice);
        advance();
    }
    void advance() {
        history.reset();
        power.forget(now());
        ++turn_;
    }
    Sums all(std::int64_t after_ms = 0) {
        store::HistoryRead query;
        REQUIRE(history->each_series([&](std::uint32_t id, std::string_view) {
            query.series.push_back(id);
        }));
        query.from_ms = after_ms;
        query.to_ms = store::kHistoryTimeLimit / 2;
        Sums sums;
        store::ExactSum sum;
        REQUIRE(history->read(query, [&](std::uint32_t, const store::HistoryCell& cell) {
            sums.samples += cell.samples;
            sum.add(cell.sum);
        }));
        sums.sum = sum.value();
        return sums;
    }

    std::uint64_t quota_bytes = 200U << 10U;
    PowerDisk power;
    test::ManualClock clock;
    std::unique_ptr<store::History> history;

private:
    test::TempDir dir_;
    int turn_ = 0;
};

// Gives some samples and seals them; what they add up to.
Sums gather(PoweredHistory& box, Dice& dice) {
    Sums sums;
    store::ExactSum sum;
    for (std::int64_t left = dice.between(5, 60); left > 0; --left) {
        const auto number = static_cast<std::uint32_t>(dice.between(0, 3));
        const double value = static_cast<double>(dice.between(-1000, 1000)) / 10;
        const auto series = box.history->define("series " + std::to_string(number));
        box.history->add(series, {false, box.clock.boot_now().count()}, value);
        box.clock.advance(milliseconds(dice.between(1, 40000)));
        ++sums.samples;
        sum.add(value);
    }
    box.history->seal(1);
    sums.sum = sum.value();
    return sums;
}

void add(Sums& to, const Sums& more) {
    store::ExactSum sum(to.sum);
    sum.add(more.sum);
    to = {to.samples + more.samples, sum.value()};
}

TEST_CASE("history: what was committed survives every power cut, exactly", "[sim]") {
    const auto seed = GENERATE(range(1, 16));
    INFO("seed " << seed);
    Dice dice(static_cast<std::uint64_t>(seed));
    PoweredHistory box;
    Sums committed;
    for (int cuts = 0; cuts < 6; ++cuts) {
        box.open();
        CHECK(box.all() == committed);
        CHECK(box.history->take_repairs().empty());
        for (std::int64_t commits = dice.between(0, 6); commits > 0; --commits) {
            const Sums more = gather(box, dice);
            REQUIRE(box.history->commit(kQuality).ok());
            add(committed, more);
            if (dice.one_in(3)) {  // rows grow old in between, step by step
                box.clock.advance(hours(dice.between(24, 200)));
                for (int i = 0; i < 100; ++i) {
                    box.clock.advance(std::chrono::seconds(1));
                    box.history->work(kQuality);
                }
            }
        }
        gather(box, dice);  // at most this is lost
        box.cut(dice);
    }
}

TEST_CASE("history: the quota is held over power cuts, in the middle of making room too", "[sim]") {
    const auto seed = GENERATE(range(1, 9));
    INFO("seed " << seed);
    Dice dice(static_cast<std::uint64_t>(seed));
    PoweredHistory box;
    box.quota_bytes = 64U << 10U;
    bool was_full = false;
    for (int cuts = 0; cuts < 8; ++cuts) {
        box.open();
        bool cut = false;
        box.power.at_operation(static_cast<std::uint64_t>(dice.between(200, 3000)), [&] {
            box.power.copy_after_power_cut(box.now(), box.next(), dice);
            cut = true;
        });
        for (int commits = 0; commits < 400 && !cut; ++commits) {
            const std::int64_t before_ms = unix_ms(box.clock.wall_now());
            const Sums given = gather(box, dice);
            REQUIRE(box.history->commit(kQuality).ok());
            CHECK(box.history->status().used_bytes <= box.quota_bytes);
            CHECK(box.all(before_ms - 1) == given);  // the newest is what it stays whole for
            was_full = was_full || box.history->status().used_bytes > box.quota_bytes * 3 / 4;
        }
        REQUIRE(cut);
        box.advance();
    }
    CHECK(was_full);
    box.open();
    REQUIRE(box.history->commit(kQuality).ok());
    CHECK(box.history->take_repairs().empty());
    CHECK(box.history->status().used_bytes <= box.quota_bytes);
    CHECK(box.all().samples > 0);
}

TEST_CASE("history: cut in the middle of a commit or of ageing, all or nothing", "[sim]") {
    Dice dice(11);
    int kept = 0;
    int lost = 0;
    for (std::uint64_t operation = 1; operation < 60; ++operation) {
        INFO("operation " << operation);
        PoweredHistory box;
        box.open();
        const Sums before = gather(box, dice);
        REQUIRE(box.history->commit(kQuality).ok());
        box.clock.advance(hours(60));
        bool cut = false;
        box.power.at_operation(operation, [&] {
            box.power.copy_after_power_cut(box.now(), box.next(), dice);
            cut = true;
        });
        Sums both = before;
        add(both, gather(box, dice));
        REQUIRE(box.history->commit(kQuality).ok());
        for (int i = 0; i < 70; ++i) {  // ageing begins a minute later
            box.clock.advance(std::chrono::seconds(1));
            box.history->work(kQuality);
        }
        if (!cut) {
            break;
        }
        box.advance();
        box.open();
        const Sums found = box.all();
        CHECK((found == before || found == both));
        (found == both ? kept : lost) += 1;
    }
    CHECK(kept > 0);
    CHECK(lost > 0);
}

TEST_CASE("history: a full or failing disk stops it, and then it goes on", "[sim]") {
    const auto fault = GENERATE(
        PowerDisk::Fault::full, PowerDisk::Fault::write_error, PowerDisk::Fault::sync_error
    );
    Dice dice(5);
    PoweredHistory box;
    box.open();
    Sums all = gather(box, dice);
    REQUIRE(box.history->commit(kQuality).ok());
    box.power.set_fault(fault, box.now());
    add(all, gather(box, dice));
    for (int i = 0; i < 40; ++i) {  // more than what is left of the last page
        add(all, gather(box, dice));
    }
    CHECK_FALSE(box.history->commit(kQuality).ok());
    CHECK_FALSE(box.history->status().problem.empty());
    box.power.set_fault(PowerDisk::Fault::none);
    REQUIRE(box.history->commit(kQuality).ok());
    CHECK(box.history->status().problem.empty());
    CHECK(box.all() == all);
}

}  // namespace
}  // namespace cxedge::sim
