// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/fetch_words.hpp"

#include <cerrno>

#include <curl/curl.h>
#include <fmt/core.h>
#include <openssl/x509_vfy.h>

namespace cxedge::probes {
namespace {

std::string words_of_errno(ProbeResult result) {
    switch (result) {
        case ProbeResult::refused:
            return "refuses the connection: is the server running, is the port right?";
        case ProbeResult::no_route:
            return "cannot be reached from here: no route (check the gateway and the interface)";
        case ProbeResult::no_permission:
            return "this process may not open the connection (firewall of the box, or interface)";
        default:
            return "does not answer: it is off, or something on the way drops what it is sent";
    }
}

// A route of type `blackhole` says EINVAL (Linux net/ipv4/fib_semantics.c, fib_props).
FetchVerdict verdict_of_connection(int os_error) {
    const ProbeResult result =
        os_error == EINVAL ? ProbeResult::no_route : result_of_errno(os_error);
    return {result, "connect", words_of_errno(result)};
}

FetchVerdict verdict_of_certificate(long verified) {
    constexpr long kNotSaid = 1;  // libcurl leaves it so when only the name is wrong
    switch (verified) {
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
                    ::X509_verify_cert_error_string(verified)
                )};
    }
}

FetchVerdict verdict_of_handshake(const FetchEnding& ending) {
    if (ending.os_error == ECONNRESET) {
        return {ProbeResult::tls_error, "tls", "broke off the TLS handshake"};
    }
    if (ending.verified != X509_V_OK && ending.verified != X509_V_ERR_UNSPECIFIED) {
        return verdict_of_certificate(ending.verified);
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

}  // namespace

FetchVerdict verdict_of(const FetchEnding& ending) {
    switch (ending.code) {
        case CURLE_OK:
            return {};
        case CURLE_COULDNT_CONNECT:
        case CURLE_INTERFACE_FAILED:
            return verdict_of_connection(ending.os_error);
        case CURLE_OPERATION_TIMEDOUT:
            return verdict_of_silence(ending.step);
        case CURLE_PEER_FAILED_VERIFICATION:
            return verdict_of_certificate(ending.verified);
        case CURLE_SSL_CONNECT_ERROR:
            return verdict_of_handshake(ending);
        case CURLE_SSL_CACERT_BADFILE:
            return {
                ProbeResult::tls_error, "tls", "ca_file cannot be read or holds no certificate"};
        case CURLE_GOT_NOTHING:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
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
            return {
                ending.step == "tls" ? ProbeResult::tls_error : ProbeResult::bad_status,
                ending.step,
                fmt::format(
                    "the request failed: {}",
                    ::curl_easy_strerror(static_cast<CURLcode>(ending.code))
                )};
    }
}

FetchVerdict verdict_of_silence(const std::string& step) {
    if (step == "connect") {
        return {ProbeResult::timeout, step, words_of_errno(ProbeResult::timeout)};
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
