// SPDX-License-Identifier: Apache-2.0
// A received batch, and a body behind a header that allows everything; whatever decodes must
// survive another trip over the wire.
#include <cstdlib>
#include <string_view>

#include "agent/wire/batch_codec.hpp"
#include "agent/wire/split_body.hpp"

namespace {

using namespace cxedge;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void travel_again(const wire::DecodedBody& body) {
    wire::BatchBuilder builder;
    for (const Sample& sample : body.samples) {
        builder.add(sample);
    }
    for (const Event& event : body.events) {
        builder.add(event);
    }
    for (const auto& gap : body.gaps) {
        builder.add(gap);
    }
    for (const auto& dead : body.dead) {
        builder.add(dead);
    }
    for (const ClockStep& step : body.clock_steps) {
        builder.add(step);
    }
    wire::BatchHeader header;
    header.seq = 1;
    const auto received = wire::parse_batch(wire::encode_batch(header, builder.seal()));
    require(received.ok());
    const auto again = wire::decode_body(*received);
    require(again.ok());
    require(
        again->samples.size() == body.samples.size() && again->events.size() == body.events.size()
    );
    require(
        again->gaps == body.gaps && again->dead == body.dead &&
        again->clock_steps == body.clock_steps
    );
}

void halve(const wire::SealedBody& body) {
    if (const auto halves = wire::split_body(body)) {
        require(halves->first.samples + halves->second.samples == body.samples);
        require(halves->first.events + halves->second.events == body.events);
    }
}

void decode(const wire::ReceivedBatch& batch) {
    if (const auto body = wire::decode_body(batch)) {
        travel_again(*body);
        halve(batch.body);
    }
}

// Body bytes as they are; the first byte says how many samples and events to announce.
void decode_bare_body(std::string_view bytes) {
    if (bytes.empty()) {
        return;
    }
    const auto announced = static_cast<std::uint8_t>(bytes[0]);
    wire::ReceivedBatch batch;
    batch.body.samples = announced & 0x1FU;
    batch.body.events = announced >> 5U;
    batch.body.dict_size = 1000;
    batch.body.bytes = bytes.substr(1);
    decode(batch);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const auto batch = cxedge::wire::parse_batch(bytes)) {
        decode(*batch);
    }
    decode_bare_body(bytes);
    return 0;
}
