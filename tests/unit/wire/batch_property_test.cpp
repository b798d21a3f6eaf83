// SPDX-License-Identifier: Apache-2.0
// decode(encode(x)) == x for thousands of seeded random batches. A failure prints its seed; run
// that one alone by putting it into kFirstSeed.
#include "tests/unit/wire/random_batch.hpp"

namespace cxedge::test {
namespace {

constexpr std::uint32_t kFirstSeed = 1;
constexpr std::uint32_t kBatches = 4000;

}  // namespace

TEST_CASE("batch: every random batch survives the wire", "[wire]") {
    for (std::uint32_t seed = kFirstSeed; seed < kFirstSeed + kBatches; ++seed) {
        const std::string wrong = round_trip(RandomBatch(seed).make());
        if (!wrong.empty()) {
            FAIL("seed " << seed << ": " << wrong);
        }
    }
}

TEST_CASE(
    "batch: every strange double survives alone, in a column and among neighbours", "[wire]"
) {
    for (const double strange : kStrange) {
        CHECK(round_trip({number(3, 10, strange)}).empty());
        CHECK(round_trip({number(3, 10, 1), number(3, 20, strange), number(3, 30, 2.5)}).empty());
    }
    std::vector<Sample> all;
    for (std::size_t i = 0; i < kStrange.size(); ++i) {
        all.push_back(number(7, static_cast<std::int64_t>(i) * 1000, kStrange[i]));
    }
    CHECK(round_trip(all).empty());
}

TEST_CASE("batch: a builder is used again and again", "[wire]") {
    wire::BatchBuilder builder;
    for (std::uint32_t seed = 1; seed <= 200; ++seed) {
        const std::vector<Sample> samples = RandomBatch(seed).make();
        for (const Sample& sample : samples) {
            builder.add(sample);
        }
        const wire::SealedBody body = builder.seal();
        CHECK(builder.empty());
        CHECK(builder.estimated_bytes() == 0);
        const Result<wire::DecodedBody> decoded = deliver(body);
        INFO("seed " << seed);
        REQUIRE(decoded);
        CHECK(difference(samples, decoded->samples, body.t0).empty());
    }
}

}  // namespace cxedge::test
