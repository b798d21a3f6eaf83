// SPDX-License-Identifier: Apache-2.0
// Certificates that are right and wrong, made with the openssl command: out of date, self-signed,
// of an authority nobody knows, below an intermediate one. Each file holds a chain, the leaf first.
#pragma once

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
        : root_(self_signed(root, "DNS:root.test")) {}

    [[nodiscard]] const CertificateFiles& root() const { return root_; }

    // `days` below 0: it ran out so long ago. `alternative_name`: "DNS:localhost", "IP:127.0.0.1".
    [[nodiscard]] CertificateFiles issue(
        const std::string& name, const std::string& alternative_name, int days = 2
    ) const {
        return issue_below(root_, name, alternative_name, days);
    }
    [[nodiscard]] CertificateFiles issue_below(
        const CertificateFiles& issuer,
        const std::string& name,
        const std::string& alternative_name,
        int days = 2
    ) const {
        const CertificateFiles made =
            sign(issuer, name, "subjectAltName=" + alternative_name, days);
        append_chain(made, issuer);
        return made;
    }
    // An authority below the root.
    [[nodiscard]] CertificateFiles intermediate(const std::string& name, int days = 2) const {
        return sign(root_, name, "basicConstraints=critical,CA:TRUE", days);
    }
    [[nodiscard]] CertificateFiles self_signed(
        const std::string& name, const std::string& alternative_name, int days = 2
    ) const {
        const CertificateFiles files = files_of(name);
        openssl(
            {"req",
             "-x509",
             "-newkey",
             "ec",
             "-pkeyopt",
             "ec_paramgen_curve:prime256v1",
             "-nodes",
             "-subj",
             "/CN=" + name,
             "-days",
             std::to_string(days),
             "-addext",
             "subjectAltName=" + alternative_name,
             "-keyout",
             files.key,
             "-out",
             files.certificate}
        );
        return files;
    }

private:
    [[nodiscard]] CertificateFiles files_of(std::string name) const {
        for (char& c : name) {
            c = c == ' ' || c == '*' ? '_' : c;
        }
        return {directory_.file(name + ".crt"), directory_.file(name + ".key")};
    }
    static void openssl(const std::vector<std::string>& words) {
        std::vector<std::string> command{"openssl"};
        command.insert(command.end(), words.begin(), words.end());
        const Finished finished = run(command);
        if (finished.status != 0) {
            throw std::runtime_error("openssl " + words.front() + ": " + finished.output);
        }
    }
    [[nodiscard]] CertificateFiles sign(
        const CertificateFiles& issuer,
        const std::string& name,
        const std::string& extension,
        int days
    ) const {
        const CertificateFiles files = files_of(name);
        const std::string request = directory_.file("request");
        const std::string extensions = directory_.file("extensions");
        std::ofstream(extensions) << extension << "\n";
        openssl(
            {"req",
             "-new",
             "-newkey",
             "ec",
             "-pkeyopt",
             "ec_paramgen_curve:prime256v1",
             "-nodes",
             "-subj",
             "/CN=" + name,
             "-keyout",
             files.key,
             "-out",
             request}
        );
        openssl(
            {"x509",
             "-req",
             "-in",
             request,
             "-CA",
             issuer.certificate,
             "-CAkey",
             issuer.key,
             "-CAcreateserial",
             "-days",
             std::to_string(days),
             "-extfile",
             extensions,
             "-out",
             files.certificate}
        );
        return files;
    }
    // Nobody sends the root.
    void append_chain(const CertificateFiles& leaf, const CertificateFiles& issuer) const {
        if (issuer.certificate == root_.certificate) {
            return;
        }
        std::ifstream in(issuer.certificate);
        std::ofstream(leaf.certificate, std::ios::app)
            << std::string(std::istreambuf_iterator<char>(in), {});
    }

    TempDir directory_;
    CertificateFiles root_;
};

}  // namespace cxedge::test
