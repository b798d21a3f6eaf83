// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/formats/xovis.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "plugins/_devices/formats/xovis_parts.hpp"
#include "plugins/_devices/privacy.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

enum class XovisMeaning { forward, backward, level, balance, ignored };

struct XovisLabel {
    std::string_view label;
    XovisMeaning meaning;
};

// "balance" is in minus out since some reset: the agent computes that itself, from both; where it
// is all that a zone tells, it is the people in it. "stat" is a mean over several people, which no
// distribution can be made of.
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
    {"balance", XovisMeaning::balance},
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

std::optional<XovisMeaning> xovis_meaning(std::string_view label) {
    std::string word = lower(label);
    std::replace(word.begin(), word.end(), '_', '-');
    const XovisLabel* const known =
        std::find_if(std::begin(kXovisLabels), std::end(kXovisLabels), [&](const XovisLabel& each) {
            return each.label == word;
        });
    return known == std::end(kXovisLabels) ? std::nullopt : std::optional(known->meaning);
}

void add_xovis_number(
    ReportBuilder& out, const XovisCount& count, SeriesInfo info, const When& when
) {
    if (!count.value) {
        out.bad(count.parent, "value", kIsMissing);
    } else {
        out.add_number(count.value, std::move(info), when);
    }
}

void add_xovis_level(ReportBuilder& out, const XovisPlace& place, const XovisCount& count) {
    const auto people = series_info("store.occupancy", Kind::gauge, {{"zone", place.name}});
    add_xovis_number(out, count, people, place.when);
}

// The people in a zone when the interval ends.
void add_xovis_balance(ReportBuilder& out, const XovisPlace& place, const XovisCount& count) {
    if (count.value && !count.value.is_empty() && !count.value.count()) {
        out.bad(count.value, kIsNoCount);
        return;
    }
    XovisPlace at_end = place;
    at_end.when.from.reset();
    add_xovis_level(out, at_end, count);
}

void add_xovis_passage(
    ReportBuilder& out, const XovisPlace& place, const XovisCount& count, bool forward
) {
    if (count.value && !count.value.is_empty() && !count.value.count()) {
        out.bad(count.value, kIsNoCount);
    } else if (place.is_line) {
        add_xovis_number(out, count, xovis_passage(forward, place.name), place.when);
    } else if (forward) {
        const auto visits = series_info("store.zone.visits", Kind::delta, {{"zone", place.name}});
        add_xovis_number(out, count, visits, place.when);
    }
}

}  // namespace

bool counts_people(std::string_view logic) {
    for (const char* other : {"CART", "BICYCLE", "GROUP", "PRAM", "WHEELCHAIR"}) {
        if (logic.find(other) != std::string_view::npos) {
            return false;
        }
    }
    return true;
}

void XovisNames::tell_apart(Report& report, std::size_t first, const std::string& id) {
    const auto begin = report.readings.begin() + static_cast<std::ptrdiff_t>(first);
    const bool taken = std::any_of(begin, report.readings.end(), [&](const Reading& reading) {
        const auto owner = owners_.find(reading.info.key);
        return owner != owners_.end() && owner->second != id;
    });
    std::for_each(begin, report.readings.end(), [&](Reading& reading) {
        for (Dimension& place : reading.info.key.dims) {
            place.value = taken ? as_name(place.value + " " + id) : place.value;
        }
        owners_.emplace(reading.info.key, id);
    });
}

bool is_only_balance(const std::vector<Node>& counts, const char* label_name) {
    bool balance = false;
    for (const Node& count : counts) {
        const std::string label = count[label_name].text();
        const auto meaning = xovis_personal(label).empty() ? xovis_meaning(label) : std::nullopt;
        if (meaning && *meaning != XovisMeaning::ignored && *meaning != XovisMeaning::balance) {
            return false;
        }
        balance = balance || meaning == XovisMeaning::balance;
    }
    return balance;
}

SeriesInfo xovis_passage(bool forward, const std::string& door) {
    const char* const metric = forward ? "store.footfall.in" : "store.footfall.out";
    return series_info(metric, Kind::delta, {{"door", door}});
}

bool add_xovis_count(ReportBuilder& out, const XovisPlace& place, const XovisCount& count) {
    if (const std::string_view kind = xovis_personal(count.label); !kind.empty()) {
        ++out.report.private_fields[std::string(kind)];
        return true;
    }
    const std::optional<XovisMeaning> meaning = xovis_meaning(count.label);
    if (meaning == XovisMeaning::forward || meaning == XovisMeaning::backward) {
        add_xovis_passage(out, place, count, meaning == XovisMeaning::forward);
    } else if (meaning == XovisMeaning::level && !place.is_line) {
        add_xovis_level(out, place, count);
    } else if (meaning == XovisMeaning::balance && place.balance_is_level) {
        add_xovis_balance(out, place, count);
    }
    return meaning.has_value();
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
