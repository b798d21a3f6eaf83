// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/seq_window.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace cxedge::ctl {
namespace {

constexpr std::uint64_t kHighest = std::numeric_limits<std::uint64_t>::max();

}  // namespace

SeqWindow::Arrival SeqWindow::look(std::uint64_t seq) const {
    if (received_.contains(seq)) {
        return Arrival::seen;
    }
    const bool extends =
        received_.contains(seq - 1) || (seq != kHighest && received_.contains(seq + 1));
    const bool room = received_.runs() < kMaxRuns || extends || can_forget();
    return room ? Arrival::fresh : Arrival::full;
}

void SeqWindow::receive(std::uint64_t seq) {
    received_.insert({seq, seq});
    forget();
}

void SeqWindow::raise_floor(std::uint64_t seq) {
    floor_ = std::max(floor_, seq);
}

void SeqWindow::declare(RunSet::Run run) {
    declared_.insert(run);
    while (declared_.runs() > kMaxRuns) {
        // Still settled: by the floor, or by counting as received.
        const RunSet::Run lowest = declared_.at(0);
        if (lowest.last >= floor_) {
            received_.insert(lowest);
        }
        declared_.erase_lowest();
    }
}

std::uint64_t SeqWindow::contig() const {
    std::uint64_t contig = floor_ - 1;
    while (contig != kHighest) {
        auto run = received_.run_of(contig + 1);
        run = run ? run : declared_.run_of(contig + 1);
        if (!run) {
            break;
        }
        contig = run->last;
    }
    return contig;
}

std::optional<RunSet::Run> SeqWindow::hole() const {
    const std::uint64_t end = contig();
    if (end == kHighest) {
        return std::nullopt;
    }
    const auto received = received_.first_from(end + 1);
    const auto declared = declared_.first_from(end + 1);
    if (!received && !declared) {
        return std::nullopt;
    }
    const std::uint64_t next = std::min(received.value_or(kHighest), declared.value_or(kHighest));
    return RunSet::Run{end + 1, next - 1};
}

SeqWindow SeqWindow::restore(std::uint64_t floor, RunSet received, RunSet declared) {
    SeqWindow window;
    window.raise_floor(floor);
    window.received_ = std::move(received);
    window.declared_ = std::move(declared);
    return window;
}

bool SeqWindow::can_forget() const {
    return received_.runs() > 1 && received_.at(1).first <= floor_;
}

void SeqWindow::forget() {
    while (received_.runs() > kMaxRuns && can_forget()) {
        received_.insert({received_.at(0).first, received_.at(1).last});
    }
}

}  // namespace cxedge::ctl
