// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace cxedge::test {

// Where a broker is; with a CA file: over TLS.
struct BrokerAddress {
    std::uint16_t port = 0;
    std::string ca_file;
    [[nodiscard]] std::string url() const {
        return (ca_file.empty() ? "mqtt://127.0.0.1:" : "mqtts://127.0.0.1:") +
               std::to_string(port);
    }
};

}  // namespace cxedge::test
