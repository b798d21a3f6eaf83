// SPDX-License-Identifier: Apache-2.0
// Compares today's schemas with the frozen text forms in ../frozen. To freeze an addition, append
// the lines that `test_wire_schema "[.print]"` shows; never change or delete a line. A field taken
// out of a schema becomes `removed <Message> <number>`.
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <google/protobuf/descriptor.pb.h>

#include "tests/support/catch.hpp"

namespace {

namespace pb = google::protobuf;

struct Schema {
    std::vector<std::string> lines;    // "Block.dod = 6 repeated sint64", "Kind.GAUGE = 0"
    std::vector<std::string> free;     // the fields that could hold anything: "Batch.body bytes"
    std::vector<std::string> foreign;  // fields of types that this package does not define
    std::set<std::string> numbers;     // "Block 6"
};

std::string type_of(const pb::FieldDescriptorProto& field) {
    if (!field.type_name().empty()) {
        return field.type_name();
    }
    std::string name = pb::FieldDescriptorProto::Type_Name(field.type());  // TYPE_SINT64
    std::string type;
    for (const char c : name.substr(5)) {
        type += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return type;
}

std::string label_of(const pb::FieldDescriptorProto& field) {
    if (field.label() == pb::FieldDescriptorProto::LABEL_REPEATED) {
        return "repeated";
    }
    if (field.proto3_optional()) {
        return "optional";
    }
    return field.has_oneof_index() ? "oneof" : "single";
}

void describe(const pb::EnumDescriptorProto& type, const std::string& scope, Schema& schema) {
    for (const auto& value : type.value()) {
        schema.lines.push_back(
            scope + type.name() + "." + value.name() + " = " + std::to_string(value.number())
        );
    }
}

void describe(
    const pb::DescriptorProto& message,
    const std::string& scope,
    const std::string& package,
    Schema& schema
) {
    const std::string name = scope + message.name();
    for (const auto& field : message.field()) {
        const std::string number = std::to_string(field.number());
        const std::string full = name + "." + field.name();
        schema.lines.push_back(
            full + " = " + number + " " + label_of(field) + " " + type_of(field)
        );
        schema.numbers.insert(name + " " + number);
        if (field.type() == pb::FieldDescriptorProto::TYPE_BYTES ||
            field.type() == pb::FieldDescriptorProto::TYPE_STRING) {
            schema.free.push_back(full + " " + type_of(field));
        }
        if (!field.type_name().empty() && field.type_name().rfind("." + package + ".", 0) != 0) {
            schema.foreign.push_back(full);
        }
    }
    for (const auto& type : message.enum_type()) {
        describe(type, name + ".", schema);
    }
    for (const auto& nested : message.nested_type()) {
        describe(nested, name + ".", package, schema);
    }
}

Schema schema_of(const std::string& file_name) {
    std::ifstream in(CXEDGE_DESCRIPTORS, std::ios::binary);
    pb::FileDescriptorSet set;
    REQUIRE(set.ParseFromIstream(&in));
    for (const auto& file : set.file()) {
        if (file.name() != file_name) {
            continue;
        }
        Schema schema;
        for (const auto& type : file.enum_type()) {
            describe(type, "", schema);
        }
        for (const auto& message : file.message_type()) {
            describe(message, "", file.package(), schema);
        }
        return schema;
    }
    FAIL(file_name << " is not in the descriptor set");
    return {};
}

// Lines without comments and trailing reasons ("Batch.body bytes  # why").
std::vector<std::string> frozen(const std::string& file_name) {
    std::ifstream in(std::string(CXEDGE_FROZEN_DIR) + "/" + file_name);
    REQUIRE(in);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) {
        line = line.substr(0, line.find('#'));
        line.erase(line.find_last_not_of(" \t\r") + 1);
        if (!line.empty()) {
            lines.push_back(line);
        }
    }
    return lines;
}

// What breaks the promise that the frozen lines made.
std::vector<std::string> broken_promises(
    const Schema& now, const std::vector<std::string>& frozen_lines
) {
    const std::set<std::string> present(now.lines.begin(), now.lines.end());
    const std::string removed = "removed ";
    std::vector<std::string> broken;
    for (const std::string& line : frozen_lines) {
        if (line.rfind(removed, 0) == 0) {
            if (now.numbers.count(line.substr(removed.size())) > 0) {
                broken.push_back("reused: " + line);
            }
        } else if (present.count(line) == 0) {
            broken.push_back("gone or changed: " + line);
        }
    }
    return broken;
}

void check_compatible(const std::string& proto, const std::string& frozen_file) {
    const std::vector<std::string> lines = frozen(frozen_file);
    CHECK(lines.size() > 20);
    for (const std::string& broken : broken_promises(schema_of(proto), lines)) {
        UNSCOPED_INFO(broken);
        CHECK(broken.empty());
    }
}

}  // namespace

TEST_CASE("compatibility: every frozen field of cx.proto is still what it was", "[wire]") {
    check_compatible("cx.proto", "cx.v1.txt");
}

TEST_CASE("compatibility: every frozen field of link.proto is still what it was", "[wire]") {
    check_compatible("link.proto", "link.v1.txt");
}

TEST_CASE(
    "compatibility: a change of number, name, type or label and a reuse are noticed", "[wire]"
) {
    Schema now;
    now.lines = {"A.x = 1 single uint32"};
    now.numbers = {"A 1"};
    CHECK(broken_promises(now, {"A.x = 1 single uint32", "removed A 2"}).empty());
    for (const char* before :
         {"A.x = 2 single uint32",
          "A.y = 1 single uint32",
          "A.x = 1 single sint32",
          "A.x = 1 repeated uint32",
          "removed A 1"}) {
        CHECK(broken_promises(now, {before}).size() == 1);
    }
}

TEST_CASE(
    "compatibility: no new field of cx.proto can hold anything but what was reviewed", "[wire]"
) {
    const Schema now = schema_of("cx.proto");
    const std::vector<std::string> lines = frozen("cx.v1.reviewed.txt");
    const std::set<std::string> reviewed(lines.begin(), lines.end());
    for (const std::string& field : now.free) {
        INFO(
            field << " is free text or bytes: it needs an auditor review (privacy), then a line "
                     "with its reason "
                     "in tests/unit/wire/frozen/cx.v1.reviewed.txt"
        );
        CHECK(reviewed.count(field) == 1);
    }
    for (const std::string& field : now.foreign) {
        INFO(field << " has a type from outside the schema (Any, maps of others): auditor review");
        CHECK(field.empty());
    }
    CHECK(now.free.size() == reviewed.size());
}

TEST_CASE("print: the lines to freeze", "[.print]") {
    for (const char* proto : {"cx.proto", "link.proto"}) {
        const Schema now = schema_of(proto);
        std::cout << "# " << proto << "\n";
        for (const std::string& line : now.lines) {
            std::cout << line << "\n";
        }
        for (const std::string& field : now.free) {
            std::cout << "# free: " << field << "\n";
        }
    }
}
