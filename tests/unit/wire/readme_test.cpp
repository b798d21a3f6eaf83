// SPDX-License-Identifier: Apache-2.0
// agent/wire/README.md explains one batch byte by byte; these must be the bytes that the code
// makes.
#include <fstream>
#include <iostream>
#include <sstream>

#include "tests/unit/wire/samples.hpp"

namespace cxedge::test {
namespace {

// Two rows of two series, a minute apart: footfall 12, 15 and temperature 21.5, 21.4.
std::string example_payload() {
    wire::BatchBuilder builder;
    builder.add(number(0, 60'000, 12));
    builder.add(number(1, 60'000, 21.5));
    builder.add(number(0, 120'000, 15));
    builder.add(number(1, 120'000, 21.4));
    wire::BatchHeader header;
    header.epoch = 0x1122334455667788U;
    header.lane = Lane::live;
    header.seq = 300;
    header.first_unacked = 298;
    header.t0 = from_unix_ms(1'700'000'000'000);
    header.clock = {3, 0, 64};
    header.dict_id = 0xE3069283U;
    return wire::encode_batch(header, builder.seal());
}

std::string hex(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        text += (text.empty() ? "" : " ") + to_hex(std::string_view(&byte, 1));
    }
    return text;
}

// The bytes of the block fenced as "hex": pairs of digits up to a '|' on each line.
std::string documented() {
    std::ifstream in(CXEDGE_WIRE_README);
    REQUIRE(in);
    std::string bytes;
    bool inside = false;
    for (std::string line; std::getline(in, line);) {
        if (line.rfind("```", 0) == 0) {
            inside = line == "```hex";
            continue;
        }
        std::istringstream words(inside ? line.substr(0, line.find('|')) : "");
        for (std::string word; words >> word;) {
            bytes += (bytes.empty() ? "" : " ") + word;
        }
    }
    return bytes;
}

}  // namespace

TEST_CASE("readme: its example is what the encoder makes", "[wire]") {
    CHECK(documented() == hex(example_payload()));
    CHECK(example_payload().size() == 66);
}

TEST_CASE("readme: print the example", "[.measure]") {
    std::cout << hex(example_payload()) << "\n";
}

}  // namespace cxedge::test
