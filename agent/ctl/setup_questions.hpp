// SPDX-License-Identifier: Apache-2.0
// The five questions of cxctl setup. Each answer is checked at once: a wrong one is said in a line
// and asked again, or ends a setup that has nobody to ask.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/base/result.hpp"

namespace cxedge::ctl {

struct SetupAnswers {
    std::optional<std::string> broker;  // empty optional: not answered yet
    std::optional<std::string> tenant;
    std::optional<std::string> site;
    std::optional<std::string> profile;
    std::optional<std::string> claim_file;  // empty text: none
};

struct Interview {
    // The answer to `prompt`, without its newline; nothing at the end of input. Null: nobody to
    // ask.
    std::function<std::optional<std::string>(const std::string& prompt)> ask;
    std::function<void(const std::string& line)> say;
    std::string profiles_dir;
};

// Checks what is given and asks for the rest. invalid_argument: nobody to ask, and an answer is
// wrong or missing (all of them, one a line); unavailable: the input ended.
Result<SetupAnswers> complete_answers(SetupAnswers given, const Interview& interview);

}  // namespace cxedge::ctl
