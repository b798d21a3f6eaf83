// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/lane_account.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

namespace cxedge::ctl {
namespace {

// What a node may still have held, and declared, although it was here already: what it had sent
// since the last acknowledgement it saw.
constexpr std::size_t kRecentBatches = 512;
constexpr std::size_t kOpenGaps = 64;

// What is left of `counts` without `taken`.
Counts without(Counts counts, Counts taken) {
    return {
        counts.samples - std::min(counts.samples, taken.samples),
        counts.events - std::min(counts.events, taken.events)};
}

void add(Counts& to, Counts more) {
    to.samples += more.samples;
    to.events += more.events;
}

std::string counts_text(Counts counts) {
    return fmt::format(":{}:{}", counts.samples, counts.events);
}

bool take_number(std::string_view& text, std::uint64_t& number) {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    return error == std::errc{};
}

bool take_colon(std::string_view& text) {
    const bool there = !text.empty() && text.front() == ':';
    text.remove_prefix(there ? 1 : 0);
    return there;
}

bool take_counts(std::string_view& text, Counts& counts) {
    return take_colon(text) && take_number(text, counts.samples) && take_colon(text) &&
           take_number(text, counts.events);
}

// Calls use(word) for each word; false when one call says so.
template <class Use>
bool for_each_word(std::string_view text, const Use& use) {
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        if (!use(word)) {
            return false;
        }
        text.remove_prefix(std::min(text.size(), word.size() + 1));
    }
    return true;
}

}  // namespace

void LaneAccount::receive(const wire::BatchHeader& header, Counts counts) {
    arrive(header, counts);
    totals_.samples += counts.samples;
    totals_.events += counts.events;
}

void LaneAccount::receive_unreadable(const wire::BatchHeader& header, Counts counts) {
    arrive(header, counts);
    add(totals_.unreadable, counts);
}

void LaneAccount::arrive(const wire::BatchHeader& header, Counts counts) {
    const std::uint64_t seq = header.seq;
    take_out_of_gaps(seq, counts);
    window_.raise_floor(std::min(header.first_unacked, seq));
    if (window_.look(seq) == SeqWindow::Arrival::fresh) {
        window_.receive(seq);
    }
    remember(seq, counts);
    ++totals_.batches;
    totals_.first_seq = totals_.first_seq == 0 ? seq : std::min(totals_.first_seq, seq);
    totals_.last_seq = std::max(totals_.last_seq, seq);
}

// What is sent again has a low number and is as recent as anything.
void LaneAccount::remember(std::uint64_t seq, Counts counts) {
    if (recent_.insert_or_assign(seq, counts).second) {
        order_.push_back(seq);
    }
    while (order_.size() > kRecentBatches) {
        recent_.erase(order_.front());
        order_.pop_front();
    }
}

void LaneAccount::take_out_of_gaps(std::uint64_t seq, Counts counts) {
    for (OpenGap& gap : open_gaps_) {
        if (seq >= gap.run.first && seq <= gap.run.last) {
            const Counts left = without(gap.left, counts);
            totals_.in_gaps = without(totals_.in_gaps, without(gap.left, left));
            gap.left = left;
            return;
        }
    }
}

Counts LaneAccount::received_in(const RunSet::Run& run) const {
    Counts found;
    const auto end = recent_.upper_bound(run.last);
    for (auto it = recent_.lower_bound(run.first); it != end; ++it) {
        add(found, it->second);
    }
    return found;
}

void LaneAccount::declare(const Gap& gap) {
    ++totals_.gaps;
    const bool lost = gap.cause != GapCause::split;
    Counts counts = lost ? Counts{gap.samples, gap.events} : Counts{};
    if (gap.first_seq != 0) {
        const RunSet::Run run{gap.first_seq, gap.last_seq};
        counts = without(counts, received_in(run));
        window_.declare(run);
        open_gaps_.push_back({run, counts});
        if (open_gaps_.size() > kOpenGaps) {
            open_gaps_.pop_front();
        }
    }
    add(totals_.in_gaps, counts);
}

void LaneAccount::declare(const DeadLetter& dead) {
    ++totals_.dead_letters;
    if (dead.seq == 0) {
        add(totals_.in_dead_letters, {dead.samples, dead.events});
        return;
    }
    const RunSet::Run run{dead.seq, dead.seq};
    add(totals_.in_dead_letters, without({dead.samples, dead.events}, received_in(run)));
    window_.declare(run);
}

LaneAccount::Stored LaneAccount::store() const {
    Stored stored{totals_, window_.floor(), window_.received().to_text(), {}, {}, {}};
    stored.declared = window_.declared().to_text();
    for (const std::uint64_t seq : order_) {
        stored.recent += (stored.recent.empty() ? "" : " ") + std::to_string(seq);
        stored.recent += counts_text(recent_.at(seq));
    }
    for (const OpenGap& gap : open_gaps_) {
        stored.gaps += stored.gaps.empty() ? "" : " ";
        stored.gaps += fmt::format("{}-{}", gap.run.first, gap.run.last) + counts_text(gap.left);
    }
    return stored;
}

std::optional<LaneAccount> LaneAccount::restore(const Stored& stored) {
    auto received = RunSet::from_text(stored.received);
    auto declared = RunSet::from_text(stored.declared);
    if (!received || !declared) {
        return std::nullopt;
    }
    LaneAccount account;
    account.totals_ = stored.totals;
    account.window_ = SeqWindow::restore(stored.floor, std::move(*received), std::move(*declared));
    const bool recent = for_each_word(stored.recent, [&](std::string_view word) {
        std::uint64_t seq = 0;
        Counts counts;
        const bool fine = take_number(word, seq) && take_counts(word, counts);
        account.remember(seq, counts);
        return fine;
    });
    const bool gaps = for_each_word(stored.gaps, [&](std::string_view word) {
        const std::string_view run = word.substr(0, word.find(':'));
        word.remove_prefix(run.size());
        const auto numbers = RunSet::from_text(run);
        OpenGap gap;
        const bool fine = numbers && numbers->runs() == 1 && take_counts(word, gap.left);
        if (fine) {
            gap.run = numbers->at(0);
            account.open_gaps_.push_back(gap);
        }
        return fine;
    });
    return recent && gaps ? std::optional(std::move(account)) : std::nullopt;
}

}  // namespace cxedge::ctl
