// SPDX-License-Identifier: Apache-2.0
// The part of the data path that goes on with what the process before left: in the journal, and
// for the next boot, in which there is no journal, in the main spool.
#include <optional>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "agent/app/data_path.hpp"
#include "agent/base/log.hpp"
#include "agent/plugin_api/host.hpp"

namespace cxedge::app {
namespace {

// Each time is a flash write; after a power cut the people of this long are missing in the store.
constexpr std::chrono::minutes kLastingEvery{5};

}  // namespace

void DataPath::replay() {
    survives_process_ = memory_problem().empty();
    if (!journal_->problem().empty()) {
        log::warn("store", journal_->problem());
    }
    if (journal_->abandoned() > 0) {
        outlets_.declare_abandoned(journal_->abandoned());
    }
    auto restored = pipeline_.restore(journal_->snapshot());
    if (restored) {
        restored_ = std::move(*restored);
    } else if (!journal_->snapshot().empty()) {
        log::error("store", restored.error().message);
    }
    // A reboot takes the journal away.
    const bool rebooted = journal_->snapshot().empty();
    const std::string lasting = rebooted ? outlets_.recall(kLastingFact) : std::string();
    if (!lasting.empty() && !pipeline_.adopt(lasting)) {
        log::error("store", "what was kept of the people in the store is damaged");
    }
    IntakeReader reader;
    journal_->replay([&](std::uint64_t number, std::string_view record) {
        outlets_.replaying(number);
        if (const auto read = reader.read(record)) {
            ++counters_.replayed;
            apply(*read);
        }
    });
    outlets_.replaying(0);
    restored_.clear();
    if (counters_.replayed > 0) {
        log::info("store", fmt::format("{} readings and events went on", counters_.replayed));
    }
    // Records of now go into a file of now: ids may have changed with the configuration.
    if (const Status begun = begin_journal(); !begun) {
        log::error("store", begun.error().message);
    }
}

std::optional<SeriesId> DataPath::restored(SeriesId series) const {
    return index_of(series) < restored_.size() ? restored_[index_of(series)] : std::nullopt;
}

void DataPath::apply(const IntakeReader::Record& record) {
    if (const auto* declared = std::get_if<Declared>(&record.intake)) {
        const auto id = pipeline_.declare(declared->info);
        restored_.push_back(id ? std::optional(*id) : std::nullopt);
    } else if (const auto* reading = std::get_if<Reading>(&record.intake)) {
        const auto series = restored(reading->series);
        // What the pipeline refused then, it refuses now.
        if (series && reading->value) {
            (void)pipeline_.accept(*series, *reading->value, reading->time, record.now);
        } else if (series) {
            (void)pipeline_.accept_lost(*series, reading->time, record.now);
        }
    } else if (const auto* once = std::get_if<Once>(&record.intake)) {
        if (const auto series = restored(once->series)) {
            (void
            )pipeline_.accept_once(*series, once->value, once->occasion, once->taken, record.now);
        }
    } else if (const auto* event = std::get_if<Event>(&record.intake)) {
        pipeline_.accept_event(*event, record.now);
    } else if (const auto* closed = std::get_if<Closed>(&record.intake)) {
        apply_closed(*closed, record.now);
    } else if (std::get<Ticked>(record.intake).flush) {
        pipeline_.flush(record.now);
    } else {
        pipeline_.tick(record.now);
    }
}

void DataPath::apply_closed(const Closed& closed, const pipeline::Now& now) {
    std::vector<SeriesId> series;
    for (const SeriesId then : closed.series) {
        if (const auto id = restored(then)) {
            series.push_back(*id);
        }
    }
    pipeline_.close(series, now);
}

// Nothing is written when nothing has changed.
void DataPath::keep_lasting() {
    lasting_again_ = clock_.steady_now() + kLastingEvery;
    const std::string lasting = pipeline_.lasting();
    if (lasting == outlets_.recall(kLastingFact)) {
        return;
    }
    if (const Status kept = outlets_.remember(kLastingFact, lasting); !kept) {
        log::warn("store", "who is in the store would be lost at reboot: " + kept.error().message);
    }
}

Status DataPath::keep(std::string_view source, std::string_view bytes) {
    if (bytes.size() > kMostKept) {
        return invalid_argument(
            fmt::format("{} bytes, at most {} are kept", bytes.size(), kMostKept)
        );
    }
    return outlets_.remember(kSourceFact + std::string(source), bytes);
}

std::string DataPath::kept(std::string_view source) const {
    return outlets_.recall(kSourceFact + std::string(source));
}

}  // namespace cxedge::app
