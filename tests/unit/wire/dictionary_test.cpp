// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/dictionary.hpp"

#include <string>
#include <vector>

#include "agent/base/ids.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using wire::Dictionary;
using wire::DictionaryReplica;
using wire::NodeIdentity;

SeriesInfo series(int number) {
    SeriesInfo info;
    info.key.metric = "till.scans";
    info.key.dims = {{"lane", std::to_string(number)}, {"store", "17"}};
    info.unit = "1";
    return info;
}

struct Node {
    Dictionary dictionary;
    std::vector<std::string> definitions;  // as the spool keeps them

    explicit Node(int count, int from = 0) { add(count, from); }
    void add(int count, int from) {
        for (int i = from; i < from + count; ++i) {
            dictionary.append(series(i));
            definitions.push_back(wire::encode_definition(series(i)));
        }
    }
    [[nodiscard]] std::vector<wire::DictionaryPart> parts() const {
        return wire::encode_dictionary({"acme", "17", "gw1", {{"region", "north"}}}, definitions);
    }
    void announce(DictionaryReplica& replica) const {
        for (const wire::DictionaryPart& part : parts()) {
            const Status applied = replica.apply(part.payload);
            INFO((applied ? "" : applied.error().message));
            REQUIRE(applied);
        }
    }
    [[nodiscard]] std::uint32_t id(std::uint32_t size) const { return dictionary.content_id(size); }
};

}  // namespace

TEST_CASE("dictionary: a definition of every kind survives", "[wire]") {
    SeriesInfo counter = series(1);
    counter.kind = Kind::counter;
    counter.counter_bits = 32;
    SeriesInfo state = series(2);
    state.kind = Kind::state;
    state.states = {"closed", "open", "caf\xC3\xA9"};
    SeriesInfo plain;
    plain.key.metric = "m";
    SeriesInfo delta = series(3);
    delta.kind = Kind::delta;
    SeriesInfo histogram = series(4);
    histogram.kind = Kind::histogram;
    for (const SeriesInfo& info : {counter, state, plain, delta, histogram}) {
        const std::string bytes = wire::encode_definition(info);
        CHECK(bytes == wire::encode_definition(info));
        const auto decoded = wire::decode_definition(bytes);
        REQUIRE(decoded);
        CHECK(*decoded == info);
    }
}

TEST_CASE("dictionary: definitions that make no sense are corrupt", "[wire]") {
    using namespace std::string_literals;
    const auto error = [](const std::string& bytes) {
        const auto decoded = wire::decode_definition(bytes);
        REQUIRE_FALSE(decoded);
        CHECK(decoded.error().code == ErrorCode::corrupt);
        return decoded.error().message;
    };
    CHECK(error("") == "series: no metric");
    CHECK(error("\xFF") == "series: 1 bytes are not a Series");
    CHECK(error("\x0A\x01m\x18\x09"s) == "series m: kind 9 is unknown");
    CHECK(error("\x0A\x01m\x22\x01k"s) == "series m: a dimension without a value");
    CHECK(error("\x0A\x01m\x30\x07"s) == "series m: a counter of 7 bits");
    CHECK(error("\x0A\x01\xC3"s) == "series: 3 bytes are not a Series");
    CHECK(
        error("\x0A\x80\x80\x08"s + std::string(131072, 'm')) ==
        "series: 131076 bytes are not a Series"
    );
}

TEST_CASE("dictionary: ids are dense and a definition has one", "[wire]") {
    Node node(3);
    CHECK(node.dictionary.size() == 3);
    for (std::uint32_t i = 0; i < 3; ++i) {
        const SeriesId* id = node.dictionary.find(series(static_cast<int>(i)));
        REQUIRE(id != nullptr);
        CHECK(index_of(*id) == i);
        CHECK(node.dictionary.at(*id) == series(static_cast<int>(i)));
    }
    CHECK(node.dictionary.find(series(3)) == nullptr);
    SeriesInfo other_kind = series(1);
    other_kind.kind = Kind::counter;
    CHECK(node.dictionary.find(other_kind) == nullptr);
}

TEST_CASE("dictionary: the content id is what the schema says", "[wire]") {
    const Node node(2);
    CHECK(node.id(0) == 0);
    std::string bytes;
    for (const std::string& definition : node.definitions) {
        bytes += static_cast<char>(definition.size());
        bytes += definition;
    }
    CHECK(node.id(2) == crc32c(bytes));
    CHECK(node.id(1) == crc32c(std::string_view(bytes).substr(0, node.definitions[0].size() + 1)));
}

TEST_CASE("dictionary: restored from the spool it is the same", "[wire]") {
    const Node node(700);
    auto restored = Dictionary::restore(node.definitions);
    REQUIRE(restored);
    CHECK(restored->size() == 700);
    CHECK(restored->content_id(700) == node.id(700));
    CHECK(index_of(*restored->find(series(699))) == 699);
    CHECK(index_of(restored->append(series(700))) == 700);
    const auto broken = Dictionary::restore({node.definitions[0], "\xFF"});
    REQUIRE_FALSE(broken);
    CHECK(broken.error().message == "definition 1: series: 1 bytes are not a Series");
}

TEST_CASE("dictionary: a replica knows what was announced", "[wire]") {
    const Node node(3);
    DictionaryReplica replica;
    CHECK(replica.covers(0, 0));
    CHECK_FALSE(replica.covers(node.id(1), 1));
    CHECK(replica.find(0) == nullptr);
    node.announce(replica);
    CHECK(replica.identity().tenant == "acme");
    CHECK(replica.identity().site == "17");
    CHECK(replica.identity().node == "gw1");
    CHECK(replica.identity().labels == std::vector<Dimension>{{"region", "north"}});
    for (std::uint32_t size = 1; size <= 3; ++size) {
        CHECK(replica.covers(node.id(size), size));
        CHECK_FALSE(replica.covers(node.id(size) + 1, size));
        CHECK(*replica.find(size - 1) == series(static_cast<int>(size) - 1));
    }
    CHECK_FALSE(replica.covers(node.id(3), 4));
    CHECK(replica.find(3) == nullptr);
}

TEST_CASE("dictionary: an empty list still says who the node is", "[wire]") {
    const Node node(0);
    REQUIRE(node.parts().size() == 1);
    DictionaryReplica replica;
    node.announce(replica);
    CHECK(replica.identity().node == "gw1");
    CHECK(replica.covers(0, 0));
}

TEST_CASE("dictionary: parts arrive in any order and more than once", "[wire]") {
    const Node node(1100);
    const auto parts = node.parts();
    REQUIRE(parts.size() == 3);
    CHECK(parts[1].part == 1);
    CHECK(parts[0].payload == node.parts()[0].payload);
    DictionaryReplica replica;
    REQUIRE(replica.apply(parts[2].payload));
    CHECK_FALSE(replica.covers(node.id(1100), 1100));
    REQUIRE(replica.apply(parts[0].payload));
    CHECK(replica.covers(node.id(512), 512));
    CHECK_FALSE(replica.covers(node.id(1100), 1100));
    REQUIRE(replica.apply(parts[0].payload));
    REQUIRE(replica.apply(parts[1].payload));
    CHECK(replica.covers(node.id(1100), 1100));
    CHECK(*replica.find(1099) == series(1099));
}

TEST_CASE("dictionary: a later list still decodes earlier batches", "[wire]") {
    Node node(5);
    const std::uint32_t early = node.id(5);
    DictionaryReplica replica;
    node.announce(replica);
    node.add(600, 5);
    CHECK_FALSE(replica.covers(node.id(605), 605));
    node.announce(replica);
    CHECK(replica.covers(early, 5));
    CHECK(replica.covers(node.id(605), 605));
}

TEST_CASE("dictionary: a node that starts a new list is believed", "[wire]") {
    const Node before(700);
    const Node after(3, 5000);
    DictionaryReplica replica;
    before.announce(replica);
    after.announce(replica);
    CHECK(replica.covers(after.id(3), 3));
    CHECK_FALSE(replica.covers(before.id(700), 700));
    CHECK(replica.find(3) == nullptr);
    CHECK(*replica.find(0) == series(5000));
}

TEST_CASE("dictionary: a damaged announcement changes nothing", "[wire]") {
    const Node node(40);
    DictionaryReplica replica;
    node.announce(replica);
    const std::string payload = Node(60).parts()[0].payload;
    int refused = 0;
    for (std::size_t at = 0; at < payload.size(); ++at) {
        std::string damaged = payload;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
        DictionaryReplica fresh;
        if (!fresh.apply(damaged)) {
            ++refused;
            CHECK(fresh.find(0) == nullptr);
            CHECK_FALSE(replica.apply(damaged));
        }
    }
    CHECK(refused > static_cast<int>(payload.size() / 2));
    CHECK(replica.covers(node.id(40), 40));
}

TEST_CASE("dictionary: an announcement cannot make a replica allocate without bound", "[wire]") {
    using namespace std::string_literals;
    DictionaryReplica replica;
    // DictionaryFrame{raw, Dictionary{size, first = 4,000,000,000}}.
    const Status applied =
        replica.apply("\x12\x0C\x10\xFF\xFF\xFF\xFF\x0F\x20\x80\xD0\xAC\xF3\x0E"s);
    REQUIRE_FALSE(applied);
    CHECK(applied.error().code == ErrorCode::corrupt);
    CHECK(
        applied.error().message ==
        "dictionary: series 4000000000 and 0 more of 4294967295 (at most 262144)"
    );
}

}  // namespace cxedge::test
