// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/status_page.hpp"

#include <algorithm>
#include <iterator>
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

double oldest_age_s(const Health& health) {
    double oldest = 0;
    for (const LaneHealth& lane : health.lanes) {
        oldest = std::max(oldest, lane.oldest_age_s);
    }
    return oldest;
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
        "connection", fmt::format("{}{}, broker {}", health.connection, since, health.broker)
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
    const double share = health.spool_max_bytes == 0
                             ? 0
                             : 100 * static_cast<double>(health.spool_bytes) /
                                   static_cast<double>(health.spool_max_bytes);
    page.field(
        "spool",
        fmt::format(
            "{} of {} ({:.1f} %)",
            human_bytes(health.spool_bytes),
            human_bytes(health.spool_max_bytes),
            share
        )
    );
}

void add_lanes(const Health& health, Page& page) {
    page.line("");
    page.line(
        fmt::format("{:<10} {:>9} {:>9} {:>10}  {}", "LANE", "BATCHES", "SAMPLES", "SIZE", "OLDEST")
    );
    for (const LaneHealth& lane : health.lanes) {
        page.line(fmt::format(
            "{:<10} {:>9} {:>9} {:>10}  {}",
            lane.lane,
            lane.batches,
            lane.samples,
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

}  // namespace

std::string headline(const Health& health) {
    std::vector<std::string> parts;
    if (health.connection != "online") {
        const std::string since =
            health.connection_since.empty() ? "" : " since " + health.connection_since;
        parts.push_back("OFFLINE" + since);
    }
    for (const SourceHealth& source : health.sources) {
        if (source.state == "failed") {
            parts.push_back("SOURCE FAILED " + source.name);
        }
    }
    const double age = oldest_age_s(health);
    if (age >= kBehindSeconds) {
        parts.push_back("BEHIND " + human_duration(age));
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
    add_lanes(health, page);
    add_sources(health, page);
    return page.take();
}

}  // namespace cxedge::ctl
