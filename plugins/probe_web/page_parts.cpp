// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_web/page_parts.hpp"

#include <utility>

#include "plugins/probe_web/url_reference.hpp"

namespace cxedge::plugins {

void PageParts::set_document(const std::string& url) {
    document_ = url;
    known_.insert(resolve_reference(url, "").value_or(url));
}

void PageParts::feed(std::string_view bytes) {
    scan_.feed(bytes);
    for (const std::string& reference : scan_.take()) {
        add(reference);
    }
}

void PageParts::add(const std::string& reference) {
    const std::string base = resolve_reference(document_, scan_.base()).value_or(document_);
    auto url = resolve_reference(base, reference);
    if (!url || !(url->starts_with("http://") || url->starts_with("https://"))) {
        return;
    }
    if (urls_.size() >= most_) {
        left_out_ += known_.count(*url) == 0 ? 1 : 0;
        return;
    }
    if (known_.insert(*url).second) {
        urls_.push_back(*std::move(url));
    }
}

}  // namespace cxedge::plugins
