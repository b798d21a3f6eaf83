// SPDX-License-Identifier: Apache-2.0
// The platform's end of the wire for cxctl: keeps each node's dictionary, drops repeats by (node,
// epoch, lane, seq), holds batches whose dictionary is still to come, counts. Thread: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/ctl/line_writer.hpp"
#include "agent/ctl/seq_set.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::ctl {

struct ReceiverOptions {
    bool keep_duplicates = false;  // show repeats too; they are counted either way
    // Batches that wait for their dictionary, all nodes together; the oldest give way.
    std::size_t max_waiting_batches = 1000;
    std::size_t max_waiting_bytes = 16U << 20U;
    std::chrono::milliseconds ask_again{5000};
};

struct LaneKey {
    std::string tenant;
    std::string site;
    std::string node;
    std::uint64_t epoch = 0;
    std::uint8_t lane = 0;
    auto operator<=>(const LaneKey&) const = default;
};

struct LaneTotals {
    std::uint64_t samples = 0;
    std::uint64_t events = 0;
    std::uint64_t batches = 0;
    std::uint64_t duplicate_batches = 0;
    std::uint64_t first_seq = 0;
    std::uint64_t last_seq = 0;
};

// Unique batches that were shown; repeats are counted apart.
struct Totals {
    std::uint64_t samples = 0;
    std::uint64_t events = 0;
    std::uint64_t batches = 0;
    std::uint64_t duplicate_batches = 0;
    std::uint64_t payload_bytes = 0;         // of unique batches
    std::uint64_t sample_payload_bytes = 0;  // of those that hold samples
    std::uint64_t dictionary_bytes = 0;
    std::uint64_t errors = 0;           // payloads or samples that could not be shown
    std::uint64_t waiting_batches = 0;  // for their dictionary, now
    std::map<LaneKey, LaneTotals> lanes;
};

class Receiver {
public:
    // Publishes a NeedDictionary request on that topic.
    using Ask = std::function<void(const std::string& topic)>;
    using Note = std::function<void(const std::string& text)>;

    // `writer` and `clock` outlive the receiver.
    Receiver(ReceiverOptions options, LineWriter& writer, const Clock& clock);
    void on_ask(Ask ask) { ask_ = std::move(ask); }
    void on_note(Note note) { note_ = std::move(note); }

    void receive(const std::string& topic, std::string_view payload);
    // Asks again for dictionaries that did not come. Call about once a second.
    void tick();

    [[nodiscard]] const Totals& totals() const { return totals_; }

private:
    struct Node {
        wire::DictionaryReplica dictionary;
        std::uint32_t covered_id = 0;  // the dictionary that the batch before needed, and had
        std::uint32_t covered_size = 0;
        std::size_t waiting = 0;
        bool asked = false;
        SteadyTime asked_at;
    };
    using NodeKey = std::string;  // "tenant/site/node"
    struct Waiting {
        NodeKey node;
        Origin origin;
        wire::ReceivedBatch batch;
        std::size_t payload_bytes = 0;
    };

    void receive_batch(const NodeKey& key, Origin origin, std::string_view payload);
    void receive_dictionary(const NodeKey& key, const Origin& origin, std::string_view payload);
    void receive_state(const Origin& origin, std::string_view payload);
    // True when it was not seen before.
    bool count_arrival(const Origin& origin, const wire::BatchHeader& header);
    void show(Node& node, const Waiting& arrived, bool duplicate);
    void hold(Node& node, Waiting arrived);
    void drop_oldest();
    void ask(Node& node, const Origin& origin);
    void problem(const Origin& origin, const std::string& what);
    [[nodiscard]] static bool covers(Node& node, const wire::ReceivedBatch& batch);
    static LaneKey lane_key(const Origin& origin, const wire::BatchHeader& header);

    ReceiverOptions options_;
    LineWriter& writer_;
    const Clock& clock_;
    Ask ask_ = [](const std::string&) {
    };
    Note note_ = [](const std::string&) {
    };
    std::map<NodeKey, Node> nodes_;
    std::map<LaneKey, SeqSet> seen_;
    std::deque<Waiting> waiting_;
    std::size_t waiting_bytes_ = 0;
    Totals totals_;
};

}  // namespace cxedge::ctl
