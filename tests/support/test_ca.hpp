// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

struct CertificateFiles {
    std::string certificate;
    std::string key;
};

// A certificate authority of a few minutes' life, made with the openssl command.
class TestCa {
public:
    // False where openssl is not installed.
    static bool available();

    TestCa();
    [[nodiscard]] std::string certificate() const { return directory_.file("ca.crt"); }
    [[nodiscard]] std::string key() const { return directory_.file("ca.key"); }
    // `alternative_name` as in subjectAltName: "IP:127.0.0.1", "DNS:localhost".
    [[nodiscard]] CertificateFiles issue(
        const std::string& name, const std::string& alternative_name
    ) const;

private:
    void run(const std::string& arguments) const;

    TempDir directory_;
};

}  // namespace cxedge::test
