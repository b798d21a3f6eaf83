// SPDX-License-Identifier: Apache-2.0
#include "plugins/modbus/register_value.hpp"

#include <array>
#include <vector>

#include "plugins/modbus/bus_link.hpp"
#include "plugins/modbus/read_plan.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using plugins::plan_reads;
using plugins::ReadLimits;
using plugins::ReadRequest;
using plugins::RegisterCode;
using plugins::RegisterPlace;
using plugins::RegisterTable;
using plugins::RegisterType;

using Words = std::vector<std::uint16_t>;

double decoded(const Words& words, const RegisterCode& code) {
    const Result<double> value = plugins::decode_registers(words, code);
    REQUIRE(value.ok());
    return *value;
}

std::string refused(const Words& words, const RegisterCode& code) {
    const Result<double> value = plugins::decode_registers(words, code);
    REQUIRE_FALSE(value.ok());
    return value.error().message;
}

RegisterPlace holding(std::uint16_t start, std::uint16_t words = 1) {
    return {RegisterTable::holding, start, words};
}

// "start+count" of each.
std::vector<std::string> shown(const std::vector<ReadRequest>& requests) {
    std::vector<std::string> lines;
    for (const ReadRequest& request : requests) {
        lines.push_back(
            std::string(to_string(request.table)) + " " + std::to_string(request.start) + "+" +
            std::to_string(request.count) + (request.by_word ? " by word" : "")
        );
    }
    return lines;
}

}  // namespace

TEST_CASE("modbus: the four word and byte orders of a long value", "[plugins][modbus]") {
    // 0x00012345 = 74565 of an ICP DAS (high word first) and an ADAM (low word first).
    CHECK(decoded({0x0001, 0x2345}, {RegisterType::u32}) == 74'565);
    CHECK(decoded({0x2345, 0x0001}, {RegisterType::u32, true}) == 74'565);
    CHECK(decoded({0x0100, 0x4523}, {RegisterType::u32, false, true}) == 74'565);
    CHECK(decoded({0x4523, 0x0100}, {RegisterType::u32, true, true}) == 74'565);
}

TEST_CASE("modbus: every type of register", "[plugins][modbus]") {
    CHECK(decoded({65'535}, {RegisterType::u16}) == 65'535);
    CHECK(decoded({0xFF00}, {RegisterType::u16, false, true}) == 255);
    CHECK(decoded({65'535}, {RegisterType::i16}) == -1);
    CHECK(decoded({0xFFFF, 0xFFFE}, {RegisterType::i32}) == -2);
    CHECK(decoded({0, 0, 1, 0}, {RegisterType::u64}) == 65'536);
    CHECK(decoded({0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}, {RegisterType::i64}) == -1);
    CHECK(decoded({0x41A4, 0x0000}, {RegisterType::f32}) == 20.5);
    CHECK(decoded({0x0000, 0x41A4}, {RegisterType::f32, true}) == 20.5);
    CHECK(decoded({0x4034, 0x8000, 0, 0}, {RegisterType::f64}) == 20.5);
    CHECK(decoded({0x1234}, {RegisterType::bcd16}) == 1'234);
    CHECK(decoded({0x0012, 0x3456}, {RegisterType::bcd32}) == 123'456);
    CHECK(decoded({0x0008}, {RegisterType::u16, false, false, 3}) == 1);
    CHECK(decoded({0x0008}, {RegisterType::u16, false, false, 2}) == 0);
}

TEST_CASE("modbus: what is no number is refused", "[plugins][modbus]") {
    CHECK(refused({1}, {RegisterType::u32}) == "too few registers");
    CHECK(refused({}, {RegisterType::u16}) == "too few registers");
    CHECK(refused({0x123A}, {RegisterType::bcd16}) == "not a BCD number");
    CHECK(refused({0x7FC0, 0}, {RegisterType::f32}) == "not a finite number");
    CHECK(refused({0x7FF0, 0, 0, 0}, {RegisterType::f64}) == "not a finite number");
}

TEST_CASE("modbus: neighbours are read together, strangers are not", "[plugins][modbus]") {
    const std::vector<RegisterPlace> places{
        holding(5'300), holding(10, 2), holding(5'301), holding(12), {RegisterTable::coil, 13, 1}};
    CHECK(
        shown(plan_reads(places, {})) ==
        std::vector<std::string>{"holding 10+3", "holding 5300+2", "coil 13+1"}
    );
    CHECK(plan_reads(places, {}).front().items == std::vector<std::size_t>{1, 3});
    CHECK(
        shown(plan_reads({holding(0), holding(3), holding(9)}, {100, 2})) ==
        std::vector<std::string>{"holding 0+4", "holding 9+1"}
    );
    // Two values of one register are one request.
    CHECK(
        shown(plan_reads({holding(7), holding(7)}, {})) == std::vector<std::string>{"holding 7+1"}
    );
}

TEST_CASE("modbus: a request is not longer than the device likes", "[plugins][modbus]") {
    const std::vector<RegisterPlace> places{holding(0), holding(1), holding(2), holding(3, 2)};
    CHECK(
        shown(plan_reads(places, {2, 0})) ==
        std::vector<std::string>{"holding 0+2", "holding 2+1", "holding 3+2"}
    );
    CHECK(
        shown(plan_reads(places, {1, 0})) ==
        std::vector<std::string>{"holding 0+1", "holding 1+1", "holding 2+1", "holding 3+2 by word"}
    );
    RegisterPlace alone = holding(1);
    alone.alone = true;
    CHECK(
        shown(plan_reads({holding(0), alone, holding(2)}, {})) ==
        std::vector<std::string>{"holding 0+1", "holding 1+1", "holding 2+1"}
    );
    // At the end of the addresses.
    CHECK(
        shown(plan_reads({holding(65'535), holding(65'534)}, {})) ==
        std::vector<std::string>{"holding 65534+2"}
    );
}

TEST_CASE("modbus: addresses of a bus", "[plugins][modbus]") {
    plugins::BusAddress address;
    CHECK(plugins::parse_bus_url("tcp://10.0.0.7", address).empty());
    CHECK(address.host == "10.0.0.7");
    CHECK(address.port == "502");
    CHECK(plugins::parse_bus_url("tcp://[fe80::1]:1502", address).empty());
    CHECK(address.host == "fe80::1");
    CHECK(address.port == "1502");
    for (const char* wrong :
         {"",
          "tcp://",
          "tcp://:502",
          "tcp://h:",
          "tcp://h:0",
          "tcp://h:65536",
          "tcp://h:5o2",
          "tcp://[::1",
          "tcp://[]:502",
          "tcp://[::1]502",
          "tcp://h/x",
          "rtu://h"}) {
        INFO(wrong);
        CHECK_FALSE(plugins::parse_bus_url(wrong, address).empty());
    }
}

}  // namespace cxedge::test
