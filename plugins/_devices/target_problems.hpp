// SPDX-License-Identifier: Apache-2.0
// What is wrong with some of a source's targets, as the one line that its host takes. Thread: the
// loop's.
#pragma once

#include <map>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "agent/plugin_api/host.hpp"

namespace cxedge::devices {

// `Who` tells targets apart; the least of those with a problem is named.
template <class Who>
class TargetProblems {
public:
    // `problem` empty: none any more. `all`: how many targets there are.
    void note(Host& host, const Who& who, const std::string& problem, std::size_t all) {
        if (problem.empty()) {
            problems_.erase(who);
        } else {
            problems_[who] = problem;
        }
        std::string line = problems_.empty() ? std::string() : problems_.begin()->second;
        if (problems_.size() > 1) {
            line += fmt::format(" (and {} more of {})", problems_.size() - 1, all);
        }
        if (line != said_) {
            host.set_problem(line);
            said_ = std::move(line);
        }
    }

private:
    std::map<Who, std::string> problems_;
    std::string said_;
};

}  // namespace cxedge::devices
