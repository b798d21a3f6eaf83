// SPDX-License-Identifier: Apache-2.0
// Walks the fields of one protobuf message without building it: lets a parser of untrusted bytes
// count and bound before it allocates. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cxedge::wire {

struct Field {
    std::uint32_t number = 0;
    bool has_bytes = false;  // length-delimited: `bytes` is set
    std::string_view bytes;
};

class FieldReader {
public:
    explicit FieldReader(std::string_view message) : rest_(message) {}
    // False at the end, or when the message is malformed.
    bool next(Field& field);
    // Where the field that next() gave ends.
    [[nodiscard]] const char* position() const { return rest_.data(); }
    [[nodiscard]] bool malformed() const { return malformed_; }

private:
    bool varint(std::uint64_t& value);
    bool take(std::size_t count, std::string_view& taken);
    bool value_of(std::uint32_t wire_type, Field& field);

    std::string_view rest_;
    bool malformed_ = false;
};

void append_varint(std::string& out, std::uint64_t value);
// Field `number` holding `bytes`.
void append_bytes_field(std::string& out, std::uint32_t number, std::string_view bytes);

}  // namespace cxedge::wire
