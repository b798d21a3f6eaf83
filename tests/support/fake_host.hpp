// SPDX-License-Identifier: Apache-2.0
// A Host that remembers what a source told it, for the tests of plugins.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/plugin_api/host.hpp"

#include "tests/support/manual_clock.hpp"

namespace cxedge::test {

// Commits and `done` callbacks come from the loop, as in the agent, so they need run_until().
class FakeHost final : public Host {
public:
    struct Reading {
        SeriesId series{};
        std::optional<double> value;  // none: an explicit loss
        std::optional<WallTime> device_time;
        std::optional<WallTime> from{};  // emit_once() only
        std::uint64_t key = 0;           // likewise
    };

    explicit FakeHost(std::string name = "test") : name_(std::move(name)) {}
    // Timers go by manual_clock and fire in loop().poll() only.
    struct ManualTimers {};
    explicit FakeHost(ManualTimers /*timers*/, std::string name = "test")
        : name_(std::move(name)), loop_(manual_clock) {}

    // Refusals: what these return instead of success. Empty: everything is accepted.
    std::function<Status(const SeriesInfo&)> on_declare;
    std::function<Status(const SeriesInfo&, double)> on_emit;
    Status commit_status;
    std::string kept_before;    // by an earlier run
    bool hold_commits = false;  // until release_commits()
    void release_commits();

    // What came in.
    std::vector<SeriesInfo> series;  // by SeriesId
    std::vector<Reading> readings;
    std::vector<Event> events;
    std::vector<std::string> problems;  // every set_problem(), in order
    std::vector<std::string> logs;      // "warn text"
    std::string kept_now;               // the last keep()
    std::vector<DeviceNote> devices;    // every tell_device(), in order
    int repeated = 0;                   // readings of emit_once() that were told before
    int commits = 0;
    int declares = 0;

    BoxName box_name{"tenant", "site", "node"};
    ManualClock manual_clock;
    const Clock* real_clock = nullptr;  // instead, for what waits for the outside world

    // A reading of another source, as follow() gets it.
    void tell(const SeriesInfo& info, double value);

    // One line a reading: "pos.sales{till=3} delta unit 5", with " @ms" if the device gave a time,
    // " @from..to" for an interval, "lost" instead of a value; unit "?" if left to the catalogue.
    [[nodiscard]] std::vector<std::string> reading_lines() const;
    // Values of one series ("name{dim=value}"), losses left out.
    [[nodiscard]] std::vector<double> values_of(const std::string& series_text) const;
    [[nodiscard]] bool logged(const std::string& part) const;
    // Runs the loop until `done` holds; false after 10 s of real time.
    [[nodiscard]] bool run_until(const std::function<bool()>& done);

    [[nodiscard]] std::string_view source_name() const override { return name_; }
    [[nodiscard]] const BoxName& box() const override { return box_name; }
    [[nodiscard]] const Clock& clock() const override {
        return real_clock != nullptr ? *real_clock : manual_clock;
    }
    [[nodiscard]] EventLoop& loop() override { return loop_; }
    Result<SeriesId> declare(const SeriesInfo& info) override;
    Status emit(SeriesId id, double value) override;
    Status emit_at(SeriesId id, double value, WallTime device_time) override;
    // Drops what it knows: the same interval or key of a series.
    Status emit_once(SeriesId id, double value, const Occasion& occasion) override;
    Status emit_lost(SeriesId id) override;
    void emit_event(Event event) override { events.push_back(std::move(event)); }
    void commit(std::function<void(const Status&)> done) override;
    void offload(std::function<void()> work, std::function<void(const Status&)> done) override;
    void keep(std::string_view bytes) override { kept_now = bytes; }
    [[nodiscard]] std::string_view kept() const override { return kept_before; }
    void set_problem(std::string_view problem) override { problems.emplace_back(problem); }
    void tell_device(const DeviceNote& note) override { devices.push_back(note); }
    Status follow(std::string_view metric, OnReading on_reading) override {
        followers_.emplace_back(metric, std::move(on_reading));
        return {};
    }
    void log(log::Level level, std::string_view message) override;

private:
    Status record(const Reading& reading);

    std::string name_;
    EventLoop loop_;
    std::map<SeriesKey, SeriesId> ids_;
    std::vector<std::function<void(const Status&)>> held_;
    std::set<std::tuple<SeriesId, std::int64_t, std::int64_t, std::uint64_t>> known_;
    std::vector<std::pair<std::string, OnReading>> followers_;
};

}  // namespace cxedge::test
