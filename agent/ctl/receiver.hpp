// SPDX-License-Identifier: Apache-2.0
// The platform's end of the wire for cxctl: keeps each node's dictionary, drops repeats by (node,
// epoch, lane, seq), holds batches whose dictionary is still to come, keeps each lane's account.
// Thread: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/ctl/lane_account.hpp"
#include "agent/ctl/line_writer.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::ctl {

struct ReceiverOptions {
    bool keep_duplicates = false;  // show repeats too; they are counted either way
    // Take what SeqWindow::Arrival::full says not to take; it may then be shown twice.
    bool take_unremembered = true;
    // Batches that wait for their dictionary, all nodes together; the oldest give way.
    std::size_t max_waiting_batches = 1000;
    std::size_t max_waiting_bytes = 16U << 20U;
    std::chrono::milliseconds ask_again{5000};
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
};
using Lanes = std::map<LaneKey, LaneAccount>;

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
    [[nodiscard]] const Lanes& lanes() const { return lanes_; }
    // Lanes whose account changed since the last call.
    std::set<LaneKey> take_changed() { return std::exchange(changed_, {}); }

    // What a state file kept of an earlier run; before anything is received.
    void restore(const LaneKey& key, LaneAccount account);
    // Called with every dictionary part that was understood.
    using Learn = std::function<void(const Origin& origin, std::string_view payload)>;
    void on_dictionary(Learn learn) { learn_ = std::move(learn); }

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
        LaneKey lane;
        wire::ReceivedBatch batch;
        std::size_t payload_bytes = 0;
    };

    void receive_batch(const NodeKey& key, Origin origin, std::string_view payload);
    void receive_dictionary(const NodeKey& key, const Origin& origin, std::string_view payload);
    void receive_state(const Origin& origin, std::string_view payload);
    [[nodiscard]] SeqWindow::Arrival look(const LaneKey& lane, std::uint64_t seq) const;
    [[nodiscard]] bool waits(const LaneKey& lane, std::uint64_t seq) const;
    LaneAccount& change(const LaneKey& key);
    void show(Node& node, const Waiting& arrived, bool duplicate);
    void account_for(const Waiting& arrived, const wire::DecodedBody& body);
    void account_for_unreadable(const Waiting& arrived);
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
    Learn learn_ = [](const Origin&, std::string_view) {
    };
    Lanes lanes_;
    std::set<LaneKey> changed_;
    std::deque<Waiting> waiting_;
    std::size_t waiting_bytes_ = 0;
    Totals totals_;
};

}  // namespace cxedge::ctl
