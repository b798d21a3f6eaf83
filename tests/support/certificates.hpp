// SPDX-License-Identifier: Apache-2.0
// Certificates that are right and wrong, made with the openssl command: out of date, self-signed,
// of an authority nobody knows, below an intermediate one. Each file holds a chain, the leaf first.
#pragma once

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_ca.hpp"

namespace cxedge::test {

class Certificates {
public:
    explicit Certificates(const std::string& root = "Test Root")
        : root_(make(root, kAuthority, 2, nullptr)) {}

    [[nodiscard]] const CertificateFiles& root() const { return root_; }

    // `days` -1: it was good for one day, and ran out a day ago. `alternative_name`:
    // "DNS:localhost", "IP:127.0.0.1".
    [[nodiscard]] CertificateFiles issue(
        const std::string& name, const std::string& alternative_name, int days = 2
    ) const {
        return make(name, named(alternative_name), days, &root_);
    }
    [[nodiscard]] CertificateFiles issue_below(
        const CertificateFiles& issuer,
        const std::string& name,
        const std::string& alternative_name,
        int days = 2
    ) const {
        const CertificateFiles made = make(name, named(alternative_name), days, &issuer);
        std::ifstream in(issuer.certificate);
        std::ofstream(made.certificate, std::ios::app)
            << std::string(std::istreambuf_iterator<char>(in), {});
        return made;
    }
    // An authority below the root.
    [[nodiscard]] CertificateFiles intermediate(const std::string& name, int days = 2) const {
        return make(name, kAuthority, days, &root_);
    }
    [[nodiscard]] CertificateFiles self_signed(
        const std::string& name, const std::string& alternative_name, int days = 2
    ) const {
        return make(name, named(alternative_name), days, nullptr);
    }

private:
    using Words = std::vector<std::string>;
    static constexpr const char* kAuthority = "basicConstraints=critical,CA:TRUE";

    static std::string named(const std::string& alternative_name) {
        return "subjectAltName=" + alternative_name;
    }
    static void run_it(const Words& words) {
        const Finished finished = run(words);
        if (finished.status != 0) {
            throw std::runtime_error(words.front() + ": " + finished.output);
        }
    }
    // What ends in the past was made before it.
    static Words on_the_day(int days, const Words& signing) {
        Words words;
        if (days < 0) {
            words = {"faketime", std::to_string(1 - days) + " days ago"};
        }
        words.insert(words.end(), signing.begin(), signing.end());
        words.insert(words.end(), {"-days", std::to_string(std::max(days, 1))});
        return words;
    }
    // `issuer` null: itself.
    [[nodiscard]] CertificateFiles make(
        const std::string& name,
        const std::string& extension,
        int days,
        const CertificateFiles* issuer
    ) const {
        const CertificateFiles files{
            directory_.file(name + ".crt"), directory_.file(name + ".key")};
        const std::string request = directory_.file("request");
        const std::string extensions = directory_.file("extensions");
        std::ofstream(extensions) << extension << "\n";
        Words asking{
            "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"};
        asking.insert(
            asking.end(), {"-nodes", "-subj", "/CN=" + name, "-keyout", files.key, "-out", request}
        );
        run_it(asking);
        Words signing{"openssl", "x509", "-req", "-in", request};
        signing.insert(signing.end(), {"-extfile", extensions, "-out", files.certificate});
        if (issuer == nullptr) {
            signing.insert(signing.end(), {"-signkey", files.key});
        } else {
            signing.insert(signing.end(), {"-CA", issuer->certificate, "-CAkey", issuer->key});
            signing.emplace_back("-CAcreateserial");
        }
        run_it(on_the_day(days, signing));
        return files;
    }

    TempDir directory_;
    CertificateFiles root_;
};

}  // namespace cxedge::test
