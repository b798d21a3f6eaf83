// SPDX-License-Identifier: Apache-2.0
// The receiver's account of one lane of one epoch of one node: received + gaps + dead letters ==
// produced. Thread: one.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/gap.hpp"
#include "agent/ctl/seq_window.hpp"
#include "agent/wire/batch_codec.hpp"

namespace cxedge::ctl {

struct LaneKey {
    std::string tenant;
    std::string site;
    std::string node;
    std::uint64_t epoch = 0;
    std::uint8_t lane = 0;
    auto operator<=>(const LaneKey&) const = default;
};

struct Counts {
    std::uint64_t samples = 0;
    std::uint64_t events = 0;
    bool operator==(const Counts&) const = default;
};

// Unique batches; repeats are counted apart.
struct LaneTotals {
    std::uint64_t samples = 0;
    std::uint64_t events = 0;
    std::uint64_t batches = 0;
    std::uint64_t duplicate_batches = 0;
    std::uint64_t first_seq = 0;
    std::uint64_t last_seq = 0;
    std::uint64_t gaps = 0;  // declarations, those that only say "split" included
    Counts in_gaps;          // that did not arrive nevertheless
    std::uint64_t dead_letters = 0;
    Counts in_dead_letters;
    Counts unreadable;  // arrived, and their bodies did not decode
};

class LaneAccount {
public:
    [[nodiscard]] SeqWindow::Arrival look(std::uint64_t seq) const { return window_.look(seq); }
    // Even a repeat tells below which number the node has nothing left.
    void count_repeat(const wire::BatchHeader& header) {
        ++totals_.duplicate_batches;
        window_.raise_floor(std::min(header.first_unacked, header.seq));
    }
    // Requires look(header.seq) != seen; what is `full` is counted and not remembered.
    void receive(const wire::BatchHeader& header, Counts counts);
    // The same for a batch whose body is not what its header says.
    void receive_unreadable(const wire::BatchHeader& header, Counts counts);
    // A number may be declared and arrive as well: a node that lost power forgets what was
    // acknowledged last. It counts once, as received, whichever comes first.
    void declare(const Gap& gap);
    void declare(const DeadLetter& dead);

    [[nodiscard]] const SeqWindow& window() const { return window_; }
    [[nodiscard]] const LaneTotals& totals() const { return totals_; }

    // For a state file; restore(): empty when the texts are not such.
    struct Stored {
        LaneTotals totals;
        std::uint64_t floor = 1;
        std::string received;
        std::string declared;
        std::string recent;  // "seq:samples:events ...", as they came
        std::string gaps;    // "first-last:samples:events ..."
    };
    [[nodiscard]] Stored store() const;
    static std::optional<LaneAccount> restore(const Stored& stored);

private:
    struct OpenGap {
        RunSet::Run run;
        Counts left;
    };

    void arrive(const wire::BatchHeader& header, Counts counts);
    void take_out_of_gaps(std::uint64_t seq, Counts counts);
    [[nodiscard]] Counts received_in(const RunSet::Run& run) const;
    void remember(std::uint64_t seq, Counts counts);

    SeqWindow window_;
    LaneTotals totals_;
    std::map<std::uint64_t, Counts> recent_;  // of the batches received last, by number
    std::deque<std::uint64_t> order_;         // in which they came
    std::deque<OpenGap> open_gaps_;           // declared last, with what they still account for
};

}  // namespace cxedge::ctl
