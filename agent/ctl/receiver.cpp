// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/receiver.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/core.h>

namespace cxedge::ctl {

Receiver::Receiver(ReceiverOptions options, LineWriter& writer, const Clock& clock)
    : options_(options), writer_(writer), clock_(clock) {}

void Receiver::receive(const std::string& topic, std::string_view payload) {
    const auto parts = wire::parse_topic(topic);
    // An empty payload is how a broker is told to forget a retained message.
    if (!parts || (payload.empty() && parts->kind != wire::TopicKind::data)) {
        return;
    }
    const NodeKey key = parts->tenant + "/" + parts->site + "/" + parts->node;
    Origin origin{topic, parts->tenant, parts->site, parts->node};
    switch (parts->kind) {
        case wire::TopicKind::data:
            receive_batch(key, std::move(origin), payload);
            break;
        case wire::TopicKind::dictionary:
            receive_dictionary(key, origin, payload);
            break;
        case wire::TopicKind::state:
            receive_state(origin, payload);
            break;
        case wire::TopicKind::other:
            break;
    }
}

void Receiver::receive_batch(const NodeKey& key, Origin origin, std::string_view payload) {
    auto batch = wire::parse_batch(payload);
    if (!batch) {
        problem(origin, batch.error().message);
        return;
    }
    const bool fresh = count_arrival(origin, batch->header);
    if (!fresh && !options_.keep_duplicates) {
        return;
    }
    Node& node = nodes_[key];
    Waiting arrived{key, std::move(origin), std::move(*batch), payload.size()};
    if (covers(node, arrived.batch)) {
        show(node, arrived, !fresh);
    } else if (fresh) {
        hold(node, std::move(arrived));
    }
}

bool Receiver::count_arrival(const Origin& origin, const wire::BatchHeader& header) {
    const LaneKey key = lane_key(origin, header);
    LaneTotals& lane = totals_.lanes[key];
    if (!seen_[key].insert(header.seq)) {
        ++lane.duplicate_batches;
        ++totals_.duplicate_batches;
        return false;
    }
    lane.first_seq = lane.first_seq == 0 ? header.seq : std::min(lane.first_seq, header.seq);
    lane.last_seq = std::max(lane.last_seq, header.seq);
    return true;
}

bool Receiver::covers(Node& node, const wire::ReceivedBatch& batch) {
    const std::uint32_t size = batch.body.dict_size;
    const std::uint32_t id = batch.header.dict_id;
    if (size == 0 || (size == node.covered_size && id == node.covered_id)) {
        return true;
    }
    if (!node.dictionary.covers(id, size)) {
        return false;
    }
    node.covered_id = id;
    node.covered_size = size;
    return true;
}

void Receiver::show(Node& node, const Waiting& arrived, bool duplicate) {
    auto body = wire::decode_body(arrived.batch);
    if (!body) {
        problem(arrived.origin, body.error().message);
        return;
    }
    const auto unknown = std::erase_if(body->samples, [&](const Sample& sample) {
        return node.dictionary.find(index_of(sample.series)) == nullptr;
    });
    if (unknown > 0) {
        problem(arrived.origin, fmt::format("{} samples of series that are not defined", unknown));
    }
    const wire::BatchHeader& header = arrived.batch.header;
    writer_.batch({arrived.origin, header, *body, node.dictionary, duplicate});
    if (duplicate) {
        return;
    }
    LaneTotals& lane = totals_.lanes[lane_key(arrived.origin, header)];
    lane.samples += body->samples.size();
    lane.events += body->events.size();
    ++lane.batches;
    totals_.samples += body->samples.size();
    totals_.events += body->events.size();
    ++totals_.batches;
    totals_.payload_bytes += arrived.payload_bytes;
    totals_.sample_payload_bytes += body->samples.empty() ? 0 : arrived.payload_bytes;
}

void Receiver::hold(Node& node, Waiting arrived) {
    if (node.waiting == 0) {
        note_(fmt::format(
            "{}: the dictionary {:08x} of {} series is missing; asking the node for it",
            arrived.origin.topic,
            arrived.batch.header.dict_id,
            arrived.batch.body.dict_size
        ));
    }
    ask(node, arrived.origin);
    ++node.waiting;
    waiting_bytes_ += arrived.payload_bytes;
    waiting_.push_back(std::move(arrived));
    while (waiting_.size() > options_.max_waiting_batches ||
           (waiting_bytes_ > options_.max_waiting_bytes && waiting_.size() > 1)) {
        drop_oldest();
    }
    totals_.waiting_batches = waiting_.size();
}

void Receiver::drop_oldest() {
    const Waiting dropped = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= dropped.payload_bytes;
    --nodes_[dropped.node].waiting;
    problem(
        dropped.origin,
        fmt::format("batch {} given up: too many wait for dictionaries", dropped.batch.header.seq)
    );
}

void Receiver::ask(Node& node, const Origin& origin) {
    const SteadyTime now = clock_.steady_now();
    if (node.asked && now - node.asked_at < options_.ask_again) {
        return;
    }
    node.asked = true;
    node.asked_at = now;
    ask_(wire::Topics(origin.tenant, origin.site, origin.node).command_request());
}

void Receiver::tick() {
    for (const Waiting& waiting : waiting_) {
        ask(nodes_[waiting.node], waiting.origin);
    }
}

void Receiver::receive_dictionary(
    const NodeKey& key, const Origin& origin, std::string_view payload
) {
    totals_.dictionary_bytes += payload.size();
    Node& node = nodes_[key];
    const Status applied = node.dictionary.apply(payload);
    if (!applied) {
        problem(origin, applied.error().message);
        return;
    }
    node.covered_size = 0;
    // The order of what waits is kept, for this node and for others.
    std::deque<Waiting> still;
    std::swap(still, waiting_);
    for (Waiting& waiting : still) {
        if (waiting.node != key || !covers(node, waiting.batch)) {
            waiting_.push_back(std::move(waiting));
            continue;
        }
        --node.waiting;
        waiting_bytes_ -= waiting.payload_bytes;
        show(node, waiting, false);
    }
    totals_.waiting_batches = waiting_.size();
}

void Receiver::receive_state(const Origin& origin, std::string_view payload) {
    const auto state = wire::decode_node_state(payload);
    if (state) {
        writer_.node_state(origin, *state);
    } else {
        problem(origin, state.error().message);
    }
}

void Receiver::problem(const Origin& origin, const std::string& what) {
    ++totals_.errors;
    note_(origin.topic + ": " + what);
}

LaneKey Receiver::lane_key(const Origin& origin, const wire::BatchHeader& header) {
    return {
        origin.tenant,
        origin.site,
        origin.node,
        header.epoch,
        static_cast<std::uint8_t>(header.lane)};
}

}  // namespace cxedge::ctl
