// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/table.hpp"

#include <ctime>
#include <iterator>
#include <variant>

#include <fmt/core.h>

#include "agent/base/printable.hpp"
#include "agent/ctl/human_text.hpp"
#include "agent/ctl/json_fields.hpp"

namespace cxedge::ctl {
namespace {

std::string place(const Origin& origin) {
    return origin.site + "/" + origin.node;
}

std::string dimensions(const std::vector<Dimension>& dims) {
    std::string text;
    for (const Dimension& dim : dims) {
        text += (text.empty() ? "" : " ") + dim.key + "=" + dim.value;
    }
    return text;
}

std::string histogram_text(const Histogram& histogram, std::string_view unit) {
    if (histogram.count() == 0) {
        return "n=0";
    }
    const std::string_view suffix = unit_text(unit);
    return fmt::format(
        "n={} p50={:.4g} p95={:.4g} max={:.4g}{}{}",
        histogram.count(),
        histogram.quantile(0.5),
        histogram.quantile(0.95),
        histogram.max(),
        suffix.empty() ? "" : " ",
        suffix
    );
}

std::string value_text(const Sample& sample, const SeriesInfo& info) {
    if (const auto* histogram = std::get_if<Histogram>(&sample.value)) {
        return histogram_text(*histogram, info.unit);
    }
    const auto* value = std::get_if<double>(&sample.value);
    if (value == nullptr) {
        return "lost";
    }
    if (info.kind == Kind::state) {
        const std::string* state = state_text(*value, info.states);
        return state != nullptr ? *state : fmt::format("state {}", *value);
    }
    return with_unit(*value, info.unit);
}

std::string numbers_text(std::uint64_t first, std::uint64_t last) {
    if (first == 0) {
        return "without numbers";
    }
    return first == last ? fmt::format("seq {}", first) : fmt::format("seq {}-{}", first, last);
}

std::string gap_text(const Gap& gap) {
    return fmt::format(
        "GAP {} {}: {} samples, {} events ({})",
        to_string(gap.lane),
        numbers_text(gap.first_seq, gap.last_seq),
        gap.samples,
        gap.events,
        to_string(gap.cause)
    );
}

std::string dead_letter_text(const DeadLetter& dead) {
    const std::string why = dead.reason == 0 ? std::string("too large to be sent")
                                             : fmt::format("refused with 0x{:02x}", dead.reason);
    return fmt::format(
        "DEAD LETTER {} seq {}: {} samples, {} events ({}, {} attempts)",
        to_string(dead.lane),
        dead.seq,
        dead.samples,
        dead.events,
        why,
        dead.attempts
    );
}

}  // namespace

Table::Table(std::string& out, Zone zone) : out_(out), zone_(zone) {
    fmt::format_to(
        std::back_inserter(out_),
        "{:<12}  {:<20}  {:<28}  {:<24}  {:>16}  {}\n",
        "TIME",
        "SITE/NODE",
        "METRIC",
        "DIMENSIONS",
        "VALUE",
        "TOTAL"
    );
}

void Table::batch(const ShownBatch& batch) {
    for (const Sample& taken : batch.body.samples) {
        const SeriesInfo* info = batch.dictionary.find(index_of(taken.series));
        if (info != nullptr) {
            sample(batch, taken, *info);
        }
    }
    for (const Event& happened : batch.body.events) {
        event(batch, happened);
    }
    declarations(batch);
}

void Table::declarations(const ShownBatch& batch) {
    for (const auto& gap : batch.body.gaps) {
        remark(batch.origin, gap.time.ms, gap_text(gap.what));
    }
    for (const auto& dead : batch.body.dead) {
        remark(batch.origin, dead.time.ms, dead_letter_text(dead.what));
    }
    for (const ClockStep& step : batch.body.clock_steps) {
        const double seconds = static_cast<double>(step.after_ms - step.before_ms) / 1000;
        remark(batch.origin, step.time.ms, fmt::format("CLOCK STEP of {:+.3f} s", seconds));
    }
}

void Table::remark(const Origin& origin, std::int64_t ms, std::string_view text) {
    append_line(fmt::format("{:<12}  {:<20}  {}", time_of(ms), place(origin), text));
}

void Table::sample(const ShownBatch& batch, const Sample& sample, const SeriesInfo& info) {
    // A repeat is shown, not added up.
    const bool again = batch.duplicate || batch.body.replay != 0;
    std::string last = batch.duplicate ? "repeat" : "replay";
    last = again ? last : total(batch.origin, sample, info);
    if (batch.header.backfill) {
        last += last.empty() ? "late" : " late";
    }
    std::string line = fmt::format(
        "{:<12}  {:<20}  {:<28}  {:<24}  {:>16}  {}",
        time_of(sample.time.ms),
        place(batch.origin),
        info.key.metric,
        dimensions(info.key.dims),
        value_text(sample, info),
        last
    );
    line.erase(line.find_last_not_of(' ') + 1);
    append_line(line);
}

void Table::append_line(std::string_view line) {
    out_ += printable(line);
    out_ += '\n';
}

std::string Table::total(const Origin& origin, const Sample& sample, const SeriesInfo& info) {
    const auto* value = std::get_if<double>(&sample.value);
    if (info.kind != Kind::delta || value == nullptr) {
        return {};
    }
    double& sum = totals_[origin.tenant + "/" + place(origin) + " " + to_string(info.key)];
    sum += *value;
    return fmt::format("{:.10g}", sum);
}

void Table::event(const ShownBatch& batch, const Event& event) {
    const std::string text = fmt::format(
        "{} [{} {}] {}{}{}",
        event.name,
        to_string(event.severity),
        to_string(event.state),
        event.subject,
        event.subject.empty() ? "" : ": ",
        event.text
    );
    remark(batch.origin, event.time.ms, text);
}

void Table::node_state(const Origin& origin, const wire::NodeState& state) {
    const std::string text = fmt::format(
        "{}, cxedge {}, boot {}", state.online ? "ONLINE" : "OFFLINE", state.version, state.boot
    );
    remark(origin, unix_ms(state.at), text);
}

std::string Table::time_of(std::int64_t ms) const {
    const std::int64_t part = ((ms % 1000) + 1000) % 1000;
    const auto seconds = static_cast<std::time_t>((ms - part) / 1000);
    std::tm broken{};
    const std::tm* known =
        zone_ == Zone::utc ? ::gmtime_r(&seconds, &broken) : ::localtime_r(&seconds, &broken);
    if (known == nullptr) {
        return "?";
    }
    return fmt::format(
        "{:02}:{:02}:{:02}.{:03}", broken.tm_hour, broken.tm_min, broken.tm_sec, part
    );
}

}  // namespace cxedge::ctl
