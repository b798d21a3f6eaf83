// SPDX-License-Identifier: Apache-2.0
#include "tests/support/test_ca.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace cxedge::test {
namespace {

// Elliptic curve keys are made in a moment.
constexpr const char* kNewKey = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes ";

bool succeeds(const std::string& command) {
    return std::system(command.c_str()) ==
           0;  // NOLINT(concurrency-mt-unsafe): tests have one thread
}

}  // namespace

bool TestCa::available() {
    return succeeds("openssl version >/dev/null 2>&1");
}

void TestCa::run(const std::string& arguments) const {
    if (!succeeds(
            "cd '" + directory_.path().string() + "' && openssl " + arguments + " 2>openssl.log"
        )) {
        throw std::runtime_error("openssl failed: " + arguments);
    }
}

TestCa::TestCa() {
    run(std::string("req -x509 -days 2 -subj '/CN=Test CA' ") + kNewKey +
        "-keyout ca.key -out ca.crt");
}

CertificateFiles TestCa::issue(const std::string& name, const std::string& alternative_name) const {
    std::ofstream(directory_.file(name + ".ext")) << "subjectAltName=" << alternative_name << "\n";
    run("req -new -subj '/CN=" + name + "' " + kNewKey + "-keyout " + name + ".key -out " + name +
        ".csr");
    run("x509 -req -days 2 -CA ca.crt -CAkey ca.key -CAcreateserial -extfile " + name +
        ".ext -in " + name + ".csr -out " + name + ".crt");
    return {directory_.file(name + ".crt"), directory_.file(name + ".key")};
}

}  // namespace cxedge::test
