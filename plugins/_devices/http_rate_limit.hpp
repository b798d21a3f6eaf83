// SPDX-License-Identifier: Apache-2.0
// A token bucket for each address. Pure but for what it remembers. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

#include "agent/base/clock.hpp"

namespace cxedge::devices {

class HttpRateLimit {
public:
    // `per_s` of one address, with a burst of twice as many, but at least one.
    explicit HttpRateLimit(double per_s);

    // Takes a token. 0: there was one; else whole seconds until the next.
    int take(const std::string& peer, SteadyTime now);
    [[nodiscard]] std::size_t size() const { return buckets_.size(); }

private:
    struct Bucket {
        double tokens = 0;
        SteadyTime at{};
    };
    [[nodiscard]] double tokens_at(const Bucket& bucket, SteadyTime now) const;
    Bucket& bucket_of(const std::string& peer, SteadyTime now);

    double per_s_;
    double burst_;
    SteadyTime cleaned_{};
    std::map<std::string, Bucket> buckets_;
};

}  // namespace cxedge::devices
