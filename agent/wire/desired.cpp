// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/desired.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/wire/envelope.hpp"
#include "agent/wire/text.hpp"
#include "agent/wire/topics.hpp"

#include "remote.pb.h"

namespace cxedge::wire {
namespace {

constexpr unsigned kBuckets = 100;
constexpr std::size_t kHashBytes = 32;  // SHA-256
constexpr std::size_t kKeyBytes = 32;   // RFC 8032, Ed25519
constexpr std::size_t kMostKeys = 2;
constexpr std::size_t kMaxVersion = 64;

bool addressed(const Desired& desired) {
    const std::string& to = desired.node.empty() ? desired.group : desired.node;
    return desired.node.empty() != desired.group.empty() && valid_topic_name(to) &&
           valid_topic_name(desired.tenant);
}

bool keys_fit(const std::vector<std::string>& keys) {
    return keys.size() <= kMostKeys &&
           std::all_of(keys.begin(), keys.end(), [](auto& key) { return key.size() == kKeyBytes; });
}

// What is wrong, or empty.
std::string check_desired(const Desired& desired) {
    if (!addressed(desired)) {
        return "needs a tenant, and either a node or a group";
    }
    if (desired.generation == 0) {
        return "needs a generation";
    }
    if (!desired.parent_hash.empty() && desired.parent_hash.size() != kHashBytes) {
        return fmt::format("parent_hash has {} bytes, not 32", desired.parent_hash.size());
    }
    if (desired.trial > kLongestTrial) {
        return fmt::format(
            "trial_s {} is more than {}", desired.trial.count(), kLongestTrial.count()
        );
    }
    if (desired.percent > kBuckets) {
        return fmt::format("percent {} is more than 100", desired.percent);
    }
    if (!keys_fit(desired.keys)) {
        return "keys: at most two of 32 bytes each";
    }
    if (clean_utf8(desired.config) != desired.config) {
        return "its configuration is not UTF-8";
    }
    return desired.min_agent_version.size() > kMaxVersion ? "min_agent_version is too long" : "";
}

}  // namespace

std::string encode_desired(const Desired& desired) {
    cx::v1::Desired out;
    out.set_tenant(desired.tenant);
    out.set_node(desired.node);
    out.set_group(desired.group);
    out.set_generation(desired.generation);
    out.set_parent_hash(desired.parent_hash);
    out.set_not_before_ms(unix_ms(desired.not_before));
    out.set_not_after_ms(unix_ms(desired.not_after));
    out.set_config(desired.config);
    out.set_trial_s(static_cast<std::uint32_t>(desired.trial.count()));
    out.set_min_agent_version(clean_utf8(desired.min_agent_version));
    out.set_percent(desired.percent == kBuckets ? 0 : desired.percent);
    out.set_retry(desired.retry);
    for (const std::string& key : desired.keys) {
        out.add_key(key);
    }
    return out.SerializeAsString();
}

Result<Desired> decode_desired(std::string_view body) {
    cx::v1::Desired in;
    if (body.size() > kMaxEnvelopeBytes ||
        !in.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
        return corrupt(fmt::format("desired: {} bytes are not a Desired", body.size()));
    }
    Desired out;
    out.tenant = in.tenant();
    out.node = in.node();
    out.group = in.group();
    out.generation = in.generation();
    out.parent_hash = in.parent_hash();
    out.not_before = from_unix_ms(in.not_before_ms());
    out.not_after = from_unix_ms(in.not_after_ms());
    out.config = in.config();
    out.trial = in.trial_s() == 0 ? kDefaultTrial : std::chrono::seconds(in.trial_s());
    out.min_agent_version = in.min_agent_version();
    out.percent = in.percent() == 0 ? kBuckets : in.percent();
    out.retry = in.retry();
    out.keys.assign(in.key().begin(), in.key().end());
    const std::string wrong = check_desired(out);
    return wrong.empty() ? Result<Desired>(std::move(out)) : corrupt("desired: " + wrong);
}

unsigned node_bucket(std::string_view node) {
    return crc32c(node) % kBuckets;
}

}  // namespace cxedge::wire
