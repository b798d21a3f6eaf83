// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_host.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include <fmt/core.h>

#include "agent/base/glob.hpp"

#include "tests/support/slowness.hpp"

namespace cxedge::test {

Result<SeriesId> FakeHost::declare(const SeriesInfo& info) {
    ++declares;
    SeriesInfo checked = info;
    if (const Status status = normalise(checked); !status) {
        return status.error();
    }
    if (on_declare) {
        if (const Status status = on_declare(checked); !status) {
            return status.error();
        }
    }
    const auto next = static_cast<SeriesId>(series.size());
    const auto [found, added] = ids_.emplace(checked.key, next);
    if (added) {
        series.push_back(std::move(checked));
        return found->second;
    }
    if (!(series[index_of(found->second)] == checked)) {
        return invalid_argument(to_string(checked.key) + " was declared differently before");
    }
    return found->second;
}

Status FakeHost::record(const Reading& reading) {
    const SeriesInfo& info = series.at(index_of(reading.series));
    if (reading.value && !std::isfinite(*reading.value)) {
        return invalid_argument("not a finite number");
    }
    if (on_emit && reading.value) {
        if (Status status = on_emit(info, *reading.value); !status) {
            return status;
        }
    }
    readings.push_back(reading);
    return {};
}

Status FakeHost::emit(SeriesId id, double value) {
    return record({id, value, std::nullopt});
}

Status FakeHost::emit_at(SeriesId id, double value, WallTime device_time) {
    return record({id, value, device_time});
}

Status FakeHost::emit_once(SeriesId id, double value, const Occasion& occasion) {
    if (Status sound = check(occasion); !sound) {
        return sound;
    }
    // As the pipeline does: whichever of its names is known.
    using Name = std::tuple<SeriesId, std::int64_t, std::int64_t, std::uint64_t>;
    std::vector<Name> names;
    if (occasion.key != 0) {
        names.emplace_back(id, 0, 0, occasion.key);
    }
    if (occasion.from) {
        names.emplace_back(id, unix_ms(*occasion.from), unix_ms(*occasion.time), 0);
    }
    if (std::any_of(names.begin(), names.end(), [&](const Name& name) {
            return known_.count(name) != 0;
        })) {
        ++repeated;
        return {};
    }
    Status recorded = record({id, value, occasion.time, occasion.from, occasion.key});
    if (recorded) {
        known_.insert(names.begin(), names.end());
    }
    return recorded;
}

void FakeHost::tell(const SeriesInfo& info, double value) {
    const auto followers = followers_;
    for (const auto& [metric, on_reading] : followers) {
        if (glob_matches(metric, info.key.metric)) {
            on_reading(info, value, at_boot(clock().boot_now()));
        }
    }
}

Status FakeHost::emit_lost(SeriesId id) {
    return record({id, std::nullopt, std::nullopt});
}

void FakeHost::commit(std::function<void(const Status&)> done) {
    ++commits;
    held_.push_back(std::move(done));
    if (!hold_commits) {
        loop_.post([this] { release_commits(); });
    }
}

void FakeHost::release_commits() {
    const auto waiting = std::exchange(held_, {});
    for (const auto& done : waiting) {
        done(commit_status);
    }
}

void FakeHost::offload(std::function<void()> work, std::function<void(const Status&)> done) {
    work();
    loop_.post([done = std::move(done)] { done({}); });
}

void FakeHost::log(log::Level level, std::string_view message) {
    constexpr const char* kNames[] = {"debug", "info", "warn", "error"};
    logs.push_back(fmt::format("{} {}", kNames[static_cast<int>(level)], message));
}

bool FakeHost::logged(const std::string& part) const {
    return std::any_of(logs.begin(), logs.end(), [&](const std::string& line) {
        return line.find(part) != std::string::npos;
    });
}

bool FakeHost::run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10 * slowness());
    while (!done()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        loop_.poll();
        std::this_thread::yield();
    }
    return true;
}

std::vector<std::string> FakeHost::reading_lines() const {
    std::vector<std::string> lines;
    for (const Reading& reading : readings) {
        const SeriesInfo& info = series[index_of(reading.series)];
        std::string line = fmt::format(
            "{} {} {} {}",
            to_string(info.key),
            to_string(info.kind),
            info.unit.empty() ? "?" : info.unit,
            reading.value ? fmt::format("{:.6g}", *reading.value) : "lost"
        );
        if (reading.from) {
            line += fmt::format(" @{}..{}", unix_ms(*reading.from), unix_ms(*reading.device_time));
        } else if (reading.device_time) {
            line += fmt::format(" @{}", unix_ms(*reading.device_time));
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

std::vector<double> FakeHost::values_of(const std::string& series_text) const {
    std::vector<double> values;
    for (const Reading& reading : readings) {
        if (reading.value && to_string(series[index_of(reading.series)].key) == series_text) {
            values.push_back(*reading.value);
        }
    }
    return values;
}

}  // namespace cxedge::test
