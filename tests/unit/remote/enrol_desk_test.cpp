// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/enrol_desk.hpp"

#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/remote/identities.hpp"

namespace cxedge::remote {

using test::content_of;
using test::enrol_request;
using test::kBoxName;

namespace {

// A CA for nodes, another for claims, one claim certificate, an enroller with an empty register.
struct Office {
    test::TestCa nodes;
    test::TestCa claims;
    test::TempDir dir;
    std::string claim;
    EnrolRules rules;
    EnrolRegister known;

    Office() : known(EnrolRegister::open(dir.file("register")).value()) {
        const auto files = claims.issue("claim-7", "DNS:claim-7");
        claim = content_of(files.certificate) + content_of(files.key);
        rules.issuer = {content_of(nodes.certificate()), content_of(nodes.key())};
        rules.claims_pem = content_of(claims.certificate());
        rules.serials = {{"SN-1", ""}};
        rules.lifetime = std::chrono::hours(24);
    }

    wire::EnrolResponse ask(const wire::EnrolName& name, const wire::EnrolRequest& request) {
        return EnrolDesk(rules, known).answer(name, request, test::wall_now());
    }
};

bool mentions(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("enrol_desk: a claim is worth a certificate, once for each node", "[remote]") {
    if (test::no_openssl_here()) {
        return;
    }
    Office office;
    office.rules.first_desired = [](const wire::EnrolName& name) {
        return "for " + name.node;
    };
    const std::string key = make_private_key().value();
    const auto request = enrol_request(kBoxName, key, office.claim);
    const auto first = office.ask(kBoxName, request);
    REQUIRE(first.refused == "");
    CHECK(first.nonce == request.nonce);
    CHECK(first.desired == "for box-1");
    const auto certificate = parse_certificate(first.certificate, key);
    REQUIRE(certificate.ok());
    CHECK(certificate->fits_key);

    // The answer got lost: the same key may ask again.
    CHECK(office.ask(kBoxName, request).refused == "");
    const auto second =
        office.ask(kBoxName, enrol_request(kBoxName, make_private_key().value(), office.claim));
    CHECK(mentions(second.refused, "--replace acme/store-1/box-1"));
    CHECK(second.certificate.empty());

    office.rules.replaceable = {"acme/store-1/box-1"};
    const auto told =
        office.ask(kBoxName, enrol_request(kBoxName, make_private_key().value(), office.claim));
    CHECK(told.refused == "");
}

TEST_CASE("enrol_desk: what a stranger lacks is said", "[remote]") {
    if (test::no_openssl_here()) {
        return;
    }
    Office office;
    const std::string key = make_private_key().value();
    auto request = enrol_request(kBoxName, key, office.claim);

    const auto stranger_files = office.nodes.issue("stranger", "DNS:stranger");
    const std::string stranger =
        content_of(stranger_files.certificate) + content_of(stranger_files.key);
    CHECK(mentions(
        office.ask(kBoxName, enrol_request(kBoxName, key, stranger)).refused, "claim certificate"
    ));
    const wire::EnrolName elsewhere{"acme", "store-2", "box-1"};
    CHECK(mentions(office.ask(elsewhere, request).refused, "proof"));
    const wire::EnrolName other_node{"acme", "store-1", "box-2"};
    CHECK(mentions(office.ask(other_node, request).refused, "is for box-1"));
    request.serial = "SN-2";
    CHECK(mentions(office.ask(kBoxName, request).refused, "proof"));
    office.rules.serials = {{"SN-9", ""}};
    CHECK(mentions(
        office.ask(kBoxName, enrol_request(kBoxName, key, office.claim)).refused, "allow list"
    ));
    CHECK(office.known.size() == 0);
    office.rules.any_serial = true;
    CHECK(office.ask(kBoxName, enrol_request(kBoxName, key, office.claim)).refused == "");
    const wire::EnrolName thief{"acme", "store-9", "box-1"};
    CHECK(mentions(
        office.ask(thief, enrol_request(thief, key, office.claim)).refused, "already that of"
    ));
}

TEST_CASE(
    "enrol_desk: a node renews with its own certificate, also after a fall back", "[remote]"
) {
    if (test::no_openssl_here()) {
        return;
    }
    Office office;
    const std::string first_key = make_private_key().value();
    const auto first = office.ask(kBoxName, enrol_request(kBoxName, first_key, office.claim));
    const std::string first_pem = first.certificate + first_key;

    const std::string second_key = make_private_key().value();
    const auto second = office.ask(kBoxName, enrol_request(kBoxName, second_key, first_pem));
    REQUIRE(second.refused == "");
    // The broker refused the second; the box still has the first.
    const std::string third_key = make_private_key().value();
    CHECK(office.ask(kBoxName, enrol_request(kBoxName, third_key, first_pem)).refused == "");
    // And the one in the middle is worth nothing.
    const std::string second_pem = second.certificate + second_key;
    CHECK(
        office.ask(kBoxName, enrol_request(kBoxName, make_private_key().value(), second_pem))
            .refused != ""
    );
    // A node's certificate is no claim for another, even where one CA made both.
    office.rules.claims_pem = office.rules.issuer.certificate_pem;
    const wire::EnrolName other{"acme", "store-1", "box-2"};
    CHECK(mentions(
        office.ask(other, enrol_request(other, make_private_key().value(), first_pem)).refused,
        "the key of acme/store-1/box-1"
    ));
}

TEST_CASE("enrol_desk: a claim gives nobody the rights of another name", "[remote]") {
    if (test::no_openssl_here()) {
        return;
    }
    Office office;
    office.rules.reserved.insert("broker.example");
    const auto claims = [&office](const wire::EnrolName& name) {
        return office.ask(name, enrol_request(name, make_private_key().value(), office.claim));
    };
    for (const char* taken : {"operations", "enroller", "claim", "broker.example"}) {
        INFO(taken);
        const auto answer = claims({"x", "y", taken});
        CHECK(mentions(answer.refused, "is reserved"));
        CHECK(answer.certificate.empty());
    }
    REQUIRE(claims(kBoxName).refused == "");
    const wire::EnrolName evil{"evil", "site", kBoxName.node};
    const auto second = claims(evil);
    CHECK(mentions(second.refused, "is taken by acme/store-1/box-1"));
    CHECK(second.certificate.empty());
    CHECK(office.known.size() == 1);
    // A box that moved, told so: the name has one place again.
    office.rules.replaceable = {"evil/site/box-1"};
    CHECK(claims(evil).refused == "");
    CHECK(office.known.size() == 1);
    CHECK(office.known.find(kBoxName) == nullptr);
}

TEST_CASE("enrol_desk: a serial that is bound to a name becomes no other", "[remote]") {
    if (test::no_openssl_here()) {
        return;
    }
    Office office;
    office.rules.serials = {{"SN-1", "acme/store-1/box-2"}};
    const auto request = enrol_request(kBoxName, make_private_key().value(), office.claim);
    CHECK(mentions(office.ask(kBoxName, request).refused, "for acme/store-1/box-2 alone"));
    office.rules.serials = {{"SN-1", "acme/store-1/box-1"}};
    CHECK(office.ask(kBoxName, request).refused == "");
}

TEST_CASE("enrol_desk: an allow list says which line is wrong", "[remote]") {
    const auto allowed = parse_allowed_serials("SN-1\n\n SN-2  acme/store-1/box-2 \n");
    REQUIRE(allowed.ok());
    CHECK(*allowed == AllowedSerials{{"SN-1", ""}, {"SN-2", "acme/store-1/box-2"}});
    for (const char* wrong : {"SN-1\nSN-2 box-2\n", "SN-1\nSN-1\n", "SN-1\nSN-2 a/b/c d\n"}) {
        INFO(wrong);
        const auto refused = parse_allowed_serials(wrong);
        REQUIRE_FALSE(refused.ok());
        CHECK(mentions(refused.error().message, "line 2: "));
    }
}

TEST_CASE("enrol_register: is there again after a restart, and says what is wrong", "[remote]") {
    const test::TempDir dir;
    const std::string path = dir.file("register");
    {
        auto known = EnrolRegister::open(path);
        REQUIRE(known.ok());
        REQUIRE(known->remember(kBoxName, {"SN 1\n", {"k2", "k1"}}).ok());
    }
    auto again = EnrolRegister::open(path);
    REQUIRE(again.ok());
    REQUIRE(again->find(kBoxName) != nullptr);
    CHECK(*again->find(kBoxName) == EnrolledNode{"SN_1_", {"k2", "k1"}});
    CHECK(again->owner_of("k1") == "acme/store-1/box-1");
    CHECK(again->owner_of("k9").empty());
    std::ofstream(path, std::ios::app) << "not a line\n";
    const auto broken = EnrolRegister::open(path);
    REQUIRE_FALSE(broken.ok());
    CHECK(mentions(broken.error().message, "register:2: "));
}

}  // namespace cxedge::remote
