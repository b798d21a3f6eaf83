// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/packet.hpp"

namespace cxedge::uplink {

Packet answer_packet(const MessageProperties& asked, std::string payload) {
    Packet packet{asked.response_topic, std::move(payload), {}};
    packet.answer = MessageProperties{{}, asked.correlation, 0};
    return packet;
}

wire::SealedBody body_of(const store::NewBatch& batch) {
    wire::SealedBody body;
    body.codec = batch.codec;
    body.bytes = batch.body;
    body.samples = batch.samples;
    body.events = batch.events;
    body.dict_size = batch.dict_size;
    body.t0 = BootTime(batch.t0_boot_ms);
    return body;
}

Packet make_packet(
    const wire::Topics& topics,
    const store::StoredBatch& stored,
    const BatchTime& time,
    std::uint32_t dict_id
) {
    const store::NewBatch& batch = stored.batch;
    wire::BatchHeader header;
    header.epoch = stored.epoch;
    header.lane = lane_of(batch.stream);
    header.seq = stored.seq;
    header.first_unacked = stored.first_unacked;
    header.t0 = time.t0;
    header.clock = time.clock;
    header.estimated = time.estimated;
    header.t0_earliest = time.bounds.earliest;
    header.t0_latest = time.bounds.latest;
    header.backfill = time.backfill;
    header.dict_id = dict_id;
    return {
        topics.data(batch.stream, header.backfill), wire::encode_batch(header, body_of(batch)), {}};
}

}  // namespace cxedge::uplink
