// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/announcer.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace cxedge::uplink {

Announcer::Announcer(wire::NodeIdentity identity, store::Spool& spool)
    : identity_(std::move(identity)), spool_(&spool) {}

Status Announcer::load() {
    auto definitions = spool_->load_definitions();
    if (!definitions) {
        return definitions.error().during("reading series definitions");
    }
    if (*definitions == definitions_) {
        return {};
    }
    auto dictionary = wire::Dictionary::restore(*definitions);
    if (!dictionary) {
        return dictionary.error().during("restoring series definitions");
    }
    definitions_ = std::move(definitions.value());
    dictionary_ = std::move(dictionary.value());
    return {};
}

Result<std::vector<wire::DictionaryPart>> Announcer::announce() {
    if (Status status = load(); !status) {
        return status.error();
    }
    auto parts = wire::encode_dictionary(identity_, definitions_);
    // Definitions are only ever appended, so every part before the one that was last is unchanged.
    const std::uint32_t first_changed = announced_ / wire::kSeriesPerPart;
    parts.erase(
        std::remove_if(
            parts.begin(),
            parts.end(),
            [first_changed](const wire::DictionaryPart& part) { return part.part < first_changed; }
        ),
        parts.end()
    );
    announced_ = dictionary_.size();
    return parts;
}

Result<std::uint32_t> Announcer::content_id(std::uint32_t size) {
    if (size > dictionary_.size()) {
        if (Status status = load(); !status) {
            return status.error();
        }
    }
    if (size > dictionary_.size()) {
        return corrupt(fmt::format(
            "a batch needs {} series definitions, the spool holds {}", size, dictionary_.size()
        ));
    }
    return dictionary_.content_id(size);
}

}  // namespace cxedge::uplink
