// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/http_credentials.hpp"

#include <cerrno>
#include <cstdint>
#include <fstream>
#include <iterator>

#include "agent/base/secret_file.hpp"

#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

constexpr std::size_t kLargestFile = 1U << 20U;

std::string base64(std::string_view bytes) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            const char byte = at + i < bytes.size() ? bytes[at + i] : '\0';
            group = (group << 8U) | static_cast<unsigned char>(byte);
        }
        const std::size_t digits = std::min<std::size_t>(bytes.size() - at, 3) + 1;
        for (std::size_t i = 0; i < 4; ++i) {
            out += i < digits ? kDigits[(group >> (18U - 6U * i)) & 0x3FU] : '=';
        }
    }
    return out;
}

// Looks at all of `given`, whatever is wrong with it; its length is no secret.
bool same_secret(std::string_view given, std::string_view secret) {
    unsigned difference = given.size() == secret.size() ? 0U : 1U;
    for (std::size_t i = 0; i < given.size(); ++i) {
        const auto here = static_cast<unsigned char>(given[i]);
        const auto expected = static_cast<unsigned char>(secret[i % secret.size()]);
        difference |= static_cast<unsigned>(here ^ expected);
    }
    return difference == 0;
}

}  // namespace

Result<std::string> read_whole_file(const std::string& path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::string text;
    if (file) {
        text.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    if (!file || file.bad()) {
        return system_error(path, errno != 0 ? errno : EIO);
    }
    if (text.size() > kLargestFile) {
        return invalid_argument(path + ": too large");
    }
    return text;
}

Result<HttpCredentials> HttpCredentials::read(const HttpListenerSettings& settings) {
    HttpCredentials credentials;
    if (!settings.token_file.empty()) {
        Result<std::string> token = read_secret(settings.token_file);
        if (!token) {
            return token.error().during("token_file");
        }
        credentials.bearer_ = std::move(token).value();
    }
    if (!settings.user.empty()) {
        const Result<std::string> password = read_secret(settings.password_file);
        if (!password) {
            return password.error().during("password_file");
        }
        credentials.basic_ = base64(settings.user + ":" + *password);
    }
    return credentials;
}

bool HttpCredentials::allow(std::string_view authorization) const {
    const std::size_t blank = authorization.find(' ');
    if (!needed() || blank == std::string_view::npos) {
        return !needed();
    }
    const std::string scheme = lower(authorization.substr(0, blank));
    const std::string_view given = trimmed(authorization.substr(blank));
    if (scheme == "bearer") {
        return !bearer_.empty() && same_secret(given, bearer_);
    }
    return scheme == "basic" && !basic_.empty() && same_secret(given, basic_);
}

std::string HttpCredentials::challenge() const {
    const bool both = !bearer_.empty() && !basic_.empty();
    return std::string(bearer_.empty() ? "" : "Bearer realm=\"cxedge\"") + (both ? ", " : "") +
           (basic_.empty() ? "" : "Basic realm=\"cxedge\", charset=\"UTF-8\"");
}

}  // namespace cxedge::devices
