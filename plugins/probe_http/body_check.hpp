// SPDX-License-Identifier: Apache-2.0
// Whether a body is the one that is expected, without keeping it. Pure. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace cxedge::plugins {

// Looks for a text that may come in pieces; holds less than one length of it.
class TextSearch {
public:
    explicit TextSearch(std::string text) : text_(std::move(text)) {}
    void feed(std::string_view bytes);
    [[nodiscard]] bool found() const { return found_ || text_.empty(); }

private:
    std::string text_;
    std::string tail_;  // the last bytes so far
    bool found_ = false;
};

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
    TextSearch wanted_;
    TextSearch form_{"<form"};
    std::string sha256_;
    std::unique_ptr<Digest> digest_;  // null: any will do
};

}  // namespace cxedge::plugins
