// SPDX-License-Identifier: Apache-2.0
#include "agent/base/result.hpp"

#include <cerrno>
#include <memory>
#include <string>

#include "tests/support/catch.hpp"

namespace cxedge {
namespace {

Result<int> half(int number) {
    if (number % 2 != 0) {
        return invalid_argument("odd");
    }
    return number / 2;
}

TEST_CASE("result: holds a value or an error, never both", "[base]") {
    const Result<int> good = half(4);
    const Result<int> bad = half(3);

    REQUIRE(good.ok());
    CHECK(*good == 2);
    REQUIRE_FALSE(bad);
    CHECK(bad.error().code == ErrorCode::invalid_argument);
    CHECK(bad.error().message == "odd");
}

TEST_CASE("result: context grows leftwards and keeps the code", "[base]") {
    const Error error = corrupt("checksum").during("row 7").during("spool");

    CHECK(error.message == "spool: row 7: checksum");
    CHECK(error.code == ErrorCode::corrupt);
}

TEST_CASE("result: carries what can only be moved", "[base]") {
    Result<std::unique_ptr<int>> held = std::make_unique<int>(7);

    const std::unique_ptr<int> taken = std::move(held).value();

    REQUIRE(taken != nullptr);
    CHECK(*taken == 7);
}

TEST_CASE("result: a status is well unless it says otherwise", "[base]") {
    const Status well;
    const Status broken = exhausted("full");

    CHECK(well.ok());
    REQUIRE_FALSE(broken.ok());
    CHECK(broken.error().code == ErrorCode::exhausted);
}

TEST_CASE("result: an errno becomes a retryable sentence", "[base]") {
    const Error error = system_error("bind 127.0.0.1:8125", EADDRINUSE);

    CHECK(error.code == ErrorCode::unavailable);
    CHECK(error.message == "bind 127.0.0.1:8125: Address already in use");
}

TEST_CASE("result: every code has its own name", "[base]") {
    CHECK(to_string(ErrorCode::invalid_argument) == "invalid_argument");
    CHECK(to_string(ErrorCode::not_found) == "not_found");
    CHECK(to_string(ErrorCode::unavailable) == "unavailable");
    CHECK(to_string(ErrorCode::corrupt) == "corrupt");
    CHECK(to_string(ErrorCode::exhausted) == "exhausted");
}

}  // namespace
}  // namespace cxedge
