// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/formats/xovis.hpp"

#include <algorithm>
#include <iterator>

#include "plugins/_devices/formats/xovis_parts.hpp"
#include "plugins/_devices/privacy.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

enum class XovisMeaning { forward, backward, level, ignored };

struct XovisLabel {
    std::string_view label;
    XovisMeaning meaning;
};

// "balance" is in minus out since some reset: the agent computes that itself, from both. "stat" is
// a mean over several people, which no distribution can be made of.
constexpr XovisLabel kXovisLabels[] = {
    {"fw", XovisMeaning::forward},
    {"forward", XovisMeaning::forward},
    {"in", XovisMeaning::forward},
    {"bw", XovisMeaning::backward},
    {"backward", XovisMeaning::backward},
    {"out", XovisMeaning::backward},
    {"count", XovisMeaning::level},
    {"level", XovisMeaning::level},
    {"fill-level", XovisMeaning::level},
    {"occupancy", XovisMeaning::level},
    {"average", XovisMeaning::level},
    {"avg", XovisMeaning::level},
    {"balance", XovisMeaning::ignored},
    {"stat", XovisMeaning::ignored},
    {"min", XovisMeaning::ignored},
    {"max", XovisMeaning::ignored},
    {"median", XovisMeaning::ignored},
    {"late-fw", XovisMeaning::ignored},
    {"late-bw", XovisMeaning::ignored}};

// Counts of a part of the people by what a camera thinks of them. Aggregated or not, it stays out.
std::string_view xovis_personal(std::string_view label) {
    const std::string word = lower(label);
    if (word.find("child") != std::string::npos || word.find("adult") != std::string::npos) {
        return "age";
    }
    return personal_kind(label);
}

}  // namespace

SeriesInfo xovis_passage(bool forward, const std::string& door) {
    const char* const metric = forward ? "store.footfall.in" : "store.footfall.out";
    return series_info(metric, Kind::delta, {{"door", door}});
}

bool add_xovis_count(ReportBuilder& out, const XovisPlace& place, const XovisCount& count) {
    if (const std::string_view kind = xovis_personal(count.label); !kind.empty()) {
        ++out.report.private_fields[std::string(kind)];
        return true;
    }
    std::string word = lower(count.label);
    std::replace(word.begin(), word.end(), '_', '-');
    const auto known =
        std::find_if(std::begin(kXovisLabels), std::end(kXovisLabels), [&](const XovisLabel& each) {
            return each.label == word;
        });
    if (known == std::end(kXovisLabels)) {
        return false;
    }
    const bool passage =
        known->meaning == XovisMeaning::forward || known->meaning == XovisMeaning::backward;
    const bool forward = known->meaning == XovisMeaning::forward;
    const Node& value = count.value;
    if (passage && value && !value.is_empty() && !value.count()) {
        out.bad(count.where, kIsNoCount);
    } else if (passage && place.is_line) {
        out.add_number(value, count.where, xovis_passage(forward, place.name), place.when);
    } else if (forward) {
        const auto visits = series_info("store.zone.visits", Kind::delta, {{"zone", place.name}});
        out.add_number(value, count.where, visits, place.when);
    } else if (known->meaning == XovisMeaning::level && !place.is_line) {
        const auto people = series_info("store.occupancy", Kind::gauge, {{"zone", place.name}});
        out.add_number(value, count.where, people, place.when);
    }
    return true;
}

Result<Report> parse_xovis(const Message& message) {
    const Result<NodeMessage> parsed = NodeMessage::parse(message.body);
    if (!parsed) {
        return parsed.error();
    }
    const Node root = parsed->root();
    ReportBuilder out;
    if (!read_xovis_v5(root, out) && !read_xovis_v4(root, out)) {
        return invalid_argument("is no message of a Xovis sensor");
    }
    parsed->note_private_fields(out.report);
    return std::move(out.report);
}

}  // namespace cxedge::devices
