// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/packet.hpp"

namespace cxedge::uplink {
namespace {

using std::chrono::milliseconds;

// UTC of the batch's relative time 0. Of an earlier boot only the wall clock at sealing is known.
WallTime start_time(const store::StoredBatch& stored, const SendTime& time) {
    const store::NewBatch& batch = stored.batch;
    if (stored.boot == time.boot_count) {
        return time.wall - time.boot + milliseconds(batch.t0_boot_ms);
    }
    return from_unix_ms(batch.sealed_wall_ms - (batch.sealed_boot_ms - batch.t0_boot_ms));
}

bool is_backfill(const store::StoredBatch& stored, const SendTime& time) {
    if (stored.boot == time.boot_count) {
        return time.boot - milliseconds(stored.batch.sealed_boot_ms) > time.live_age;
    }
    // Sealed in the future means that one of the two clocks was wrong: certainly not live.
    const milliseconds age = time.wall - from_unix_ms(stored.batch.sealed_wall_ms);
    return age > time.live_age || age < milliseconds(0);
}

}  // namespace

Packet make_packet(
    const wire::Topics& topics,
    const store::StoredBatch& stored,
    const SendTime& time,
    std::uint32_t dict_id
) {
    const store::NewBatch& batch = stored.batch;
    wire::BatchHeader header;
    header.epoch = stored.epoch;
    header.lane = lane_of(batch.stream);
    header.seq = stored.seq;
    header.first_unacked = stored.first_unacked;
    header.t0 = start_time(stored, time);
    header.clock = time.clock;
    header.backfill = is_backfill(stored, time);
    header.dict_id = dict_id;
    wire::SealedBody body;
    body.codec = batch.codec;
    body.bytes = batch.body;
    body.samples = batch.samples;
    body.events = batch.events;
    body.dict_size = batch.dict_size;
    body.t0 = BootTime(batch.t0_boot_ms);
    return {topics.data(batch.stream, header.backfill), wire::encode_batch(header, body)};
}

}  // namespace cxedge::uplink
