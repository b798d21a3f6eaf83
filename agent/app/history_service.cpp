// SPDX-License-Identifier: Apache-2.0
#include "agent/app/history_service.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "agent/app/clock_probe.hpp"
#include "agent/app/history_codec.hpp"
#include "agent/app/ingest_thread.hpp"
#include "agent/base/log.hpp"

namespace cxedge::app {
namespace {

using std::chrono::hours;

// Of what is replayed, so much may wait to be sent: it must not fill the spool.
constexpr std::uint64_t kMostWaiting = 64;

store::HistoryOptions history_options(const HistoryService::Parts& parts) {
    const config::HistoryConfig& config = parts.config.history;
    store::HistoryOptions options;
    options.directory = parts.directory;
    options.stash_file = parts.stash_file;
    options.context = journal_context(parts.main.spool());
    options.boot = parts.main.spool().boot();
    options.quota_bytes = static_cast<std::uint64_t>(config.quota_mib) << 20U;
    options.commit_interval = config.commit;
    options.ages = {
        hours(24 * config.raw_days),
        hours(24 * config.minute_days),
        hours(24 * config.quarter_hour_days)};
    options.keep = hours(24 * config.keep_days);
    options.raw_per_minute = static_cast<std::size_t>(config.raw_per_minute);
    return options;
}

}  // namespace

HistoryService::HistoryService(const Parts& parts)
    : main_(parts.main),
      loop_(parts.loop),
      history_(history_options(parts), parts.clock),
      desk_(history_) {}

void HistoryService::add_operations(
    IngestThread& ingest, std::map<std::string, control::Operation>& operations
) {
    operations["query"] = [this](std::string_view request, const control::Respond& respond) {
        answer_query(request, respond);
    };
    operations["replay"] = [this,
                            &ingest](std::string_view request, const control::Respond& respond) {
        answer_replay(ingest, request, respond);
    };
}

void HistoryService::tick(IngestThread& ingest) {
    history_.work(probe_clock().quality);
    for (const std::string& repair : history_.take_repairs()) {
        log::warn("history", repair);
        Event event;
        event.name = "storage.repaired";
        event.subject = "history";
        event.severity = Severity::minor;
        event.text = repair;
        ingest.tell(std::move(event));
    }
    if (auto event = alarm_.changed(history_.status().problem)) {
        const bool well = event->state == EventState::clear;
        log::write(well ? log::Level::info : log::Level::error, "history", event->text);
        ingest.tell(std::move(*event));
    }
}

void HistoryService::close() {
    if (const Status written = history_.commit(probe_clock().quality); !written) {
        log::error("history", written.error().message);
    }
}

void HistoryService::answer_query(std::string_view request, const control::Respond& respond) {
    const auto query = control::parse_history_query(request);
    const auto page = query ? desk_.answer(*query) : Result<HistoryPage>(query.error());
    respond(page ? control::history_answer(*page) : control::error_answer(page.error().message));
}

// A page at a time; who asks goes on with the next, or waits while too much is still to be sent.
void HistoryService::answer_replay(
    IngestThread& ingest, std::string_view request, const control::Respond& respond
) {
    const auto query = control::parse_history_query(request);
    const auto id = control::parse_replay_id(request);
    if (!query || !id) {
        respond(control::error_answer(query ? id.error().message : query.error().message));
        return;
    }
    replay(ingest, *query, *id, [respond](const Result<control::ReplayProgress>& progress) {
        respond(
            progress ? control::replay_answer(*progress)
                     : control::error_answer(progress.error().message)
        );
    });
}

Result<std::string> HistoryService::page(const HistoryQuery& asked, std::size_t most_bytes) {
    HistoryQuery query = asked;
    for (;;) {
        const auto page = desk_.answer(query);
        if (!page) {
            return page.error();
        }
        std::string text = control::history_answer(*page);
        if (text.size() <= most_bytes) {
            return text;
        }
        if (query.limit == 1) {
            return exhausted(fmt::format(
                "one moment of this range has {} bytes, an answer from afar at most {}; ask on the "
                "box, or for fewer series",
                text.size(),
                most_bytes
            ));
        }
        // A little less than what would just fit if all were as long.
        const std::size_t fits =
            (page->values.size() + page->events.size()) * most_bytes / text.size() * 9 / 10;
        query.limit = std::clamp<std::size_t>(fits, 1, query.limit - 1);
    }
}

void HistoryService::replay(
    IngestThread& ingest, const HistoryQuery& query, std::uint64_t id, const Replayed& done
) {
    if (main_.spool().status(Lane::bulk).batches > kMostWaiting) {
        done(control::ReplayProgress{0, query.after, true});
        return;
    }
    const auto page = desk_.answer(query);
    if (!page) {
        done(page.error());
        return;
    }
    std::vector<ReplayedSample> samples;
    samples.reserve(page->values.size());
    for (const HistoryValue& value : page->values) {
        const SeriesInfo& info = page->series.at(value.series);
        samples.push_back({info, sample_of(value, info.kind)});
    }
    const control::ReplayProgress progress{samples.size(), page->next, false};
    ingest.replay(std::move(samples), id, [this, done, progress](const Status& sent) {
        const auto came_to = sent ? Result<control::ReplayProgress>(progress) : sent.error();
        loop_.post([done, came_to] { done(came_to); });
    });
}

}  // namespace cxedge::app
