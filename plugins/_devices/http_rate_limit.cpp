// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/http_rate_limit.hpp"

#include <algorithm>
#include <cmath>

namespace cxedge::devices {
namespace {

// Addresses that are told apart. Who comes beyond shares one bucket with the others.
constexpr std::size_t kMostAddresses = 1'024;
constexpr std::chrono::seconds kCleanAgain{1};
constexpr double kLongestWait = 3'600;

}  // namespace

HttpRateLimit::HttpRateLimit(double per_s) : per_s_(per_s), burst_(std::max(1.0, 2 * per_s)) {}

double HttpRateLimit::tokens_at(const Bucket& bucket, SteadyTime now) const {
    const std::chrono::duration<double> passed = now - bucket.at;
    return std::min(burst_, bucket.tokens + std::max(0.0, passed.count()) * per_s_);
}

HttpRateLimit::Bucket& HttpRateLimit::bucket_of(const std::string& peer, SteadyTime now) {
    if (const auto known = buckets_.find(peer); known != buckets_.end()) {
        return known->second;
    }
    if (buckets_.size() >= kMostAddresses && now - cleaned_ >= kCleanAgain) {
        cleaned_ = now;
        // A full bucket says nothing that a new one would not.
        std::erase_if(buckets_, [&](const auto& entry) {
            return tokens_at(entry.second, now) >= burst_;
        });
    }
    const std::string& name = buckets_.size() >= kMostAddresses ? std::string() : peer;
    return buckets_.try_emplace(name, Bucket{burst_, now}).first->second;
}

int HttpRateLimit::take(const std::string& peer, SteadyTime now) {
    Bucket& bucket = bucket_of(peer, now);
    bucket.tokens = tokens_at(bucket, now);
    bucket.at = now;
    if (bucket.tokens >= 1) {
        bucket.tokens -= 1;
        return 0;
    }
    const double wait = std::ceil((1 - bucket.tokens) / per_s_);
    return static_cast<int>(std::clamp(wait, 1.0, kLongestWait));
}

}  // namespace cxedge::devices
