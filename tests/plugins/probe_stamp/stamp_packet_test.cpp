// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/stamp_packet.hpp"

#include "plugins/_probes/stamp_hmac.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using namespace probes;

constexpr StampMode kOpen = StampMode::unauthenticated;
constexpr StampMode kSigned = StampMode::authenticated;
constexpr std::int64_t kNs = 1'000'000'000;

std::string hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        out += kDigits[value >> 4U];
        out += kDigits[value & 15U];
    }
    return out;
}

StampReply some_reply() {
    StampReply reply;
    reply.sequence = 0x01020304;
    reply.time = 0x1112131415161718;
    reply.error_estimate = 0x8115;
    reply.session = 0x0a0b;
    reply.received = 0x2122232425262728;
    reply.request = {0x31323334, 0x4142434445464748, 0x0042, 0};
    reply.ttl = 64;
    return reply;
}

}  // namespace

TEST_CASE("stamp packets: a request has the bytes of RFC 8762", "[plugins][stamp]") {
    const StampRequest request{7, 0x0102030405060708, 0x8001, 0x0a0b};
    CHECK(
        hex(encode_stamp_request(kOpen, request, 0)) ==
        "00000007"
        "0102030405060708"
        "8001"
        "0a0b" +
            std::string(56, '0')
    );
    CHECK(
        hex(encode_stamp_request(kSigned, request, 0)) == "00000007" + std::string(24, '0') +
                                                              "0102030405060708"
                                                              "8001"
                                                              "0a0b" +
                                                              std::string(168, '0')
    );
}

TEST_CASE("stamp packets: an answer has the bytes of RFC 8762", "[plugins][stamp]") {
    CHECK(
        hex(encode_stamp_reply(kOpen, some_reply(), std::string(44, 'x'))) ==
        "01020304"
        "1112131415161718"
        "8115"
        "0a0b"
        "2122232425262728"
        "31323334"
        "4142434445464748"
        "0042"
        "0000"
        "40"
        "000000"
    );
    const std::string zeros12(24, '0');
    CHECK(
        hex(encode_stamp_reply(kSigned, some_reply(), std::string(112, 'x'))) ==
        "01020304" + zeros12 +
            "1112131415161718"
            "8115"
            "0a0b"
            "00000000"
            "2122232425262728"
            "0000000000000000"
            "31323334" +
            zeros12 +
            "4142434445464748"
            "0042"
            "000000000000"
            "40" +
            std::string(30, '0') + std::string(32, '0')
    );
}

TEST_CASE("stamp packets: what is written is read", "[plugins][stamp]") {
    for (const StampMode mode : {kOpen, kSigned}) {
        const StampRequest request{9, 0xFFFFFFFF00000001, 0x1234, 77};
        const std::string bytes = encode_stamp_request(mode, request, 300);
        REQUIRE(bytes.size() == 300);
        const auto read = decode_stamp_request(mode, bytes);
        REQUIRE(read);
        CHECK(read->sequence == 9);
        CHECK(read->time == request.time);
        CHECK(read->error_estimate == 0x1234);
        CHECK(read->session == 77);
        const std::string answer = encode_stamp_reply(mode, some_reply(), bytes);
        // TLVs and padding come back as they were.
        CHECK(answer.substr(stamp_base(mode)) == bytes.substr(stamp_base(mode)));
        const auto back = decode_stamp_reply(mode, answer);
        REQUIRE(back);
        CHECK(back->sequence == 0x01020304);
        CHECK(back->request.sequence == 0x31323334);
        CHECK(back->request.time == 0x4142434445464748);
        CHECK(back->received == 0x2122232425262728);
        CHECK(back->ttl == 64);
    }
}

TEST_CASE("stamp packets: padding is a TLV of RFC 8972", "[plugins][stamp]") {
    const std::string bytes = encode_stamp_request(kOpen, {1, 2, 3, 4}, 172);
    CHECK(hex(bytes.substr(44, 4)) == "8001007c");  // unrecognised, extra padding, 124 bytes
    CHECK(bytes.substr(48) != std::string(124, bytes[48]));
    // No room for a TLV.
    CHECK(encode_stamp_request(kOpen, {1, 2, 3, 4}, 46).substr(44) == std::string(2, '\0'));
    CHECK(encode_stamp_request(kOpen, {}, 1'000'000).size() == kStampLongestBytes);
}

TEST_CASE("stamp packets: TWAMP Light is 41 bytes and more", "[plugins][stamp]") {
    const std::string request(41, '\1');
    REQUIRE(decode_stamp_request(kOpen, request));
    const std::string answer = encode_stamp_reply(kOpen, some_reply(), request);
    CHECK(answer.size() == 41);
    REQUIRE(decode_stamp_reply(kOpen, answer));
    CHECK(decode_stamp_reply(kOpen, answer)->ttl == 64);
    for (std::size_t size = 0; size < 41; ++size) {
        CHECK_FALSE(decode_stamp_request(kOpen, std::string(size, 'x')));
        CHECK_FALSE(decode_stamp_reply(kOpen, std::string(size, 'x')));
    }
    CHECK_FALSE(decode_stamp_request(kSigned, std::string(111, 'x')));
    CHECK_FALSE(decode_stamp_reply(kSigned, std::string(111, 'x')));
}

TEST_CASE("stamp packets: times are those of NTP", "[plugins][stamp]") {
    // RFC 5905, figure 4: 1 January 1970 is 2,208,988,800.
    CHECK(encode_ntp(0) == 2'208'988'800ULL << 32U);
    CHECK(encode_ntp(kNs / 2) == ((2'208'988'800ULL << 32U) | 0x80000000U));
    for (const std::int64_t ns : {INT64_C(0), INT64_C(1), kNs - 1, 1'700'000'000 * kNs + 123}) {
        CHECK(decode_stamp_time(encode_ntp(ns), false) == ns);
    }
    CHECK(decode_stamp_time(encode_ntp(-1), false) == -1);
    // The era ends on 7 February 2036, 06:28:16.
    const std::int64_t next_era = 2'085'978'496L * kNs;
    CHECK(encode_ntp(next_era) == 0);
    CHECK(decode_stamp_time(0, false) == next_era);
    CHECK(decode_stamp_time(encode_ntp(next_era + 5), false) == next_era + 5);
    const std::int64_t last = decode_stamp_time(0x7FFFFFFFFFFFFFFFULL, false);
    CHECK(decode_stamp_time(encode_ntp(last), false) == last);
    CHECK(
        decode_stamp_time((1'700'000'000ULL << 32U) | 999'999'999U, true) ==
        1'700'000'000'999'999'999L
    );
}

TEST_CASE("stamp packets: an error estimate is never too small", "[plugins][stamp]") {
    CHECK(encode_error_estimate({false, false, 0}) == 0x0001);
    CHECK(encode_error_estimate({true, false, 0x1p-32}) == 0x8001);
    CHECK(encode_error_estimate({false, true, 255 * 0x1p-32}) == 0x40FF);
    CHECK(encode_error_estimate({false, false, 256 * 0x1p-32}) == 0x0180);
    CHECK(decode_error_estimate(0x8115).synchronised);
    CHECK(decode_error_estimate(0x8115).seconds == Approx(0x15 * 0x1p-31));
    CHECK(decode_error_estimate(0x8100).seconds == 0);
    for (const double seconds : {1e-9, 1.7e-6, 0.0123, 16.0, 3e8}) {
        const double told =
            decode_error_estimate(encode_error_estimate({true, false, seconds})).seconds;
        CHECK(told >= seconds);
        CHECK(told <= seconds * 1.02 + 0x1p-31);
    }
    CHECK(decode_error_estimate(encode_error_estimate({true, false, 1e30})).seconds > 1e11);
}

TEST_CASE("stamp packets: a signature is of the first 96 bytes", "[plugins][stamp]") {
    std::string packet = encode_stamp_request(kSigned, {5, 6, 7, 8}, 150);
    CHECK_FALSE(stamp_signature_fits(packet, "secret"));
    sign_stamp(packet, "secret");
    CHECK(stamp_signature_fits(packet, "secret"));
    CHECK_FALSE(stamp_signature_fits(packet, "Secret"));
    CHECK_FALSE(stamp_signature_fits(packet, ""));
    CHECK_FALSE(stamp_signature_fits(packet.substr(0, 111), "secret"));
    for (std::size_t i = 0; i < 112; ++i) {
        std::string bent = packet;
        bent[i] = static_cast<char>(bent[i] ^ 1);
        CHECK_FALSE(stamp_signature_fits(bent, "secret"));
    }
    std::string longer = packet;
    longer.back() = static_cast<char>(longer.back() ^ 1);
    CHECK(stamp_signature_fits(longer, "secret"));  // padding is not signed
}

}  // namespace cxedge::test
