// SPDX-License-Identifier: Apache-2.0
// What the tests of formats and mappings share.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/_devices/formats.hpp"
#include "plugins/_devices/payload.hpp"

namespace cxedge::devices::test {

// parse() of a format that must read it; every reading has an allowed name and a finite value.
Report parsed(std::string_view format, std::string_view body);
// The error of a format that must not.
std::string refused(std::string_view format, std::string_view body);
void check_sound(const Report& report);

// One line a reading: "in{door=main} delta 3 @1000 from 0 of cam"; "L" behind times of a wall.
std::vector<std::string> lines_of(const Report& report);
// Bad elements as "where what".
std::vector<std::string> bad_of(const Report& report);
// Alarms as "+name of device" and "-name of device".
std::vector<std::string> alarms_of(const Report& report);

// A fixture of a real device; empty and told when there are none beside the repository.
std::optional<std::string> fixture(const std::string& name);

// [[source]] with these lines; the problems of its settings, "line:column: key: what".
struct MadeReader {
    std::unique_ptr<PayloadReader> reader;
    std::vector<std::string> problems;
};
MadeReader make_reader(const std::string& toml);
// read() of what must be readable.
Report read(PayloadReader& reader, std::string_view body, std::string_view address = {});

}  // namespace cxedge::devices::test
