// SPDX-License-Identifier: Apache-2.0
// A wall clock for one process, by faketime: wrong, and set later.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

// Of package faketime; empty: not installed.
std::string faketime_library();

// The process's other clocks are those of the machine.
class WallClock {
public:
    explicit WallClock(std::int64_t wrong_by_s) { set(wrong_by_s); }
    void set(std::int64_t wrong_by_s) const;
    // What a process is to be started by (Box::set_starter).
    [[nodiscard]] std::vector<std::string> starter() const;

private:
    TempDir dir_;
};

}  // namespace cxedge::test
