// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/enrol_desk.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

#include <fmt/core.h>

namespace cxedge::remote {
namespace {

std::string whole_name(const wire::EnrolName& name) {
    return name.tenant + "/" + name.site + "/" + name.node;
}

bool contains(const std::vector<std::string>& keys, const std::string& key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// After this certificate the node may still come with the key before: it falls back to it when the
// broker refuses the new one.
std::vector<std::string> keys_after(
    const EnrolledNode* before, const std::string& wanted, const std::string& proof
) {
    std::vector<std::string> keys{wanted};
    if (before == nullptr) {
        return keys;
    }
    if (proof != wanted && contains(before->keys, proof)) {
        keys.push_back(proof);
    } else if (before->keys.front() != wanted) {
        keys.push_back(before->keys.front());
    }
    return keys;
}

}  // namespace

Result<AllowedSerials> parse_allowed_serials(const std::string& text) {
    AllowedSerials allowed;
    std::istringstream lines(text);
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        std::istringstream words(line);
        std::string serial;
        std::string path;
        std::string more;
        words >> serial >> path >> more;
        const bool bound = std::count(path.begin(), path.end(), '/') == 2;
        if (!more.empty() || (!path.empty() && !bound)) {
            return corrupt(
                fmt::format("line {}: is neither SERIAL nor SERIAL tenant/site/node", number)
            );
        }
        if (!serial.empty() && !allowed.emplace(serial, path).second) {
            return corrupt(fmt::format("line {}: serial {} is there twice", number, serial));
        }
    }
    return allowed;
}

wire::EnrolResponse EnrolDesk::answer(
    const wire::EnrolName& name, const wire::EnrolRequest& request, WallTime now
) {
    wire::EnrolResponse response;
    response.nonce = request.nonce;
    auto certificate = issue(name, request, now);
    if (!certificate) {
        response.refused = certificate.error().message;
        return response;
    }
    response.certificate = std::move(*certificate);
    if (rules_.first_desired) {
        response.desired = rules_.first_desired(name);
    }
    return response;
}

Result<std::string> EnrolDesk::issue(
    const wire::EnrolName& name, const wire::EnrolRequest& request, WallTime now
) {
    const auto asked = examine(name, request, now);
    if (!asked) {
        return asked.error();
    }
    auto certificate =
        issue_certificate(rules_.issuer, request.csr, name.node, now, rules_.lifetime);
    if (!certificate) {
        return certificate;
    }
    // Before it is handed out: a second key must be refused even if we are killed now.
    const auto keys = keys_after(known_.find(name), asked->wanted.fingerprint, asked->proof_key);
    if (const Status kept = known_.remember(name, {request.serial, keys}); !kept) {
        return kept.error();
    }
    rules_.replaceable.erase(whole_name(name));
    return certificate;
}

Result<EnrolDesk::Asked> EnrolDesk::examine(
    const wire::EnrolName& name, const wire::EnrolRequest& request, WallTime now
) const {
    auto wanted = parse_certificate_request(request.csr);
    if (!wanted) {
        return wanted.error().during("the certificate request");
    }
    if (wanted->common_name != name.node) {
        return invalid_argument(fmt::format(
            "the certificate request is for {}, the topic is of {}", wanted->common_name, name.node
        ));
    }
    const auto proof = parse_certificate(request.proof_certificate, "");
    if (!proof) {
        return proof.error().during("the proof's certificate");
    }
    if (const Status is_signed = verify_with_certificate(
            request.proof_certificate, enrol_proof_bytes(name, request), request.proof
        );
        !is_signed) {
        return is_signed.error().during("the proof");
    }
    const EnrolledNode* node = known_.find(name);
    const bool renewal = node != nullptr && contains(node->keys, proof->fingerprint);
    Asked asked{std::move(*wanted), proof->fingerprint, renewal};
    for (const Status& fine :
         {check_proof(request, asked, now),
          check_serial(name, request.serial),
          check_key(name, asked),
          check_name(name)}) {
        if (!fine) {
            return fine.error();
        }
    }
    return asked;
}

// A node's own certificate proves that node and no other, even where one CA issued all.
Status EnrolDesk::check_proof(const wire::EnrolRequest& request, const Asked& asked, WallTime now)
    const {
    if (asked.renewal) {
        const Status ours =
            check_chain(request.proof_certificate, rules_.issuer.certificate_pem, now);
        return ours ? ours : Status(ours.error().during("the present certificate"));
    }
    const std::string owner = known_.owner_of(asked.proof_key);
    if (!owner.empty()) {
        return invalid_argument("the proof is by the key of " + owner);
    }
    const Status claim = check_chain(request.proof_certificate, rules_.claims_pem, now);
    return claim ? claim : Status(claim.error().during("the claim certificate"));
}

Status EnrolDesk::check_serial(const wire::EnrolName& name, const std::string& serial) const {
    if (rules_.any_serial) {
        return {};
    }
    const auto allowed = rules_.serials.find(serial);
    if (allowed == rules_.serials.end()) {
        return invalid_argument("serial " + serial + " is not on the allow list");
    }
    const bool fine = allowed->second.empty() || allowed->second == whole_name(name);
    return fine ? Status()
                : Status(invalid_argument(fmt::format(
                      "the allow list has serial {} for {} alone", serial, allowed->second
                  )));
}

// The certificate says the node's name and nothing of tenant and site, and at the broker the name
// gives the rights: a second node of one name would have the first one's topics.
Status EnrolDesk::check_name(const wire::EnrolName& name) const {
    if (rules_.reserved.count(name.node) == 1) {
        return invalid_argument("the name " + name.node + " is reserved; give the box another");
    }
    const std::string other = known_.elsewhere(name);
    if (other.empty() || rules_.replaceable.count(whole_name(name)) == 1) {
        return {};
    }
    return invalid_argument(fmt::format(
        "the name {} is taken by {}; give the box another, or, if that box is gone, restart the "
        "enroller with --replace {}",
        name.node,
        other,
        whole_name(name)
    ));
}

Status EnrolDesk::check_key(const wire::EnrolName& name, const Asked& asked) const {
    const std::string owner = known_.owner_of(asked.wanted.fingerprint);
    if (!owner.empty() && owner != whole_name(name)) {
        return invalid_argument("this key is already that of " + owner);
    }
    const EnrolledNode* node = known_.find(name);
    const bool fine = node == nullptr || asked.renewal ||
                      contains(node->keys, asked.wanted.fingerprint) ||
                      rules_.replaceable.count(whole_name(name)) == 1;
    return fine ? Status()
                : Status(invalid_argument(
                      "this node is enrolled with another key; if the box was replaced, restart "
                      "the enroller with --replace " +
                      whole_name(name)
                  ));
}

}  // namespace cxedge::remote
