// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <stdexcept>
#include <string>

#include "tests/support/process.hpp"
#include "tests/support/test_ca.hpp"

namespace cxedge::test {

// As TestCa::issue(), but out of date since yesterday. Files lie in `folder`.
inline CertificateFiles issue_expired(
    const TestCa& ca, const TempDir& folder, const std::string& name = "IP:127.0.0.1"
) {
    const CertificateFiles files{folder.file("old.crt"), folder.file("old.key")};
    std::ofstream(folder.file("old.ext")) << "subjectAltName=" + name + "\n";
    const Finished asked = run(
        {"openssl",
         "req",
         "-new",
         "-subj",
         "/CN=old",
         "-newkey",
         "ec",
         "-pkeyopt",
         "ec_paramgen_curve:prime256v1",
         "-nodes",
         "-keyout",
         files.key,
         "-out",
         folder.file("old.csr")}
    );
    // One that ends before it begins is not made by every openssl.
    const Finished issued = run(
        {"faketime",
         "2 days ago",
         "openssl",
         "x509",
         "-req",
         "-days",
         "1",
         "-CA",
         ca.certificate(),
         "-CAkey",
         ca.key(),
         "-CAserial",
         folder.file("serial"),
         "-CAcreateserial",
         "-extfile",
         folder.file("old.ext"),
         "-in",
         folder.file("old.csr"),
         "-out",
         files.certificate}
    );
    if (asked.status != 0 || issued.status != 0) {
        throw std::runtime_error("openssl failed: " + asked.output + issued.output);
    }
    return files;
}

}  // namespace cxedge::test
