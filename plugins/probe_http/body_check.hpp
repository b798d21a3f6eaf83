// SPDX-License-Identifier: Apache-2.0
// Whether a body is the one that is expected, without keeping it. Pure. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "plugins/_probes/text_search.hpp"

namespace cxedge::plugins {

class BodyCheck {
public:
    // `text` empty: any; `sha256` (64 hexadecimal digits) empty: any.
    BodyCheck(std::string text, std::string_view sha256);
    BodyCheck(const BodyCheck&) = delete;
    BodyCheck& operator=(const BodyCheck&) = delete;
    ~BodyCheck();

    void feed(std::string_view bytes);
    // What is wrong now that all of it has come, or empty.
    [[nodiscard]] std::string mismatch();
    // A form for a password, or any: pages that stand in the way have one.
    [[nodiscard]] bool has_form() const { return form_.found(); }

private:
    class Digest;
    probes::TextSearch wanted_;
    probes::TextSearch form_ = probes::search_for_form();
    std::string sha256_;
    std::unique_ptr<Digest> digest_;  // null: any will do
};

}  // namespace cxedge::plugins
