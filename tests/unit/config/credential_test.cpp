// SPDX-License-Identifier: Apache-2.0
#include "agent/config/credential.hpp"

#include <cstdlib>

#include "tests/support/catch.hpp"

namespace cxedge::config {

TEST_CASE("credential: a name is a file of what systemd hands over", "[config]") {
    CHECK(secret_file_path("/etc/cxedge/ca.pem") == "/etc/cxedge/ca.pem");
    CHECK(secret_file_path("").empty());
    ::unsetenv("CREDENTIALS_DIRECTORY");
    CHECK(
        secret_file_path("credential:site_key.pem") ==
        "/run/credentials/cxedged.service/site_key.pem"
    );
    ::setenv("CREDENTIALS_DIRECTORY", "/run/credentials/other.service", 1);
    CHECK(
        secret_file_path("credential:site_key.pem") == "/run/credentials/other.service/site_key.pem"
    );
    ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_CASE("credential: a name is one, and stays in its directory", "[config]") {
    CHECK(check_optional_secret_file("").empty());
    CHECK(check_optional_secret_file("/etc/cxedge/key.pem").empty());
    CHECK(check_optional_secret_file("credential:site_key.pem").empty());
    for (const char* wrong :
         {"key.pem", "credential:", "credential:../key.pem", "credentials:key"}) {
        CAPTURE(wrong);
        CHECK_FALSE(check_optional_secret_file(wrong).empty());
    }
}

}  // namespace cxedge::config
