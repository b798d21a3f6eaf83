// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/formats/qminder.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "plugins/_devices/formats/build.hpp"
#include "plugins/_devices/privacy.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

// Moments of a ticket: {"date": "..."}, or the time itself. Not there, or null: it has not come.
std::optional<DeviceTime> moment(const Node& ticket, const char* name, ReportBuilder& out) {
    const Node node = ticket[name];
    if (!node || node.is_empty()) {
        return std::nullopt;
    }
    return node["date"] ? out.time_of(node, "date") : out.time_of(ticket, name);
}

class TicketReader {
public:
    TicketReader(const Node& ticket, ReportBuilder& out) : ticket_(ticket), out_(out) {
        created_ = moment(ticket, "created", out);
        called_ = moment(ticket, "called", out);
        served_ = moment(ticket, "served", out);
        id_ = ticket["id"].text();
        if (id_.empty()) {
            out.bad(ticket, "id", kIsMissing);
        }
        queue_ = queue_name();
        if (queue_.empty()) {
            out.bad(ticket, "line", kIsMissing);
        }
    }

    void read(const std::string& event) {
        // Without a number it cannot be told from the others, without a queue it stands nowhere.
        if (id_.empty() && queue_.empty()) {
            return;
        }
        const std::string status = ticket_["status"].text();
        if (event == "ticket_created") {
            count("store.queue.arrived", created_);
        } else if (event == "ticket_called") {
            duration("store.queue.wait", created_, called_);
        } else if (event == "ticket_served") {
            count("store.queue.served", served_);
            duration("store.queue.service", called_, served_);
        } else if (is_gone(event) || status == "NOSHOW" || status.starts_with("CANCELLED")) {
            const auto gone = moment(ticket_, "cancelled", out_);
            count("store.queue.abandoned", gone ? gone : called_);
        }
    }

private:
    static bool is_gone(const std::string& event) {
        return event == "ticket_cancelled" || event == "ticket_noshow" ||
               event == "ticket_no_show" || event == "ticket_removed";
    }

    [[nodiscard]] std::string queue_name() const {
        const Node line = ticket_["line"];
        for (const Node& each :
             {ticket_["lineName"], line["name"], line["id"], line, ticket_["lineId"]}) {
            if (std::string name = each.text(); !name.empty()) {
                return name;
            }
        }
        return {};
    }

    // A ticket arrives once, is served once: its number names the reading, and is only hashed.
    void add(SeriesInfo info, double value, std::optional<DeviceTime> time) {
        const std::string metric = info.key.metric;
        out_.add(std::move(info), value, {time, {}, id_.empty() ? id_ : metric + "/" + id_});
    }
    void count(const char* metric, std::optional<DeviceTime> time) {
        add(series_info(metric, Kind::delta, {{"queue", queue_}}), 1, time);
    }
    void duration(
        const char* metric, std::optional<DeviceTime> from, std::optional<DeviceTime> to
    ) {
        if (!from || !to || from->local != to->local) {
            out_.bad(ticket_, "called", "has not both times of this duration");
            return;
        }
        if (to->ms < from->ms) {
            out_.bad(ticket_, "called", kIsNoInterval);
            return;
        }
        const bool service = metric == std::string_view("store.queue.service");
        const std::string desk = service ? ticket_["called"]["desk"].text() : std::string();
        const double seconds = static_cast<double>(to->ms - from->ms) / 1000;
        add(series_info(metric, Kind::histogram, {{"queue", queue_}, {"counter", desk}}),
            seconds,
            to);
    }

    const Node ticket_;
    ReportBuilder& out_;
    std::optional<DeviceTime> created_;
    std::optional<DeviceTime> called_;
    std::optional<DeviceTime> served_;
    std::string id_;
    std::string queue_;
};

// What customers typed into fields of the shop, and what they wrote.
void note_free_text(const Node& ticket, Report& report) {
    for (const Node& field : ticket.all("extra")) {
        const std::string_view kind = personal_kind(field["title"].text());
        if (!field["value"].is_empty()) {
            ++report.private_fields[kind.empty() ? "identity" : std::string(kind)];
        }
    }
    const std::size_t messages = ticket.all("messages").size();
    if (messages > 0) {
        report.private_fields["identity"] += messages;
    }
}

}  // namespace

Result<Report> parse_qminder(const Message& message) {
    const Result<NodeMessage> parsed = NodeMessage::parse(message.body);
    if (!parsed) {
        return parsed.error();
    }
    const Node root = parsed->root();
    const Node data = root["data"];
    std::string event = lower(root["type"].text());
    std::replace(event.begin(), event.end(), '-', '_');
    if (parsed->is_xml() || event.empty() || !data) {
        return invalid_argument("is no message of Qminder");
    }
    ReportBuilder out;
    const Node ticket = data["ticket"] ? data["ticket"] : data;
    if (event.starts_with("ticket_") && ticket.is_empty()) {
        out.bad(ticket, kIsEmpty);
    } else if (event.starts_with("ticket_")) {
        TicketReader(ticket, out).read(event);
        note_free_text(ticket, out.report);
    }
    parsed->note_private_fields(out.report);
    return std::move(out.report);
}

}  // namespace cxedge::devices
