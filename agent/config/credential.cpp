// SPDX-License-Identifier: Apache-2.0
#include "agent/config/credential.hpp"

#include <cstdlib>
#include <string_view>

#include "agent/config/text_checks.hpp"

namespace cxedge::config {
namespace {

constexpr std::string_view kCredential = "credential:";
// Seen by root only, while the unit runs.
constexpr const char* kUnitCredentials = "/run/credentials/cxedged.service";

bool is_credential(const std::string& text) {
    return text.rfind(kCredential, 0) == 0;
}

}  // namespace

std::string check_optional_secret_file(const std::string& text) {
    if (!is_credential(text)) {
        const std::string wrong = check_optional_path(text);
        return wrong.empty() ? "" : wrong + ", nor credential:NAME";
    }
    const std::string wrong = check_name(text.substr(kCredential.size()));
    return wrong.empty() ? "" : "the credential's name " + wrong;
}

std::string secret_file_path(const std::string& text) {
    if (!is_credential(text)) {
        return text;
    }
    const char* given =
        std::getenv("CREDENTIALS_DIRECTORY");  // NOLINT(concurrency-mt-unsafe): before threads
    const std::string directory = given == nullptr ? kUnitCredentials : given;
    return directory + "/" + text.substr(kCredential.size());
}

}  // namespace cxedge::config
