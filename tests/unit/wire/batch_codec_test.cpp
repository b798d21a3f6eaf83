// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/batch_codec.hpp"

#include <algorithm>

#include "tests/unit/wire/samples.hpp"

namespace cxedge::test {
namespace {

using wire::BatchBuilder;
using wire::SealedBody;

Event event(SampleTime time) {
    Event event;
    event.name = "plugin.crashed";
    event.severity = Severity::major;
    event.state = EventState::clear;
    event.id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    event.time = time;
    event.subject = "camera/entrance";
    event.text = "exit by signal 9";
    event.attrs = {{"signal", "9"}, {"restarts", "2"}};
    return event;
}

SealedBody store_minute() {
    BatchBuilder builder;
    for (std::uint32_t series = 0; series < 20; ++series) {
        builder.add(number(series, 60'000, series * 7));
    }
    return builder.seal();
}

}  // namespace

TEST_CASE("batch: the header arrives as it was sent", "[wire]") {
    wire::BatchHeader sent = header();
    sent.backfill = true;
    sent.estimated = true;
    sent.t0_earliest = sent.t0 - std::chrono::hours(1);
    sent.t0_latest = sent.t0 + std::chrono::hours(2);
    sent.simulated = true;
    sent.lane = Lane::bulk;
    const SealedBody body = store_minute();
    const auto received = wire::parse_batch(wire::encode_batch(sent, body));
    REQUIRE(received);
    CHECK(received->header == sent);
    CHECK(received->body.bytes == body.bytes);
    CHECK(received->body.codec == body.codec);
    CHECK(received->body.samples == 20);
    CHECK(received->body.events == 0);
    CHECK(received->body.dict_size == 20);
}

TEST_CASE(
    "batch: boot times become the wall time decided at sending, device times stay", "[wire]"
) {
    BatchBuilder builder;
    builder.add(Sample{SeriesId{0}, at_wall(from_unix_ms(123456)), 1.0});
    builder.add(number(1, 5000, 2));
    builder.add(number(1, 4000, 3));
    builder.add(event(at_boot(BootTime(5500))));
    builder.add(event(at_wall(from_unix_ms(99))));
    const SealedBody body = builder.seal();
    CHECK(body.t0 == BootTime(5000));
    const auto decoded = deliver(body);
    REQUIRE(decoded);
    REQUIRE(decoded->samples.size() == 3);
    const auto sorted = by_series(decoded->samples);
    CHECK(sorted.at(0)[0].time.ms == 123456);
    CHECK(sorted.at(1)[0].time.ms == kT0UnixMs);
    CHECK(sorted.at(1)[1].time.ms == kT0UnixMs - 1000);
    REQUIRE(decoded->events.size() == 2);
    CHECK(decoded->events[0].time.ms == kT0UnixMs + 500);
    CHECK(decoded->events[1].time.ms == 99);
}

TEST_CASE("batch: times after 2038 arrive as they were", "[wire]") {
    constexpr std::int64_t kIn2040 = 2'208'988'800'123;
    BatchBuilder builder;
    builder.add(Sample{SeriesId{0}, at_wall(from_unix_ms(kIn2040)), 1.0});
    builder.add(Sample{SeriesId{0}, at_wall(from_unix_ms(kIn2040 + 250)), 2.0});
    builder.add(number(1, 5000, 2));
    builder.add(event(at_wall(from_unix_ms(kIn2040))));
    const SealedBody body = builder.seal();
    wire::BatchHeader sent = header();
    sent.t0 = from_unix_ms(kIn2040);
    const auto received = wire::parse_batch(wire::encode_batch(sent, body));
    REQUIRE(received);
    CHECK(received->header == sent);
    const auto decoded = wire::decode_body(*received);
    REQUIRE(decoded);
    const auto sorted = by_series(decoded->samples);
    CHECK(sorted.at(0)[0].time.ms == kIn2040);
    CHECK(sorted.at(0)[1].time.ms == kIn2040 + 250);
    CHECK(sorted.at(1)[0].time.ms == kIn2040);
    REQUIRE(decoded->events.size() == 1);
    CHECK(decoded->events[0].time.ms == kIn2040);
}

TEST_CASE("batch: an event arrives as it was sent", "[wire]") {
    BatchBuilder builder;
    const Event sent = event(at_boot(BootTime(10)));
    builder.add(sent);
    const SealedBody body = builder.seal();
    CHECK(body.dict_size == 0);
    CHECK(body.events == 1);
    const auto decoded = deliver(body);
    REQUIRE(decoded);
    REQUIRE(decoded->events.size() == 1);
    const Event& got = decoded->events[0];
    CHECK(got.name == sent.name);
    CHECK(got.severity == sent.severity);
    CHECK(got.state == sent.state);
    CHECK(got.id == sent.id);
    CHECK(got.subject == sent.subject);
    CHECK(got.text == sent.text);
    CHECK(got.attrs == sent.attrs);
}

TEST_CASE("batch: text that is not UTF-8 or far too long cannot poison a batch", "[wire]") {
    BatchBuilder builder;
    Event bad = event(at_boot(BootTime(10)));
    bad.text = "caf\xE9 \xC0\xAF \xED\xA0\x80 \xF5 ok \xE2\x82";
    bad.subject = std::string(100'000, 'x');
    for (int i = 0; i < 1000; ++i) {
        bad.attrs.push_back({"key", std::string(1000, 'v')});
    }
    builder.add(bad);
    const auto decoded = deliver(builder.seal());
    REQUIRE(decoded);
    const Event& got = decoded->events.at(0);
    const std::string u = "\xEF\xBF\xBD";
    CHECK(got.text == "caf" + u + " " + u + u + " " + u + u + u + " " + u + " ok " + u + u);
    CHECK(got.subject.size() == wire::kMaxEventBytes / 8);
    CHECK(got.attrs.size() > 10);
    CHECK(got.attrs.size() < 100);
}

TEST_CASE("batch: a lost sample keeps its slot and its time", "[wire]") {
    CHECK(round_trip({{SeriesId{5}, at_boot(BootTime(100)), Lost{}},
                      number(5, 200, 12.5),
                      {SeriesId{5}, at_boot(BootTime(300)), Lost{}}}
    ).empty());
}

TEST_CASE("batch: a series that changes base or kind keeps its order", "[wire]") {
    Histogram histogram;
    histogram.record(3);
    std::vector<Sample> samples;
    for (int i = 0; i < 50; ++i) {
        const SampleTime time = i % 3 == 0 ? at_wall(from_unix_ms(i)) : at_boot(BootTime(1000 - i));
        samples.push_back(
            {SeriesId{9}, time, i % 4 == 0 ? SampleValue(histogram) : SampleValue(double(i))}
        );
    }
    CHECK(round_trip(samples).empty());
}

TEST_CASE("batch: an empty builder seals an empty body", "[wire]") {
    BatchBuilder builder;
    CHECK(builder.empty());
    const SealedBody body = builder.seal();
    CHECK(body.bytes.empty());
    CHECK(body.t0 == BootTime(0));
    const auto decoded = deliver(body);
    REQUIRE(decoded);
    CHECK(decoded->samples.empty());
    CHECK(decoded->events.empty());
}

TEST_CASE("batch: the estimate is generous for ordinary data", "[wire]") {
    BatchBuilder builder;
    Histogram histogram;
    for (int i = 1; i < 200; ++i) {
        histogram.record(i * 0.37);
    }
    for (int i = 0; i < 500; ++i) {
        builder.add(number(static_cast<std::uint32_t>(i % 37), i * 171, 1.0 / (i + 1)));
        builder.add(Sample{SeriesId{50}, at_boot(BootTime(i * 1000)), histogram});
    }
    builder.add(event(at_boot(BootTime(5))));
    const std::size_t estimate = builder.estimated_bytes();
    const auto received = wire::parse_batch(wire::encode_batch(header(), builder.seal()));
    REQUIRE(received);
    CHECK(received->body.bytes.size() < estimate);
}

TEST_CASE("batch: every truncation is refused or decodes to what it announces", "[wire]") {
    BatchBuilder builder;
    for (int i = 0; i < 100; ++i) {
        builder.add(number(static_cast<std::uint32_t>(i % 7), i * 31, i * 0.01));
    }
    builder.add(event(at_boot(BootTime(5))));
    const std::string payload = wire::encode_batch(header(), builder.seal());
    for (std::size_t size = 0; size < payload.size(); ++size) {
        const auto received = wire::parse_batch(std::string_view(payload).substr(0, size));
        if (!received) {
            CHECK(received.error().code == ErrorCode::corrupt);
            continue;
        }
        const auto decoded = wire::decode_body(*received);
        CHECK((!decoded || decoded->samples.size() == received->body.samples));
    }
}

namespace {

std::string error_of(const wire::ReceivedBatch& batch) {
    const auto decoded = wire::decode_body(batch);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == ErrorCode::corrupt);
    return decoded.error().message;
}

// A batch of `samples` whose raw body holds just one block with these bytes.
wire::ReceivedBatch with_block(
    const std::string& block, std::uint32_t samples, std::uint32_t dict_size = 100
) {
    wire::ReceivedBatch batch{header(), {}};
    batch.body.bytes = std::string("\x0A") + static_cast<char>(block.size()) + block;
    batch.body.samples = samples;
    batch.body.dict_size = dict_size;
    return batch;
}

}  // namespace

TEST_CASE("batch: a body that lies says where and what", "[wire]") {
    using namespace std::string_literals;
    const std::string columns = "\x0A\x02\x05\x01"s;  // series 5
    CHECK(error_of(with_block("", 1)) == "body: block 0: columns: 0 numbers are not pairs");
    CHECK(
        error_of(with_block("\x0A\x02\x05\x00"s, 1)) ==
        "body: block 0: columns: series 5 to 5 of 100"
    );
    CHECK(
        error_of(with_block(columns + "\x42\x01\x02"s, 1, 5)) ==
        "body: block 0: columns: series 5 to 6 of 5"
    );
    CHECK(
        error_of(with_block("\x0A\x06\x00\xFF\xFF\xFF\xFF\x0F"s, 9, 0xFFFFFFFF)) ==
        "body: block 0: columns: too many samples in this body"
    );
    CHECK(
        error_of(with_block(columns + "\x20\xFF\xFF\xFF\xFF\x0F"s, 9)) ==
        "body: block 0: rows: 4294967295 cells are too many samples in this body"
    );
    CHECK(
        error_of(with_block(columns + "\x20\x03\x42\x03\x02\x02\x02"s, 3)) ==
        "body: block 0: dod: 0 deltas for 3 rows"
    );
    CHECK(error_of(with_block(columns, 1)) == "body: block 0: v: 0 integers for 1 cells");
    CHECK(
        error_of(with_block(columns + "\x3A\x01\x0A\x42\x01\x02"s, 1)) ==
        "body: block 0: decimals: 10 is more than 9"
    );
    CHECK(
        error_of(with_block(columns + "\x42\x01\x02\x4A\x01\x02"s, 1)) ==
        "body: block 0: lost: cell 1 of 1"
    );
    CHECK(
        error_of(with_block(columns + "\x42\x01\x02\x52\x01\x00"s, 1)) ==
        "body: block 0: esc: 0 values for 1 cells"
    );
    CHECK(
        error_of(with_block(columns + "\x6A\x01\x01\x42\x01\x02"s, 1)) ==
        "body: block 0: who: 1 of 1 columns"
    );
    CHECK(
        error_of(with_block(columns + "\x62\x02\x08\x01\x62\x00"s, 1)) ==
        "body: block 0: hist: too many samples in this body"
    );
    CHECK(
        error_of(with_block(columns + "\x62\x02\x28\x0A"s, 1)) ==
        "body: block 0: histogram: 10 decimals, at most 9"
    );
    CHECK(
        error_of(with_block(columns + "\x42\x01\x02"s, 2)) ==
        "body: 1 samples and 0 events, the batch says 2 and 0"
    );
    CHECK(wire::decode_body(with_block(columns + "\x42\x01\x02"s, 1)));
}

TEST_CASE("batch: a small frame cannot claim a huge body", "[wire]") {
    wire::ReceivedBatch batch{header(), {}};
    batch.body.codec = 1;
    // A zstd header (RFC 8878): magic, single segment with a content size of 4 GiB - 1.
    batch.body.bytes = std::string("\x28\xB5\x2F\xFD\xA0\xFF\xFF\xFF\xFF\x01\x00\x00", 12);
    CHECK(
        error_of(batch) ==
        "body: zstd: 4294967295 bytes after decompression, at most 8388608 allowed"
    );
    batch.body.bytes = "not zstd";
    CHECK(error_of(batch) == "body: zstd: not a frame with its content size in the header");
    batch.body.codec = 7;
    CHECK(error_of(batch) == "body: codec 7 is unknown");
}

TEST_CASE("batch: headers out of range are corrupt", "[wire]") {
    const auto error = [](wire::BatchHeader header, const SealedBody& body) {
        const auto received = wire::parse_batch(wire::encode_batch(header, body));
        REQUIRE_FALSE(received);
        return received.error().message;
    };
    wire::BatchHeader bad = header();
    bad.seq = 0;
    CHECK(error(bad, {}) == "batch: seq is missing");
    bad = header();
    bad.lane = Lane{7};
    CHECK(error(bad, {}) == "batch: lane 7 is unknown");
    SealedBody huge;
    huge.samples = wire::kMaxBodySamples + 1;
    CHECK(error(header(), huge) == "batch: 262145 samples and 0 events are too many");
    CHECK_FALSE(wire::parse_batch("\xFF\xFF"));
}

}  // namespace cxedge::test
