// SPDX-License-Identifier: Apache-2.0
// Finds what a browser loads with a page: images, scripts, style sheets, icons. Takes the document
// as it comes, of any length, and holds a tag of it at most. Pure. Thread: any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/probe_web/html_tag.hpp"

namespace cxedge::plugins {

class HtmlScan {
public:
    // Longer ones are passed over: they hold data, no address.
    static constexpr std::size_t kLongestTag = 4'096;

    void feed(std::string_view bytes);
    // References as written, in the order of the document, since the last call.
    [[nodiscard]] std::vector<std::string> take();
    // <base href> as written, of the first one; empty: none yet.
    [[nodiscard]] const std::string& base() const { return base_; }
    [[nodiscard]] std::size_t held() const { return rest_.size(); }

private:
    enum class Within { text, comment, raw };

    // False: more has to come first.
    bool step();
    bool step_text();
    bool step_comment();
    bool step_raw();
    void drop_but(std::size_t count);
    void take_tag(const HtmlTag& tag);

    Within within_ = Within::text;
    std::string raw_;   // name of the element whose content is no markup
    std::string rest_;  // not looked at yet
    std::size_t at_ = 0;
    std::string base_;
    std::vector<std::string> found_;
};

}  // namespace cxedge::plugins
