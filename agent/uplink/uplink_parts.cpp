// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/uplink_parts.hpp"

#include "agent/base/ids.hpp"

namespace cxedge::uplink {
namespace {

std::uint64_t seed_of(const UplinkOptions& options) {
    return options.seed != 0 ? options.seed : random_u64();
}

}  // namespace

Connector::Options connector_options(const UplinkOptions& options) {
    Connector::Options out;
    out.endpoints.push_back({options.broker.host, options.broker.port, options.broker.tls});
    out.endpoints.insert(
        out.endpoints.end(), options.alternatives.begin(), options.alternatives.end()
    );
    out.pace = {options.backoff_min, options.backoff_max, options.fast_retry, seed_of(options)};
    out.failback = options.failback;
    return out;
}

BatchSender::Options sender_options(const UplinkOptions& options) {
    BatchSender::Options out;
    out.identity = options.identity;
    out.window = options.window;
    out.backfill_bytes_per_s = options.backfill_bytes_per_s;
    out.backfill_start_jitter = options.backfill_start_jitter;
    out.seed = seed_of(options);
    return out;
}

}  // namespace cxedge::uplink
