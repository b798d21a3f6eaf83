// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_video/segment_index.hpp"

#include <string>

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using namespace plugins::video;

std::string big_endian(std::uint64_t value, int size) {
    std::string bytes;
    for (int i = size - 1; i >= 0; --i) {
        bytes += static_cast<char>((value >> (8U * static_cast<unsigned>(i))) & 0xFFU);
    }
    return bytes;
}

struct Reference {
    std::uint64_t size;
    std::uint64_t duration;
};

std::string box(const std::string& type, const std::string& body) {
    return big_endian(8 + body.size(), 4) + type + body;
}

// Of a timescale of 1000.
std::string sidx(const std::vector<Reference>& references, std::uint64_t gap = 0, int version = 0) {
    const int wide = version == 0 ? 4 : 8;
    std::string body = big_endian(static_cast<std::uint64_t>(version), 1) + big_endian(0, 3) +
                       big_endian(1, 4) + big_endian(1'000, 4) + big_endian(77, wide) +
                       big_endian(gap, wide) + big_endian(0, 2) + big_endian(references.size(), 2);
    for (const Reference& each : references) {
        body += big_endian(each.size, 4) + big_endian(each.duration, 4) + big_endian(0x90000000, 4);
    }
    return box("sidx", body);
}

std::string wrong(const std::string& bytes) {
    const auto parsed = parse_segment_index(bytes, 0);
    return parsed ? std::string("nothing") : parsed.error().message;
}

}  // namespace

TEST_CASE("segment index: segments follow it, one behind the other", "[probe_video]") {
    const std::string index = sidx({{5'000, 2'000}, {7'000, 1'500}});
    const auto segments = parse_segment_index(index, 600);
    REQUIRE(segments);
    REQUIRE(segments->size() == 2);
    CHECK((*segments)[0].range == ByteRange{600 + index.size(), 5'000});
    CHECK((*segments)[1].range == ByteRange{600 + index.size() + 5'000, 7'000});
    CHECK((*segments)[0].duration_s == Approx(2));
    CHECK((*segments)[1].duration_s == Approx(1.5));
}

TEST_CASE("segment index: wide offsets, gaps, other boxes around it", "[probe_video]") {
    const std::string index = sidx({{10, 1'000}}, 123, 1);
    const std::string before = box("free", "....");
    const auto segments = parse_segment_index(before + index + box("free", ""), 50);
    REQUIRE(segments);
    CHECK((*segments)[0].range.first == 50 + before.size() + index.size() + 123);
}

TEST_CASE("segment index: what is none is told", "[probe_video]") {
    const std::string good = sidx({{10, 1'000}, {10, 1'000}});
    CHECK(wrong(good) == "nothing");
    CHECK_THAT(wrong(""), Catch::Contains("no index"));
    CHECK_THAT(wrong(std::string(100, '\0')), Catch::Contains("no index"));
    CHECK_THAT(wrong(box("moof", "")), Catch::Contains("no index"));
    CHECK_THAT(wrong(sidx({})), Catch::Contains("no sense"));
    CHECK_THAT(wrong(sidx({{0, 1'000}})), Catch::Contains("without bytes"));
    CHECK_THAT(wrong(sidx({{10, 0}})), Catch::Contains("no duration"));
    CHECK_THAT(wrong(sidx({{10, 4'000'000'000}})), Catch::Contains("no duration"));
    CHECK_THAT(wrong(sidx({{0x80000010, 1'000}})), Catch::Contains("other indexes"));
    for (std::size_t size = 8; size < good.size(); ++size) {
        CHECK_THAT(wrong(good.substr(0, size)), Catch::Contains("cut short"));
    }
}

}  // namespace cxedge::test
