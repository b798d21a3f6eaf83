// SPDX-License-Identifier: Apache-2.0
// Certificates that are trusted, read once for all requests: to read those of a system takes
// tens of milliseconds, which would be told as time of the handshake. Thread: any.
#pragma once

#include <memory>
#include <string>

namespace cxedge::probes {

// What `ca_file` holds (PEM; empty: what libcurl trusts by itself), as OpenSSL's X509_STORE. Null:
// the file cannot be read or holds no certificate. Stays as it is when the file changes: the next
// one who asks gets another.
std::shared_ptr<void> trusted_store(const std::string& ca_file);

// For a connection about to begin its handshake: `context` is OpenSSL's SSL_CTX.
void trust(void* context, void* store);

}  // namespace cxedge::probes
