// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/formats/hikvision.hpp"

#include <utility>

#include "plugins/_devices/formats/hikvision_parts.hpp"
#include "plugins/_devices/plain_text.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kLastSecond = 59;

// "00:59:59" is the last second of the hour: the interval ends with it.
When with_its_last_second(When when) {
    if (when.time && (when.time->ms / kSecondMs) % (kLastSecond + 1) == kLastSecond) {
        when.time->ms += kSecondMs - when.time->ms % kSecondMs;
    }
    return when;
}

// As JSON the list may be of objects that hold one match each, or of matches.
void read_search_result(const Node& result, ReportBuilder& out) {
    for (const Node& match : result.all("matchList", "matchElement")) {
        const Node span = match["timeSpan"] ? match["timeSpan"] : match;
        std::optional<When> when = out.interval_of(span, "startTime", "endTime");
        if (!when) {
            continue;
        }
        when = with_its_last_second(*when);
        out.add_count(match, "enterCount", series_info("store.footfall.in", Kind::delta), *when);
        out.add_count(match, "exitCount", series_info("store.footfall.out", Kind::delta), *when);
    }
}

// True: known and read.
bool read_hikvision_root(const Node& root, ReportBuilder& out) {
    const std::string& name = root.name();
    if (lower(name) == "countingstatisticsresult" || root["matchList"]) {
        read_search_result(
            root["CountingStatisticsResult"] ? root["CountingStatisticsResult"] : root, out
        );
    } else if (name == "Metadata" && root["TargetDetection"]) {
        read_hikvision_queue_time(root, out);
    } else if (name == "EventNotificationAlert" || root["eventType"]) {
        read_hikvision_alert(root, out);
    } else if (const Node inner = root["EventNotificationAlert"]) {
        read_hikvision_alert(inner, out);
    } else if (const Node result = root["CountingStatisticsResult"]) {
        read_search_result(result, out);
    } else {
        return false;
    }
    return true;
}

// A part of a multipart stream without its headers; empty: no part. A picture counts as dropped.
std::string_view part_body(std::string_view part, ReportBuilder& out) {
    const std::size_t begin = part.find_first_of("<{");
    const bool picture = part.find("image/") < begin;
    if (picture) {
        ++out.report.private_fields["picture"];
    }
    const std::size_t end = part.find_last_of(">}");
    const bool empty = begin == std::string_view::npos || end == std::string_view::npos;
    return picture || empty || end < begin ? std::string_view()
                                           : part.substr(begin, end + 1 - begin);
}

// A body that begins with "--boundary" is cut there; any other is one part.
std::vector<std::string_view> parts_of(std::string_view body, ReportBuilder& out) {
    if (!body.starts_with("--")) {
        return {body};
    }
    const std::string_view boundary = trimmed(body.substr(0, body.find('\n')));
    std::vector<std::string_view> parts;
    while (!body.empty()) {
        const std::size_t next = body.find(boundary, 1);
        if (const auto part = part_body(body.substr(boundary.size(), next - boundary.size()), out);
            !part.empty()) {
            parts.push_back(part);
        }
        body.remove_prefix(next == std::string_view::npos ? body.size() : next);
    }
    return parts;
}

// "personQueueCounting=%7B...%7D&...": the messages in the fields of a form.
std::vector<std::string> messages_of_form(std::string_view form) {
    std::vector<std::string> found;
    while (!form.empty()) {
        const FormPair pair = take_form_pair(form);
        std::string value = form_decoded(pair.value).value_or(std::string());
        if (value.starts_with('{') || value.starts_with('<')) {
            found.push_back(std::move(value));
        }
    }
    return found;
}

// A message begins with a bracket and a stream with its boundary, a form with a name.
bool looks_like_form(std::string_view body) {
    const char first = body.empty() ? '\0' : static_cast<char>(body[0] | 0x20);
    return first >= 'a' && first <= 'z';
}

Status read_part(std::string_view part, ReportBuilder& out) {
    const Result<NodeMessage> parsed = NodeMessage::parse(part);
    if (!parsed) {
        return parsed.error();
    }
    const Node root = parsed->root();
    if (root["statusCode"] && root["statusString"]) {
        return invalid_argument("the camera reports an error");
    }
    if (!read_hikvision_root(root, out)) {
        return invalid_argument("is no message of a Hikvision camera");
    }
    parsed->note_private_fields(out.report);
    return {};
}

}  // namespace

Result<Report> parse_hikvision(const Message& message) {
    ReportBuilder out;
    const Result<PlainText> plain = PlainText::of(message.body);
    if (!plain) {
        return plain.error();
    }
    const std::string_view body = trimmed(plain->text());
    const std::vector<std::string> fields =
        looks_like_form(body) ? messages_of_form(body) : std::vector<std::string>();
    const std::vector<std::string_view> parts =
        fields.empty() ? parts_of(body, out)
                       : std::vector<std::string_view>(fields.begin(), fields.end());
    Status last = invalid_argument("is no message of a Hikvision camera");
    bool any = !out.report.private_fields.empty();
    for (const std::string_view part : parts) {
        out.device.clear();
        last = read_part(part, out);
        any = any || last.ok();
        if (!last && parts.size() > 1) {
            out.bad("part", last.error().message);
        }
    }
    if (!any) {
        return last.error();
    }
    return std::move(out.report);
}

}  // namespace cxedge::devices
