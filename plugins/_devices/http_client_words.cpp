// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/http_client_words.hpp"

#include <cerrno>

#include <curl/curl.h>
#include <fmt/core.h>

namespace cxedge::devices {
namespace {

// As OpenSSL numbers them (x509_vfy.h).
constexpr long kNotSaid = 1;  // libcurl leaves it so when only the name is wrong
constexpr long kNotYetValid = 9;
constexpr long kExpired = 10;

std::string words_for_connection(int os_error) {
    switch (os_error) {
        case ECONNREFUSED:
            return "connection refused";
        case EHOSTUNREACH:
        case ENETUNREACH:
        case EHOSTDOWN:
            return "no way to it in this network";
        case ETIMEDOUT:
            return "does not answer";
        default:
            return "cannot connect";
    }
}

std::string words_for_certificate(long verified) {
    switch (verified) {
        case 0:
        case kNotSaid:
            return "certificate is not trusted: it is another host's";
        case kNotYetValid:
            return "certificate is not trusted: not valid yet (is the box's clock right?)";
        case kExpired:
            return "certificate is not trusted: it has expired";
        default:
            return "certificate is not trusted: ca_file does not know who signed it";
    }
}

}  // namespace

std::string words_for(const HttpEnding& ending) {
    switch (ending.code) {
        case CURLE_COULDNT_CONNECT:
            return words_for_connection(ending.os_error);
        case CURLE_OPERATION_TIMEDOUT:
            return ending.connected ? "no complete answer in time" : "does not answer";
        case CURLE_PEER_FAILED_VERIFICATION:
            return words_for_certificate(ending.verified);
        case CURLE_SSL_CACERT_BADFILE:
            return "ca_file cannot be read or holds no certificate";
        case CURLE_SSL_CONNECT_ERROR:
            return "no TLS there (is it http, not https?)";
        case CURLE_GOT_NOTHING:
            return "closed the connection without an answer";
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
            return "lost the connection";
        case CURLE_PARTIAL_FILE:
            return "the answer ended too early";
        case CURLE_FILESIZE_EXCEEDED:
            return "the answer is larger than max_body_kib";
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_WEIRD_SERVER_REPLY:
            return "what answers there does not speak HTTP";
        default:
            return fmt::format(
                "the request failed: {}", ::curl_easy_strerror(static_cast<CURLcode>(ending.code))
            );
    }
}

std::string words_for_status(int status) {
    constexpr int kUnauthorized = 401;
    constexpr int kForbidden = 403;
    constexpr int kNotFound = 404;
    constexpr int kNotAllowed = 405;
    constexpr int kTooMany = 429;
    constexpr int kServerFault = 500;
    switch (status) {
        case kUnauthorized:
            return "401: user or password is wrong";
        case kForbidden:
            return "403: the user may not ask for this";
        case kNotFound:
            return "404: no such page";
        case kNotAllowed:
            return "405: another method is wanted";
        case kTooMany:
            return "429: it is asked too often";
        default:
            return fmt::format(
                "{}: {}", status, status >= kServerFault ? "the device has a problem" : "refused"
            );
    }
}

}  // namespace cxedge::devices
