// SPDX-License-Identifier: Apache-2.0
// The uplink's options as those of its parts. Pure but for a seed of 0, which is drawn anew.
#pragma once

#include "agent/uplink/batch_sender.hpp"
#include "agent/uplink/connector.hpp"
#include "agent/uplink/uplink.hpp"

namespace cxedge::uplink {

Connector::Options connector_options(const UplinkOptions& options);
BatchSender::Options sender_options(const UplinkOptions& options);

}  // namespace cxedge::uplink
