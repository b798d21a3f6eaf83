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

// What was wrong beside the first thing that libcurl tells.
struct NameCheck {
    std::string host;         // as in the URL, without brackets
    bool other_name = false;  // the certificate is not for it
};
// Has OpenSSL look at the name of the certificate, too, before its age, and takes it down; libcurl
// looks at it only where all else is right, and decides. The connection keeps `check` alive.
void watch_name(void* context, std::shared_ptr<NameCheck> check);

}  // namespace cxedge::probes
