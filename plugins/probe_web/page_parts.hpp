// SPDX-License-Identifier: Apache-2.0
// Which parts belong to a page, as its document comes. Pure. Thread: any.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/probe_web/html_scan.hpp"

namespace cxedge::plugins {

class PageParts {
public:
    explicit PageParts(std::size_t most) : most_(most) {}

    // Where the document is, once known: after redirects. Also a part of its own that is not
    // loaded twice.
    void set_document(const std::string& url);
    void feed(std::string_view bytes);
    // One that the document need not name.
    void add(const std::string& reference);
    // The next one to load; requires waiting().
    std::string next() { return urls_[next_++]; }
    [[nodiscard]] bool waiting() const { return next_ < urls_.size(); }
    // Those told by next() or waiting.
    [[nodiscard]] std::size_t count() const { return urls_.size(); }
    // Those that were too many.
    [[nodiscard]] std::size_t left_out() const { return left_out_; }

private:
    const std::size_t most_;
    HtmlScan scan_;
    std::string document_;
    std::set<std::string> known_;
    std::vector<std::string> urls_;
    std::size_t next_ = 0;
    std::size_t left_out_ = 0;
};

}  // namespace cxedge::plugins
