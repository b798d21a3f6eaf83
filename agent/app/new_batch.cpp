// SPDX-License-Identifier: Apache-2.0
#include "agent/app/new_batch.hpp"

#include <utility>

#include "agent/app/clock_probe.hpp"

namespace cxedge::app {

store::NewBatch make_batch(Stream stream, wire::SealedBody body, const Clock& clock) {
    store::NewBatch batch;
    batch.stream = stream;
    batch.samples = body.samples;
    batch.events = body.events;
    batch.dict_size = body.dict_size;
    batch.codec = body.codec;
    batch.sealed_boot_ms = clock.boot_now().count();
    // A body without boot-based times has no t0 of its own.
    batch.t0_boot_ms = body.t0.count() != 0 ? body.t0.count() : batch.sealed_boot_ms;
    batch.sealed_wall_ms = batch.sealed_boot_ms + clock.wall_offset().count();
    batch.clock_quality = probe_clock().quality;
    batch.body = std::move(body.bytes);
    return batch;
}

store::NewBatch declaration_batch(const Declaration& declaration, const Clock& clock) {
    wire::BatchBuilder builder;
    const SampleTime now = at_boot(clock.boot_now());
    for (const Gap& gap : declaration.gaps) {
        builder.add(wire::Declared<Gap>{now, gap});
    }
    for (const DeadLetter& dead : declaration.dead) {
        builder.add(wire::Declared<DeadLetter>{now, dead});
    }
    return make_batch(Stream::event, builder.seal(), clock);
}

}  // namespace cxedge::app
