// SPDX-License-Identifier: Apache-2.0
// Where a box keeps what it enrolled with: {state directory}/identity, 0700, of the agent's user.
// A credential is one PEM file, certificate and key together, so that rename(2) changes both at
// once.
//   node.pem       in use
//   previous.pem   the one before, until the broker has taken the present one
//   candidate.pem  received, not yet tried
//   next.key       a key whose certificate was not yet received: asked for again with the same one
//   first.desired  the first configuration as received, a signed envelope
// Every file is 0600 and durable once written. Thread: one.
#pragma once

#include <string>

#include "agent/base/result.hpp"
#include "agent/remote/credential_x509.hpp"

namespace cxedge::remote {

struct Credential {
    std::string pem;
    Certificate certificate;
};

class CredentialFiles {
public:
    explicit CredentialFiles(std::string directory) : directory_(std::move(directory)) {}

    [[nodiscard]] std::string node() const { return directory_ + "/node.pem"; }
    [[nodiscard]] std::string previous() const { return directory_ + "/previous.pem"; }
    [[nodiscard]] std::string candidate() const { return directory_ + "/candidate.pem"; }
    [[nodiscard]] std::string first_desired() const { return directory_ + "/first.desired"; }

    // not_found: there is none; corrupt: it is no certificate with its key.
    static Result<Credential> load(const std::string& path);
    // next.key, made where there is none.
    [[nodiscard]] Result<std::string> next_key() const;
    // The candidate; next.key is done with.
    [[nodiscard]] Status keep_candidate(
        const std::string& certificate_pem, const std::string& key_pem
    ) const;
    // Candidate -> node.pem; what was there -> previous.pem.
    [[nodiscard]] Status adopt() const;
    // previous.pem -> node.pem.
    [[nodiscard]] Status fall_back() const;
    [[nodiscard]] Status forget_previous() const;
    [[nodiscard]] Status drop_candidate() const;
    [[nodiscard]] Status keep_first_desired(const std::string& envelope) const;

private:
    [[nodiscard]] std::string next_key_path() const { return directory_ + "/next.key"; }
    [[nodiscard]] Status write(const std::string& path, const std::string& text) const;

    std::string directory_;
};

// What the box says of itself when it enrols: the device tree's or the machine's own number
// (machine-id(5)), which a disk image for many boxes must not hold. `root` is "/" but in tests.
std::string box_serial(const std::string& root = "/");

}  // namespace cxedge::remote
