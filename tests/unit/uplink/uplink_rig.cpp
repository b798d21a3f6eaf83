// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/uplink/uplink_rig.hpp"

#include "agent/wire/dictionary.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {

uplink::UplinkOptions rig_options() {
    uplink::UplinkOptions options;
    options.broker.host = "127.0.0.1";
    options.broker.client_id = "box-1";
    options.identity = {"acme", "store-7", "box-1", {}};
    options.version = "0.1.0";
    options.seed = 1;
    return options;
}

std::string series_definition(const std::string& metric) {
    SeriesInfo info;
    info.key.metric = metric;
    info.unit = "1";
    return wire::encode_definition(info);
}

store::NewBatch sealed_batch(const Clock& clock, Stream stream, std::uint32_t dict_size) {
    wire::BatchBuilder builder;
    builder.add(Sample{SeriesId{dict_size - 1}, at_boot(clock.boot_now()), 42.0});
    const wire::SealedBody body = builder.seal();
    store::NewBatch batch;
    batch.stream = stream;
    batch.samples = body.samples;
    batch.events = body.events;
    batch.dict_size = body.dict_size;
    batch.codec = body.codec;
    batch.t0_boot_ms = body.t0.count();
    batch.sealed_boot_ms = clock.boot_now().count();
    batch.sealed_wall_ms = unix_ms(clock.wall_now());
    batch.body = body.bytes;
    return batch;
}

store::NewBatch declare(const Declaration& declaration) {
    wire::BatchBuilder builder;
    for (const Gap& gap : declaration.gaps) {
        builder.add(wire::Declared<Gap>{at_boot(BootTime(1)), gap});
    }
    for (const DeadLetter& dead : declaration.dead) {
        builder.add(wire::Declared<DeadLetter>{at_boot(BootTime(1)), dead});
    }
    const wire::SealedBody body = builder.seal();
    store::NewBatch batch;
    batch.stream = Stream::event;
    batch.codec = body.codec;
    batch.body = body.bytes;
    return batch;
}

UplinkRig::UplinkRig(uplink::UplinkOptions options) {
    store::SpoolOptions spool_options;
    spool_options.directory = directory.file("spool");
    spool_options.declare = declare;
    auto opened = store::Spool::open(spool_options, clock);
    REQUIRE(opened.ok());
    spool = std::move(opened.value());
    add_series(1);
    reopen_uplink(std::move(options));
}

void UplinkRig::reopen_uplink(uplink::UplinkOptions options) {
    uplink.reset();
    uplink = std::make_unique<uplink::Uplink>(std::move(options), *spool, broker, clock, [this] {
        return clock_state;
    });
}

void UplinkRig::add_series(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i, ++series) {
        REQUIRE(spool->add_definition(series, series_definition("metric." + std::to_string(series)))
                    .ok());
    }
}

void UplinkRig::append(Stream stream, int count, std::uint32_t dict_size) {
    std::vector<store::NewBatch> batches;
    for (int i = 0; i < count; ++i) {
        batches.push_back(sealed_batch(clock, stream, dict_size));
    }
    REQUIRE(spool->append(std::move(batches)).ok());
}

void UplinkRig::turn(int count) {
    for (int i = 0; i < count; ++i) {
        uplink->run_once(std::chrono::milliseconds(1000));
        clock.advance(kTurn);
    }
}

void UplinkRig::still(int count) {
    for (int i = 0; i < count; ++i) {
        uplink->run_once(std::chrono::milliseconds(1000));
    }
}

void UplinkRig::pass(std::chrono::milliseconds by, std::chrono::milliseconds step) {
    for (std::chrono::milliseconds passed{0}; passed < by; passed += step) {
        clock.advance(step);
        uplink->run_once(std::chrono::milliseconds(1000));
    }
}

std::uint64_t UplinkRig::held() const {
    std::uint64_t batches = 0;
    for (const Lane lane : kLanes) {
        batches += spool->status(lane).batches;
    }
    return batches;
}

wire::ReceivedBatch parse(const ScriptedBroker::Published& packet) {
    auto batch = wire::parse_batch(packet.payload);
    REQUIRE(batch.ok());
    return batch.value();
}

std::vector<std::uint64_t> seqs(const std::vector<ScriptedBroker::Published>& packets) {
    std::vector<std::uint64_t> all;
    for (const auto& packet : packets) {
        all.push_back(parse(packet).header.seq);
    }
    return all;
}

}  // namespace cxedge::test
