// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_web/page_parts.hpp"

#include <utility>

#include "plugins/_probes/url_reference.hpp"

namespace cxedge::plugins {

void PageParts::set_document(const std::string& url) {
    document_ = url;
    known_.insert(probes::resolve_reference(url, "").value_or(url));
}

void PageParts::feed(std::string_view bytes) {
    scan_.feed(bytes);
    for (const PageReference& reference : scan_.take()) {
        add(reference);
    }
}

void PageParts::add(const PageReference& reference) {
    const std::string base =
        probes::resolve_reference(document_, reference.base).value_or(document_);
    auto url = probes::resolve_reference(base, reference.text);
    if (!url || !(url->starts_with("http://") || url->starts_with("https://"))) {
        return;
    }
    if (urls_.size() >= most_) {
        left_out_ += 1 - known_.count(*url);
        return;
    }
    if (known_.insert(*url).second) {
        urls_.push_back(*std::move(url));
    }
}

}  // namespace cxedge::plugins
