// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/doctor/secret_place.hpp"

#include <filesystem>

#include "tests/support/catch.hpp"

namespace cxedge::ctl {

TEST_CASE("doctor: files by path and files that systemd hands over", "[ctl][doctor]") {
    CHECK(readable_path("/etc/key.pem") == "/etc/key.pem");
    CHECK(readable_path("").empty());
    CHECK(readable_path("credential:site_no-such.pem") == "/etc/cxedge/credentials/no-such.pem");
    CHECK(readable_path("credential:sealed").ends_with("/sealed"));
    CHECK(is_credential("credential:x"));
    CHECK_FALSE(is_credential("/etc/credential:x"));
}

TEST_CASE("doctor: a place for the site file", "[ctl][doctor]") {
    CHECK(absolute_place("").empty());
    CHECK(absolute_place("credential:site_key.pem") == "credential:site_key.pem");
    CHECK(absolute_place("/a/../b.pem") == "/b.pem");
    CHECK(absolute_place("b.pem") == (std::filesystem::current_path() / "b.pem").string());
}

}  // namespace cxedge::ctl
