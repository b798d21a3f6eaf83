// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/doctor/secret_place.hpp"

#include <filesystem>
#include <string_view>

#include "agent/config/credential.hpp"

namespace cxedge::ctl {
namespace {

constexpr std::string_view kAnyCredential = "credential:";
constexpr std::string_view kSiteCredential = "credential:site_";
constexpr const char* kCredentialDirectory = "/etc/cxedge/credentials/";

}  // namespace

bool is_credential(const std::string& text) {
    return text.starts_with(kAnyCredential);
}

std::string readable_path(const std::string& text) {
    std::string path = config::secret_file_path(text);
    std::error_code ignored;
    const bool of_site = text.starts_with(kSiteCredential);
    return of_site && !std::filesystem::exists(path, ignored)
               ? kCredentialDirectory + text.substr(kSiteCredential.size())
               : path;
}

std::string absolute_place(const std::string& text) {
    return text.empty() || is_credential(text)
               ? text
               : std::filesystem::absolute(text).lexically_normal().string();
}

}  // namespace cxedge::ctl
