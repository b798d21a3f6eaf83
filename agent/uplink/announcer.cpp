// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/announcer.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace cxedge::uplink {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPatience{5000};
constexpr milliseconds kMostPatience{300'000};

}  // namespace

Announcer::Announcer(wire::NodeIdentity identity, store::Spool& spool)
    : identity_(std::move(identity)), spool_(&spool) {}

void Announcer::forget() {
    announced_ = 0;
    accepted_ = 0;
    pending_.clear();
    patience_ = milliseconds(0);
    not_before_ = {};
}

Status Announcer::load() {
    auto definitions = spool_->committed_definitions();
    if (definitions.size() <= definitions_.size()) {
        return {};  // they are only ever appended; fewer: queue.db was lost, and is filled again
    }
    auto dictionary = wire::Dictionary::restore(definitions);
    if (!dictionary) {
        return dictionary.error().during("restoring series definitions");
    }
    definitions_ = std::move(definitions);
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
    for (const wire::DictionaryPart& part : parts) {
        pending_.insert(part.part);
    }
    announced_ = dictionary_.size();
    return parts;
}

// A part may be on its way twice, the older one with fewer series: all of it counts only when
// both are answered.
void Announcer::recount() {
    const std::uint32_t whole =
        pending_.empty() ? announced_ : *pending_.begin() * wire::kSeriesPerPart;
    accepted_ = std::max(accepted_, std::min(whole, announced_));
}

void Announcer::accepted(std::uint32_t part) {
    if (const auto found = pending_.find(part); found != pending_.end()) {
        pending_.erase(found);
        patience_ = milliseconds(0);
        recount();
    }
}

void Announcer::refused(std::uint32_t part, SteadyTime now) {
    const auto found = pending_.find(part);
    if (found == pending_.end()) {
        return;
    }
    pending_.erase(found);
    announced_ = std::min(announced_, part * wire::kSeriesPerPart);
    recount();
    patience_ = std::clamp(2 * patience_, kFirstPatience, kMostPatience);
    not_before_ = now + patience_;
}

SteadyTime Announcer::ready_at(std::uint32_t size, SteadyTime now) const {
    if (size <= announced_) {
        return SteadyTime::max();
    }
    return std::max(not_before_, now);
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
