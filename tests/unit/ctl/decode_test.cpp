// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/decode.hpp"

#include <fstream>
#include <random>

#include <nlohmann/json.hpp>

#include "agent/wire/node_state.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/ctl/node.hpp"

namespace cxedge::ctl {
namespace {

struct Stored {
    Node node{"box-7"};
    SeriesId level = node.define(Kind::gauge, "box.temperature", "Cel", {{"zone", "cpu"}});
    std::string batch = node.one(level, 21.5, 9);
    std::string dictionary = node.dictionary()[0].payload;
};

nlohmann::json only_line(const Result<std::string>& lines) {
    REQUIRE(lines.ok());
    return nlohmann::json::parse(*lines);
}

}  // namespace

TEST_CASE("decode: a batch, its topic given or not", "[ctl]") {
    const Stored stored;
    DecodeOptions options;
    options.topic = GENERATE("", "cx/1/acme/paris/box-7/up/live/kpi");
    const auto line = only_line(decode_payload(options, stored.batch, {stored.dictionary}));
    CHECK(line["topic"] == options.topic);
    CHECK(line["node"] == "box-7");
    CHECK(line["metric"] == "box.temperature");
    CHECK(line["value"] == 21.5);
    CHECK(line["seq"] == 9);
}

TEST_CASE("decode: a batch without its dictionary says what it needs", "[ctl]") {
    const Stored stored;
    const auto lines = decode_payload({}, stored.batch, {});
    REQUIRE_FALSE(lines.ok());
    CHECK(lines.error().code == ErrorCode::not_found);
    CHECK(lines.error().message.find("first 1 definitions") != std::string::npos);
    CHECK(lines.error().message.find("--dict") != std::string::npos);
}

TEST_CASE("decode: a dictionary and a state are recognised", "[ctl]") {
    const Stored stored;
    const auto definition = only_line(decode_payload({}, stored.dictionary, {}));
    CHECK(definition["series"] == 0);
    CHECK(definition["tenant"] == "acme");
    CHECK(definition["metric"] == "box.temperature");
    CHECK(definition["dims"]["zone"] == "cpu");
    CHECK(definition["kind"] == "gauge");

    wire::NodeState state;
    state.online = GENERATE(true, false);
    state.boot = 2;
    state.session = 77;
    state.version = "0.1.0";
    const auto line = only_line(decode_payload({}, wire::encode_node_state(state), {}));
    CHECK(line["online"] == state.online);
    CHECK(line["session"] == "000000000000004d");
    CHECK(line["version"] == "0.1.0");
}

TEST_CASE("decode: a table is for people", "[ctl]") {
    const Stored stored;
    DecodeOptions options;
    options.format = "table";
    options.utc = true;
    const auto lines = decode_payload(options, stored.batch, {stored.dictionary});
    REQUIRE(lines.ok());
    CHECK(lines->find("21.5 Cel") != std::string::npos);
}

TEST_CASE("decode: noise is refused, never fatal", "[ctl]") {
    const Stored stored;
    CHECK_FALSE(decode_payload({}, "", {}).ok());
    CHECK_FALSE(decode_payload({}, "hello", {}).ok());
    CHECK_FALSE(decode_payload({}, stored.batch, {"hello"}).ok());
    std::mt19937 random(3);
    for (int round = 0; round < 500; ++round) {
        std::string bent = stored.batch;
        bent[random() % bent.size()] = static_cast<char>(random() & 0xFFU);
        bent.resize(1 + random() % bent.size());
        const auto lines = decode_payload({}, bent, {stored.dictionary});
        CHECK((lines.ok() || !lines.error().message.empty()));
    }
}

TEST_CASE("decode: exit codes", "[ctl]") {
    const Stored stored;
    const test::TempDir dir;
    DecodeOptions options;
    options.file = dir.file("none");
    CHECK(run_decode(options) == ExitCode::failed);
    options.file = dir.file("batch");
    std::ofstream(options.file) << stored.batch;
    CHECK(run_decode(options) == ExitCode::failed);
    options.dictionary_files = {dir.file("dict")};
    std::ofstream(options.dictionary_files[0]) << stored.dictionary;
    CHECK(run_decode(options) == ExitCode::ok);
}

}  // namespace cxedge::ctl
