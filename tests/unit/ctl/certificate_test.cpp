// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/doctor/certificate.hpp"

#include <fstream>
#include <iostream>
#include <iterator>

#include "agent/remote/credential_x509.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/test_ca.hpp"

namespace cxedge::ctl {
namespace {

std::string content_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool cannot_make_certificates() {
    if (test::TestCa::available()) {
        return false;
    }
    std::cout << "skipped: openssl is not installed\n";
    return true;
}

}  // namespace

TEST_CASE("certificate: findings", "[ctl][doctor]") {
    if (cannot_make_certificates()) {
        return;
    }
    const test::TestCa ca;
    const auto files = ca.issue("box", "DNS:box");
    const auto other = ca.issue("other", "DNS:other");
    const auto parsed = remote::parse_certificate(content_of(files.certificate), "");
    REQUIRE(parsed.ok());
    const WallTime now = parsed->not_before + std::chrono::hours(1);
    const auto verdict = [&](const CertificatePlace& place, WallTime when) {
        const Finding finding = check_certificate(place, when);
        CHECK((finding.verdict == Verdict::ok || !finding.remedy.empty()));
        return finding.verdict;
    };
    const std::string setting = "uplink.certificate_file";
    CertificatePlace place{setting, files.certificate, files.key, true};
    CHECK(verdict(place, now) == Verdict::note);  // two days are not long
    CHECK(verdict(place, parsed->not_after + std::chrono::hours(1)) == Verdict::problem);
    CHECK(verdict(place, parsed->not_before - std::chrono::hours(1)) == Verdict::problem);
    place.key_file = other.key;
    CHECK(verdict(place, now) == Verdict::problem);
    place.key_file = "/nowhere/key";
    CHECK(verdict(place, now) == Verdict::problem);
    CHECK(verdict({"node.claim_file", files.certificate, "", false}, now) == Verdict::note);
    CHECK(verdict({"node.claim_file", files.key, "", false}, now) == Verdict::problem);
}

}  // namespace cxedge::ctl
