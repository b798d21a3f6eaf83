// SPDX-License-Identifier: Apache-2.0
// The client's side of TLS without a socket: bytes in, bytes out, and what the server has shown of
// itself (OpenSSL). A handshake goes through whatever is wrong with the certificates; verdict()
// says what that is. Thread: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/_probes/result.hpp"

namespace cxedge::probes {

// "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3": as OpenSSL says them, the oldest first.
const std::vector<std::string>& tls_versions();

// Whom we trust, for many sessions.
class TlsTrust {
public:
    // `ca_file`: PEM; empty: the system's. `min_version` "1.0" to "1.3": older is refused; below
    // 1.2 also what else is too weak for today (OpenSSL security level 0).
    TlsTrust(std::string ca_file, const std::string& min_version);
    TlsTrust(const TlsTrust&) = delete;
    TlsTrust& operator=(const TlsTrust&) = delete;
    ~TlsTrust();

    // Reads ca_file (or the system's), again where it has changed. What is wrong with it, or empty.
    const std::string& refresh();

    class Impl;
    [[nodiscard]] const Impl& impl() const { return *impl_; }

private:
    std::unique_ptr<Impl> impl_;
};

// Of a server whose handshake is over.
struct TlsPeer {
    std::string version;
    std::string cipher;
    std::string group;    // of the key exchange; empty: unknown
    std::string alpn;     // empty: none
    std::string subject;  // of the leaf, RFC 2253
    std::string issuer;   // its common name
    // Unix time in seconds: of the leaf, and of the first certificate to run out among those that
    // the server sends and that lead to whom we trust (if none do: among all that it sends).
    std::int64_t leaf_expires = 0;
    std::int64_t chain_expires = 0;
};

struct TlsVerdict {
    ProbeResult result = ProbeResult::ok;  // tls_error, cert_expired (age is all that is wrong)
    std::string detail;                    // everything that is wrong, for a person
};

struct TlsName {
    std::string host;               // a name is sent (SNI) and looked for; digits are looked for
    std::vector<std::string> alpn;  // offered, in order
};

class TlsSession {
public:
    enum class State { handshaking, open, failed };

    TlsSession(const TlsTrust& trust, const TlsName& name);
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;
    ~TlsSession();

    // Goes on with the handshake as far as it can; call it first, and after each feed().
    State advance();
    // From the server.
    void feed(std::string_view bytes);
    // For the server; what there is now.
    [[nodiscard]] std::string take();

    // While open: text for the server (then take()), and from it. False: the session is broken.
    [[nodiscard]] bool write(std::string_view text);
    [[nodiscard]] bool read(std::string& text);

    // Of a failed handshake, for a person.
    [[nodiscard]] const std::string& error() const;
    // Once it is open.
    [[nodiscard]] TlsPeer peer() const;
    [[nodiscard]] TlsVerdict verdict() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace cxedge::probes
