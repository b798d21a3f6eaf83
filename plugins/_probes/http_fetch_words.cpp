// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/http_fetch_words.hpp"

#include <cerrno>
#include <string_view>

#include <curl/curl.h>
#include <fmt/core.h>
#include <openssl/x509_vfy.h>

namespace cxedge::probes {
namespace {

constexpr const char* kNoAnswer =
    "does not answer: it is off, or something on the way drops what it is sent";

std::string connection_words(ProbeResult result, int os_error) {
    switch (result) {
        case ProbeResult::refused:
            return "refuses the connection: is the server running, is the port right?";
        case ProbeResult::no_route:
            return fmt::format(
                "cannot be reached from here: {} (check the gateway and the interface)",
                words_of_errno(os_error)
            );
        case ProbeResult::no_permission:
            return "cannot be reached from here: " + words_of_errno(os_error);
        default:
            return kNoAnswer;
    }
}

FetchVerdict verdict_of_connection(const FetchEnding& ending) {
    if (ending.no_socket) {
        return {
            result_of_socket(ending.os_error),
            "connect",
            "no connection can be opened: " + words_of_socket(ending.os_error, "as asked for")};
    }
    const ProbeResult result = result_of_errno(ending.os_error);
    return {result, "connect", connection_words(result, ending.os_error)};
}

bool says(const FetchEnding& ending, std::string_view text) {
    return ending.words.find(text) != std::string::npos;
}

// Both are wrong: that it is another's is worse, and waiting for a new one would not mend it.
std::string name_words(long verified) {
    std::string words = "the certificate is another host's";
    switch (verified) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return words + ", and it has expired";
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return words + ", and it is not valid yet";
        default:
            return words;
    }
}

bool of_age_or_name(long verified) {
    return verified == X509_V_OK || verified == X509_V_ERR_CERT_HAS_EXPIRED ||
           verified == X509_V_ERR_CERT_NOT_YET_VALID;
}

FetchVerdict verdict_of_certificate(const FetchEnding& ending) {
    constexpr long kNotSaid = 1;  // libcurl leaves it so when only the name is wrong
    if (ending.other_name && of_age_or_name(ending.verified)) {
        return {ProbeResult::tls_error, "tls", name_words(ending.verified)};
    }
    switch (ending.verified) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return {
                ProbeResult::cert_expired,
                "tls",
                "a certificate has expired: the server's needs to be renewed"};
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return {
                ProbeResult::cert_expired,
                "tls",
                "a certificate is not valid yet: is the box's clock right?"};
        case X509_V_OK:
        case kNotSaid:
            return {ProbeResult::tls_error, "tls", "the certificate is another host's"};
        default:
            return {
                ProbeResult::tls_error,
                "tls",
                fmt::format(
                    "the certificate is not trusted: {} (ca_file?)",
                    ::X509_verify_cert_error_string(ending.verified)
                )};
    }
}

FetchVerdict verdict_of_handshake(const FetchEnding& ending) {
    if (ending.os_error == ECONNRESET) {
        return {ProbeResult::tls_error, "tls", "broke off the TLS handshake"};
    }
    if (ending.verified != X509_V_OK && ending.verified != X509_V_ERR_UNSPECIFIED) {
        return verdict_of_certificate(ending);
    }
    // The server's word for it, or OpenSSL's of what the server has chosen.
    if (says(ending, "alert protocol version") || says(ending, "unsupported protocol")) {
        return {
            ProbeResult::tls_error, "tls", "the server only speaks versions of TLS older than 1.2"};
    }
    return {ProbeResult::tls_error, "tls", "no TLS handshake: is it http, not https, there?"};
}

// The other side ended the connection while something was still to come.
FetchVerdict verdict_of_loss(const FetchEnding& ending) {
    if (ending.os_error == ETIMEDOUT || ending.os_error == EHOSTUNREACH ||
        ending.os_error == ENETUNREACH) {
        return {
            result_of_errno(ending.os_error),
            ending.step,
            "the connection broke while it was in use: the line or the server went away"};
    }
    const bool begun = ending.step == "transfer";
    return {
        ProbeResult::refused,
        ending.step,
        begun ? "closed the connection before all of the answer was sent"
              : "closed the connection without an answer"};
}

FetchVerdict verdict_of_nonsense(const FetchEnding& ending) {
    const std::string step = ending.step == "transfer" ? ending.step : "server";
    return {ProbeResult::bad_status, step, "what answers does not speak HTTP"};
}

FetchVerdict verdict_of_code(const FetchEnding& ending) {
    return {
        ending.step == "tls" ? ProbeResult::tls_error : ProbeResult::bad_status,
        ending.step,
        fmt::format(
            "the request failed: {}", ::curl_easy_strerror(static_cast<CURLcode>(ending.code))
        )};
}

// libcurl says of a head beyond its limit that no memory is left, or from 8.6 that it is too large.
constexpr int kTooLarge = 100;  // CURLE_TOO_LARGE
FetchVerdict verdict_of_size(const FetchEnding& ending) {
    const bool asked = ending.step == "server" || ending.step == "transfer";
    return asked ? FetchVerdict{ProbeResult::bad_status, "server", "the answer's head is too large"}
                 : verdict_of_code(ending);
}

}  // namespace

FetchVerdict verdict_of(const FetchEnding& ending) {
    switch (ending.code) {
        case CURLE_OK:
            return {};
        case CURLE_COULDNT_CONNECT:
        case CURLE_INTERFACE_FAILED:
            return verdict_of_connection(ending);
        case CURLE_OPERATION_TIMEDOUT:
            return verdict_of_silence(ending.step);
        case CURLE_PEER_FAILED_VERIFICATION:
            return verdict_of_certificate(ending);
        case CURLE_SSL_CONNECT_ERROR:
            return verdict_of_handshake(ending);
        case CURLE_SSL_CACERT_BADFILE:
            return {
                ProbeResult::tls_error, "tls", "ca_file cannot be read or holds no certificate"};
        case CURLE_OUT_OF_MEMORY:
        case kTooLarge:
            return verdict_of_size(ending);
        case CURLE_RECV_ERROR:
            return says(ending, "chunk") ? verdict_of_nonsense(ending) : verdict_of_loss(ending);
        case CURLE_GOT_NOTHING:
        case CURLE_SEND_ERROR:
        case CURLE_PARTIAL_FILE:
        case CURLE_HTTP2_STREAM:
        case CURLE_SEND_FAIL_REWIND:
            return verdict_of_loss(ending);
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_HTTP2:
        case CURLE_BAD_CONTENT_ENCODING:
            return verdict_of_nonsense(ending);
        default:
            return verdict_of_code(ending);
    }
}

FetchVerdict verdict_of_silence(const std::string& step) {
    if (step == "connect") {
        return {ProbeResult::timeout, step, kNoAnswer};
    }
    if (step == "tls") {
        return {ProbeResult::timeout, step, "the TLS handshake did not end in time"};
    }
    if (step == "server") {
        return {
            ProbeResult::timeout,
            step,
            "took the request and did not answer in time: the server is overloaded or stuck"};
    }
    return {
        ProbeResult::timeout,
        step,
        "not all came in time: the line is slow or stalls, or the server does"};
}

FetchVerdict verdict_of_name(const std::string& name, const Error& error) {
    const std::string detail =
        error.code == ErrorCode::unavailable
            ? fmt::format("no name server answers for {}: check the network's DNS", name)
            : fmt::format("the name {} has no address: is it right, does this net know it?", name);
    return {ProbeResult::dns_error, "dns", detail};
}

}  // namespace cxedge::probes
