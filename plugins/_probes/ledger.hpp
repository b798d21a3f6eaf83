// SPDX-License-Identifier: Apache-2.0
// What tests have spent, on disk: a file for each interface and month, changed under a lock that
// all probe processes of the box share (flock(2): gone with its process). Thread: one a process.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "agent/base/result.hpp"

namespace cxedge::probes {

struct BudgetUse {
    std::uint64_t bytes = 0;
    std::uint64_t packets = 0;
};

// By the name of the test.
using Spent = std::map<std::string, BudgetUse>;
BudgetUse total_of(const Spent& spent);

std::string to_text(const Spent& spent);
// corrupt: says which line.
Result<Spent> parse_spent(std::string_view text);

class Ledger {
public:
    // `directory` empty: nothing is written, it lasts as long as this object.
    Ledger(std::string directory, std::string interface);

    // Of a month ("2026-11"); nothing spent yet is not an error.
    [[nodiscard]] Result<Spent> read(const std::string& month) const;
    // Reads, lets `change` change it, and writes that to disk before it returns. unavailable: the
    // directory cannot be written; corrupt: the file is damaged, and stays until somebody looks.
    Status change(const std::string& month, const std::function<void(Spent&)>& change);

private:
    [[nodiscard]] std::string file_of(const std::string& month) const;

    std::string directory_;
    std::string interface_;
    std::map<std::string, Spent> memory_;  // without a directory
};

}  // namespace cxedge::probes
