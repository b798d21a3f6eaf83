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
    const LaneKey lane = lane_key(origin, batch->header);
    const auto arrival = look(lane, batch->header.seq);
    const bool repeat = arrival == SeqWindow::Arrival::seen;
    if (repeat) {
        change(lane).count_repeat(batch->header);
        ++totals_.duplicate_batches;
    }
    if (arrival == SeqWindow::Arrival::full && !options_.take_unremembered) {
        problem(origin, fmt::format("batch {} left for later: too many holes", batch->header.seq));
        return;
    }
    if (repeat && !options_.keep_duplicates) {
        return;
    }
    Node& node = nodes_[key];
    Waiting arrived{key, std::move(origin), lane, std::move(*batch), payload.size()};
    if (covers(node, arrived.batch)) {
        show(node, arrived, repeat);
    } else if (!repeat) {
        hold(node, std::move(arrived));
    }
}

SeqWindow::Arrival Receiver::look(const LaneKey& lane, std::uint64_t seq) const {
    if (waits(lane, seq)) {
        return SeqWindow::Arrival::seen;
    }
    const auto known = lanes_.find(lane);
    return known == lanes_.end() ? SeqWindow::Arrival::fresh : known->second.look(seq);
}

bool Receiver::waits(const LaneKey& lane, std::uint64_t seq) const {
    return std::any_of(waiting_.begin(), waiting_.end(), [&](const Waiting& waiting) {
        return waiting.batch.header.seq == seq && waiting.lane == lane;
    });
}

LaneAccount& Receiver::change(const LaneKey& key) {
    changed_.insert(key);
    return lanes_[key];
}

void Receiver::restore(const LaneKey& key, LaneAccount account) {
    lanes_.insert_or_assign(key, std::move(account));
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
        if (!duplicate) {
            account_for_unreadable(arrived);
        }
        return;
    }
    const auto unknown = std::erase_if(body->samples, [&](const Sample& sample) {
        return node.dictionary.find(index_of(sample.series)) == nullptr;
    });
    if (unknown > 0) {
        problem(arrived.origin, fmt::format("{} samples of series that are not defined", unknown));
    }
    writer_.batch({arrived.origin, arrived.batch.header, *body, node.dictionary, duplicate});
    if (!duplicate) {
        account_for(arrived, *body);
    }
}

void Receiver::account_for(const Waiting& arrived, const wire::DecodedBody& body) {
    change(arrived.lane).receive(arrived.batch.header, {body.samples.size(), body.events.size()});
    LaneKey lane = arrived.lane;
    const auto account_of = [&](Lane number, std::uint64_t epoch) -> LaneAccount& {
        lane.lane = static_cast<std::uint8_t>(number);
        lane.epoch = epoch;
        return change(lane);
    };
    for (const auto& gap : body.gaps) {
        account_of(gap.what.lane, gap.what.epoch).declare(gap.what);
    }
    for (const auto& dead : body.dead) {
        account_of(dead.what.lane, dead.what.epoch).declare(dead.what);
    }
    totals_.samples += body.samples.size();
    totals_.events += body.events.size();
    ++totals_.batches;
    totals_.payload_bytes += arrived.payload_bytes;
    totals_.sample_payload_bytes += body.samples.empty() ? 0 : arrived.payload_bytes;
}

// It will not decode the next time either: asking for it again would be for ever.
void Receiver::account_for_unreadable(const Waiting& arrived) {
    const wire::SealedBody& body = arrived.batch.body;
    change(arrived.lane).receive_unreadable(arrived.batch.header, {body.samples, body.events});
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
    learn_(origin, payload);
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
