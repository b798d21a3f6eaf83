// SPDX-License-Identifier: Apache-2.0
// A text as UTF-8, without a byte order mark: some devices and most Windows programs write UTF-16.
// Pure. Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "agent/base/result.hpp"

namespace cxedge::devices {

class PlainText {
public:
    // By its mark; without one it is UTF-8 already, or not for us to judge. `body` must outlive
    // it. invalid_argument: broken UTF-16.
    static Result<PlainText> of(std::string_view body);
    [[nodiscard]] std::string_view text() const { return is_own_ ? own_ : body_; }

private:
    std::string_view body_;
    std::string own_;
    bool is_own_ = false;
};

}  // namespace cxedge::devices
