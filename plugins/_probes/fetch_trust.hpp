// SPDX-License-Identifier: Apache-2.0
// Certificates that are trusted, read once for all requests: to read those of a system takes
// tens of milliseconds, which would be told as time of the handshake. Thread: any.
#pragma once

#include <string>

namespace cxedge::probes {

// Has libcurl trust what `ca_file` holds (PEM; empty: what it trusts by itself). False: the file
// cannot be read or holds no certificate. `easy` is a handle of libcurl's.
bool trust(void* easy, const std::string& ca_file);

}  // namespace cxedge::probes
