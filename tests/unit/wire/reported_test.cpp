// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/reported.hpp"

#include <utility>

#include "tests/support/catch.hpp"

namespace cxedge::wire {
namespace {

TwinAttempt attempt(std::uint64_t generation, TwinOutcome outcome) {
    return {
        {generation, std::string(32, static_cast<char>('a' + generation))},
        outcome,
        {"remote:2:11: spool.max_mib: 0 is less than 1", "and more"},
        from_unix_ms(1'700'000'000'000 + static_cast<std::int64_t>(generation)),
        "\x01\x02\x03\x04\x05\x06\x07\x08"};
}

Reported all_of_it() {
    Reported out;
    out.phase = TwinPhase::trial;
    out.running = {7, std::string(32, '\xff')};
    out.last_good = {5, std::string(32, '5')};
    out.last_attempt = attempt(7, TwinOutcome::none);
    out.history = {
        attempt(6, TwinOutcome::rolled_back),
        attempt(5, TwinOutcome::confirmed),
        attempt(4, TwinOutcome::rejected)};
    out.drift = {"the site's file was changed"};
    out.groups = {"canary", "north"};
    out.refused = 3;
    out.last_refusal = "cx/1/t/s/n/twin/desired: a replay";
    out.version = "1.4.0";
    out.at = from_unix_ms(1'700'000'000'123);
    return out;
}

TEST_CASE("reported: what is written is read", "[wire]") {
    for (const TwinPhase phase :
         {TwinPhase::idle,
          TwinPhase::staged,
          TwinPhase::applying,
          TwinPhase::trial,
          TwinPhase::rolling_back}) {
        Reported reported = all_of_it();
        reported.phase = phase;
        const auto read = decode_reported(encode_reported(reported));
        REQUIRE(read);
        CHECK(*read == reported);
    }
    const auto least = decode_reported(encode_reported({}));
    REQUIRE(least);
    CHECK(*least == Reported{});
}

TEST_CASE("reported: what is too much is cut, and the rest still read", "[wire]") {
    Reported reported = all_of_it();
    for (std::uint64_t i = 0; i < 20; ++i) {
        reported.history.push_back(attempt(i, TwinOutcome::rejected));
        reported.drift.emplace_back(5000, 'd');
    }
    reported.last_attempt.reasons.assign(100, std::string(5000, 'r'));
    reported.last_refusal = "not \xff UTF-8";
    const std::string bytes = encode_reported(reported);
    CHECK(bytes.size() < 65536);
    const auto read = decode_reported(bytes);
    REQUIRE(read);
    CHECK(read->history.size() == 8);
    CHECK(read->history.front() == reported.history.front());
    CHECK(read->drift.size() == 16);
    CHECK(read->drift[1].size() <= 300);
    CHECK(read->last_attempt.reasons.size() == 16);
    CHECK(read->last_refusal.find("UTF-8") != std::string::npos);
    CHECK(read->last_refusal.find('\xff') == std::string::npos);
}

TEST_CASE("reported: anything else is refused, what is unknown is nothing", "[wire]") {
    const std::string whole = encode_reported(all_of_it());
    CHECK_FALSE(decode_reported(std::string_view(whole).substr(0, whole.size() - 1)));
    CHECK_FALSE(decode_reported("\x0a\xff"));
    CHECK_FALSE(decode_reported(std::string(65537, '\0')));
    CHECK(decode_reported("").value() == Reported{});
}

}  // namespace
}  // namespace cxedge::wire
