// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/status_page.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/core.h>

#include "agent/ctl/human_text.hpp"

namespace cxedge::ctl {
namespace {

using telemetry::Health;
using telemetry::LaneHealth;
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
        text_ += printable(std::move(text)) + "\n";
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
                  "{} samples in {} declared gaps, {} samples in {} dead letters",
                  health.samples_lost,
                  health.gaps,
                  health.samples_dead,
                  health.dead_letters
              )
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

void add_offline(const Health& health, std::vector<std::string>& parts) {
    if (health.connection == "online") {
        return;
    }
    const std::string since =
        health.connection_since.empty() ? "" : " since " + health.connection_since;
    const std::string why = health.last_error.empty() ? "" : " (" + health.last_error + ")";
    parts.push_back("OFFLINE" + since + why);
}

void add_storage_news(const Health& health, std::vector<std::string>& parts) {
    if (health.storage_mode != "normal") {
        parts.push_back("STORAGE " + upper(health.storage_mode));
    }
    const auto full = seconds_until_full(health);
    if (full && *full < kSoonFullSeconds) {
        parts.push_back("FULL IN " + human_duration(*full));
    }
}

}  // namespace

std::string headline(const Health& health) {
    std::vector<std::string> parts;
    add_offline(health, parts);
    for (const SourceHealth& source : health.sources) {
        if (source.state == "failed") {
            parts.push_back("SOURCE FAILED " + source.name);
        }
    }
    const LaneHealth waiting = backlog(health);
    if (waiting.oldest_age_s >= kBehindSeconds) {
        parts.push_back("BEHIND " + backlog_text(waiting));
    }
    add_storage_news(health, parts);
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
    add_sources(health, page);
    return page.take();
}

}  // namespace cxedge::ctl
