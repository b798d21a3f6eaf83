// SPDX-License-Identifier: Apache-2.0
#include "agent/base/ids.hpp"

#include <set>

#include "tests/support/catch.hpp"

namespace cxedge {
namespace {

TEST_CASE("ids: crc32c gives the published check values", "[base]") {
    std::string rising;
    for (int i = 0; i < 32; ++i) {
        rising += static_cast<char>(i);
    }

    CHECK(crc32c("") == 0);
    CHECK(crc32c("123456789") == 0xE3069283U);
    // RFC 3720 appendix B.4.
    CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAU);
    CHECK(crc32c(std::string(32, '\xff')) == 0x62A8AB43U);
    CHECK(crc32c(rising) == 0x46DD794EU);
}

TEST_CASE("ids: a crc32c can be continued at any byte", "[base]") {
    const std::string_view text = "123456789";

    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        CAPTURE(cut);
        CHECK(crc32c(text.substr(cut), crc32c(text.substr(0, cut))) == 0xE3069283U);
    }
}

TEST_CASE("ids: hex spells every byte, high ones too", "[base]") {
    CHECK(to_hex(std::string_view("\x00\x0f\x80\xff", 4)) == "000f80ff");
    CHECK(to_hex(EventId{0xde, 0xad}) == "dead0000000000000000000000000000");
}

TEST_CASE("ids: random ones are not zero and do not repeat", "[base]") {
    std::set<std::uint64_t> numbers;
    std::set<EventId> events;
    for (int i = 0; i < 1000; ++i) {
        numbers.insert(random_u64());
        events.insert(random_event_id());
        CHECK(random_u32() != 0);
    }

    CHECK(numbers.size() == 1000);
    CHECK(numbers.count(0) == 0);
    CHECK(events.size() == 1000);
}

}  // namespace
}  // namespace cxedge
