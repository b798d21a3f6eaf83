// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/status_page.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/core.h>

#include "agent/base/printable.hpp"
#include "agent/ctl/human_text.hpp"

namespace cxedge::ctl {
namespace {

using telemetry::Health;
using telemetry::LaneHealth;
using telemetry::LossHealth;
using telemetry::SinkHealth;
using telemetry::SourceHealth;

// A batch is sealed, sent and acknowledged well within this while all is well.
constexpr double kBehindSeconds = 10;

// When it fills within this, that is news.
constexpr double kSoonFullSeconds = 24 * 3600;

// What waits in all lanes together.
LaneHealth backlog(const Health& health) {
    LaneHealth all;
    for (const LaneHealth& lane : health.lanes) {
        all.oldest_age_s = std::max(all.oldest_age_s, lane.oldest_age_s);
        all.batches += lane.batches;
        all.samples += lane.samples;
        all.events += lane.events;
    }
    return all;
}

std::string backlog_text(const LaneHealth& all) {
    return fmt::format(
        "{} ({} batches, {} samples, {} events)",
        human_duration(all.oldest_age_s),
        all.batches,
        all.samples,
        all.events
    );
}

// Until the quota or the disk is used up at the present pace; empty when it does not fill.
std::optional<double> seconds_until_full(const Health& health) {
    if (health.spool_growth_bytes_per_s <= 0 || health.spool_max_bytes == 0) {
        return std::nullopt;
    }
    const std::uint64_t used = std::min(health.spool_bytes, health.spool_max_bytes);
    const std::uint64_t room = std::min(health.spool_max_bytes - used, health.disk_free_bytes);
    return static_cast<double>(room) / static_cast<double>(health.spool_growth_bytes_per_s);
}

std::string upper(std::string text) {
    for (char& c : text) {
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return text;
}

class Page {
public:
    void line(std::string text) {
        text.erase(text.find_last_not_of(' ') + 1);
        text_ += printable(text) + "\n";
    }
    void field(std::string_view name, std::string_view text) {
        if (!text.empty()) {
            line(fmt::format("{:<11} {}", name, text));
        }
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    std::string text_;
};

void add_node(const Health& health, Page& page) {
    page.field("node", fmt::format("{}/{}/{}", health.tenant, health.site, health.node));
    page.field(
        "agent",
        fmt::format(
            "cxedge {}, up {}, boot {}, epoch {:016x}, {:.1f} MiB resident",
            health.version,
            human_duration(health.uptime_s),
            health.boot,
            health.epoch,
            health.rss_mib
        )
    );
}

void add_connection(const Health& health, Page& page) {
    const std::string since =
        health.connection_since.empty() ? "" : " since " + health.connection_since;
    page.field(
        "connection",
        fmt::format(
            "{}{}, broker {}{}{}{}",
            health.connection,
            since,
            health.broker,
            health.protocol.empty() ? "" : ", ",
            health.protocol,
            health.platform_ack ? ", kept until the platform acknowledges" : ""
        )
    );
    page.field("last error", health.last_error);
    const bool well = health.certificate_problem.empty() && !health.certificate_until.empty();
    page.field(
        "certificate", well ? "valid until " + health.certificate_until : health.certificate_problem
    );
    page.field(
        "traffic",
        fmt::format(
            "{} connects, {} batches sent, {} refused, {} in flight, {} sent",
            health.connects,
            health.batches_sent,
            health.batches_refused,
            health.in_flight,
            human_bytes(health.bytes_sent)
        )
    );
}

// " (quota 200, age 100)"
std::string causes_text(const Health& health) {
    std::string text;
    for (const LossHealth& loss : health.losses) {
        if (loss.gaps != 0) {
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", loss.cause, loss.samples);
        }
    }
    return text.empty() ? text : " (" + text + ")";
}

void add_counts(const Health& health, Page& page) {
    page.field(
        "readings",
        fmt::format(
            "{} accepted, {} refused, {} series",
            health.readings_accepted,
            health.readings_refused,
            health.series
        )
    );
    page.field(
        "samples",
        fmt::format(
            "{} produced, {} delivered, {} open",
            health.samples_produced,
            health.samples_delivered,
            health.samples_open
        )
    );
    page.field(
        "events",
        fmt::format("{} produced, {} delivered", health.events_produced, health.events_delivered)
    );
    page.field(
        "lost",
        health.gaps + health.dead_letters == 0
            ? ""
            : fmt::format(
                  "{} samples in {} declared gaps{}, {} samples in {} dead letters",
                  health.samples_lost,
                  health.gaps,
                  causes_text(health),
                  health.samples_dead,
                  health.dead_letters
              )
    );
}

// Empty: none is kept.
std::string history_text(const Health& health) {
    if (health.history_max_bytes == 0) {
        return {};
    }
    return fmt::format(
        "{}, {} of {}{}",
        health.history_age_s > 0 ? human_duration(health.history_age_s) + " back" : "nothing yet",
        human_bytes(health.history_bytes),
        human_bytes(health.history_max_bytes),
        health.history_dropped > 0 ? fmt::format(", {} found no room", health.history_dropped) : ""
    );
}

void add_storage(const Health& health, Page& page) {
    const double share = health.spool_max_bytes == 0
                             ? 0
                             : 100 * static_cast<double>(health.spool_bytes) /
                                   static_cast<double>(health.spool_max_bytes);
    const auto full = seconds_until_full(health);
    page.field(
        "spool",
        fmt::format(
            "{}, {} of {} ({:.1f} %), {} free on its disk{}",
            health.storage_mode,
            human_bytes(health.spool_bytes),
            human_bytes(health.spool_max_bytes),
            share,
            human_bytes(health.disk_free_bytes),
            full ? ", full in " + human_duration(*full) : ""
        )
    );
    page.field("storage", health.storage_problem);
    page.field("memory", health.memory_problem);
    page.field("history", history_text(health));
    page.field("", health.history_problem);
    const LaneHealth waiting = backlog(health);
    page.field("behind", waiting.batches == 0 ? "nothing waits" : backlog_text(waiting));
}

void add_lanes(const Health& health, Page& page) {
    page.line("");
    page.line(fmt::format(
        "{:<10} {:>9} {:>9} {:>9} {:>10}  {}",
        "LANE",
        "BATCHES",
        "SAMPLES",
        "EVENTS",
        "SIZE",
        "OLDEST"
    ));
    for (const LaneHealth& lane : health.lanes) {
        page.line(fmt::format(
            "{:<10} {:>9} {:>9} {:>9} {:>10}  {}",
            lane.lane,
            lane.batches,
            lane.samples,
            lane.events,
            human_bytes(lane.bytes),
            lane.batches == 0 ? "-" : human_duration(lane.oldest_age_s)
        ));
    }
}

// The most urgent reason of a sink.
std::string why_of(const SinkHealth& sink) {
    const std::string lost =
        sink.gaps == 0 ? ""
                       : fmt::format("{} samples lost in {} gaps", sink.samples_lost, sink.gaps);
    std::string why;
    for (const std::string& part : {sink.last_error, sink.storage_problem, lost}) {
        why += (why.empty() || part.empty() ? "" : "; ") + part;
    }
    return why;
}

void add_sinks(const Health& health, Page& page) {
    if (health.sinks.empty()) {
        return;
    }
    page.line("");
    page.line(fmt::format(
        "{:<12} {:<10} {:<20} {:>9} {:>9} {:>9} {:>10}  {}",
        "SINK",
        "CONNECTION",
        "SINCE",
        "BATCHES",
        "SAMPLES",
        "EVENTS",
        "OLDEST",
        "WHY"
    ));
    for (const SinkHealth& sink : health.sinks) {
        page.line(fmt::format(
            "{:<12} {:<10} {:<20} {:>9} {:>9} {:>9} {:>10}  {}",
            sink.name,
            sink.connection,
            sink.connection_since,
            sink.batches,
            sink.samples,
            sink.events,
            sink.batches == 0 ? "-" : human_duration(sink.oldest_age_s),
            why_of(sink)
        ));
    }
}

void add_sources(const Health& health, Page& page) {
    page.line("");
    page.line(fmt::format(
        "{:<20} {:<12} {:<9} {:>10} {:>9} {:>8}  {}",
        "SOURCE",
        "PLUGIN",
        "STATE",
        "READINGS",
        "RESTARTS",
        "PID",
        "PROBLEM"
    ));
    for (const SourceHealth& source : health.sources) {
        page.line(fmt::format(
            "{:<20} {:<12} {:<9} {:>10} {:>9} {:>8}  {}",
            source.name,
            source.plugin,
            source.state,
            source.readings,
            source.restarts,
            source.pid == 0 ? "-" : std::to_string(source.pid),
            source.problem
        ));
    }
}

// Of the main sink or a further one.
template <class From>
void add_offline(const From& from, const std::string& whose, std::vector<std::string>& parts) {
    if (from.connection == "online") {
        return;
    }
    const std::string since =
        from.connection_since.empty() ? "" : " since " + from.connection_since;
    const std::string why = from.last_error.empty() ? "" : " (" + from.last_error + ")";
    parts.push_back(whose + "OFFLINE" + since + why);
}

void add_sink_news(const SinkHealth& sink, std::vector<std::string>& parts) {
    const std::string whose = "SINK " + sink.name + " ";
    add_offline(sink, whose, parts);
    if (sink.oldest_age_s >= kBehindSeconds) {
        parts.push_back(whose + "BEHIND " + human_duration(sink.oldest_age_s));
    }
    if (sink.storage_mode != "normal") {
        parts.push_back(whose + "STORAGE " + upper(sink.storage_mode));
    }
}

void add_storage_news(const Health& health, std::vector<std::string>& parts) {
    if (health.storage_mode != "normal") {
        parts.push_back("STORAGE " + upper(health.storage_mode));
    }
    if (!health.memory_problem.empty()) {
        parts.emplace_back("UNSENT DATA IN MEMORY ONLY");
    }
    const auto full = seconds_until_full(health);
    if (full && *full < kSoonFullSeconds) {
        parts.push_back("FULL IN " + human_duration(*full));
    }
}

}  // namespace

std::string headline(const Health& health) {
    std::vector<std::string> parts;
    add_offline(health, "", parts);
    for (const SourceHealth& source : health.sources) {
        if (source.state == "failed") {
            parts.push_back("SOURCE FAILED " + source.name);
        }
    }
    if (!health.certificate_problem.empty()) {
        parts.push_back("CERTIFICATE " + health.certificate_problem);
    }
    const LaneHealth waiting = backlog(health);
    if (waiting.oldest_age_s >= kBehindSeconds) {
        parts.push_back("BEHIND " + backlog_text(waiting));
    }
    add_storage_news(health, parts);
    if (!health.history_problem.empty()) {
        parts.push_back("HISTORY " + health.history_problem);
    }
    for (const SinkHealth& sink : health.sinks) {
        add_sink_news(sink, parts);
    }
    std::string text;
    for (const std::string& part : parts) {
        text += (text.empty() ? "" : "; ") + part;
    }
    return text.empty() ? "OK" : text;
}

std::string status_page(const Health& health) {
    Page page;
    page.line(headline(health));
    page.line("");
    add_node(health, page);
    add_connection(health, page);
    add_counts(health, page);
    add_storage(health, page);
    add_lanes(health, page);
    add_sinks(health, page);
    add_sources(health, page);
    return page.take();
}

}  // namespace cxedge::ctl
