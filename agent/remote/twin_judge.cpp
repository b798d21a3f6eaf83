// SPDX-License-Identifier: Apache-2.0
// Whether a signed document may be tried at all.
#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/remote/twin.hpp"

namespace cxedge::remote {
namespace {

using Kind = Verdict::Kind;

std::array<unsigned, 3> numbers_of(std::string_view version) {
    std::array<unsigned, 3> numbers{};
    const char* at = version.data();
    const char* end = at + version.size();
    for (unsigned& number : numbers) {
        const auto read = std::from_chars(at, end, number);
        at = read.ptr;
        if (read.ec != std::errc() || at == end || *at != '.') {
            break;
        }
        ++at;
    }
    return numbers;
}

bool in_group(const TwinSelf& self, const std::string& group) {
    return std::find(self.groups.begin(), self.groups.end(), group) != self.groups.end();
}

Verdict judge_address(const TwinSelf& self, const wire::Desired& desired) {
    const bool to_node = desired.node == self.node;
    const bool to_group = !desired.group.empty() && in_group(self, desired.group);
    if (desired.tenant != self.tenant || (!to_node && !to_group)) {
        const std::string& to = desired.node.empty() ? desired.group : desired.node;
        return {Kind::refuse, fmt::format("is for {}/{}, not for this box", desired.tenant, to)};
    }
    const bool in_part = to_node || wire::node_bucket(self.node) < desired.percent;
    return {in_part ? Kind::stage : Kind::not_for_us, ""};
}

Verdict judge_generation(const TwinState& state, const wire::Desired& desired) {
    if (desired.generation > state.highest) {
        return {Kind::stage, ""};
    }
    const TwinVersion version{desired.generation, sha256(desired.config)};
    const bool known =
        version == state.good.version || version == state.candidate.version ||
        std::any_of(state.history.begin(), state.history.end(), [&](const TwinAttempt& attempt) {
            return attempt.version == version;
        });
    if (known) {
        return {Kind::not_for_us, ""};  // a retained document comes with every connection
    }
    return {
        Kind::refuse,
        fmt::format(
            "generation {} is not greater than {}: a replay", desired.generation, state.highest
        )};
}

Verdict judge_time(const wire::Desired& desired, WallTime now) {
    if (desired.not_before > now) {
        return {Kind::wait, "is not valid before " + iso8601(desired.not_before)};
    }
    const bool over = unix_ms(desired.not_after) != 0 && desired.not_after < now;
    return over ? Verdict{Kind::reject, "was valid until " + iso8601(desired.not_after)}
                : Verdict{Kind::stage, ""};
}

// What is wrong, or empty.
std::string objection(const TwinState& state, const TwinSelf& self, const Offer& offer) {
    const wire::Desired& desired = offer.desired;
    const std::string hash = sha256(desired.config);
    if (older_than(self.version, desired.min_agent_version)) {
        return fmt::format("needs cxedge {}, this is {}", desired.min_agent_version, self.version);
    }
    // A box that runs this content already has nothing to change: a stage that is repeated.
    const bool other_parent =
        !desired.parent_hash.empty() && desired.parent_hash != state.good.version.hash;
    if (other_parent && hash != state.good.version.hash) {
        return fmt::format(
            "changes configuration {}, this box runs generation {}",
            to_hex(desired.parent_hash.substr(0, 4)),
            state.good.version.generation
        );
    }
    const bool failed_before =
        std::find(state.denied.begin(), state.denied.end(), hash) != state.denied.end();
    if (failed_before && !desired.retry) {
        return "this configuration failed here before; sign it with --retry to try it again";
    }
    if (!desired.keys.empty() && offer.signers.size() < 2) {
        return "new keys need the signatures of both present ones";
    }
    return "";
}

}  // namespace

bool older_than(std::string_view version, std::string_view wanted) {
    return !wanted.empty() && numbers_of(version) < numbers_of(wanted);
}

Verdict judge(const TwinState& state, const TwinSelf& self, const Offer& offer, WallTime now) {
    const wire::Desired& desired = offer.desired;
    for (const Verdict& verdict :
         {judge_address(self, desired),
          judge_generation(state, desired),
          judge_time(desired, now)}) {
        if (verdict.kind != Kind::stage) {
            return verdict;
        }
    }
    if (std::string wrong = objection(state, self, offer); !wrong.empty()) {
        return {Kind::reject, std::move(wrong)};
    }
    const bool same = desired.config == state.good.config;
    return {same ? Kind::same : Kind::stage, ""};
}

TwinDocument document_of(const Offer& offer) {
    const wire::Desired& desired = offer.desired;
    TwinDocument document;
    document.version = {desired.generation, sha256(desired.config)};
    document.config = desired.config;
    document.trial = desired.trial;
    document.keys = desired.keys;
    document.key_id = offer.signers.empty() ? std::string() : offer.signers.front().id();
    return document;
}

std::string hash_of(const std::vector<PublicKey>& keys) {
    std::string all;
    for (const PublicKey& key : keys) {
        all += key.bytes();
    }
    return all.empty() ? all : sha256(all);
}

std::vector<PublicKey> keys_in_force(const TwinState& state, const std::vector<PublicKey>& pinned) {
    if (state.keys.empty() || state.keys_instead_of != hash_of(pinned)) {
        return pinned;
    }
    std::vector<PublicKey> keys;
    for (const std::string& bytes : state.keys) {
        if (const auto key = PublicKey::from_bytes(bytes)) {
            keys.push_back(*key);
        }
    }
    return keys;
}

}  // namespace cxedge::remote
