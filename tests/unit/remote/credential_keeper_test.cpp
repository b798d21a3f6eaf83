// SPDX-License-Identifier: Apache-2.0
// A box's whole way to its certificates, with real cryptography and a scripted broker and clock.
#include "agent/remote/credential_keeper.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>

#include <sys/stat.h>

#include "agent/uplink/reason_code.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/scripted_broker.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/remote/identities.hpp"

namespace cxedge::remote {

using test::content_of;
using test::kBoxName;
using test::ManualClock;
using test::ScriptedBroker;

namespace {

// The test CA lives for two days.
constexpr std::chrono::hours kLifetime{12};
constexpr std::chrono::milliseconds kStep{250};

bool ends_with(const std::string& text, const std::string& end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// A box, its broker, and an enroller that answers what is published to enrol/req.
struct Story {
    test::TestCa nodes;
    test::TestCa claims;
    test::TempDir dir;
    ManualClock clock;
    ScriptedBroker broker;
    EnrolRegister known;
    EnrolRules rules;
    std::vector<Event> events;
    UplinkSight uplink;
    std::unique_ptr<CredentialKeeper> keeper;
    bool enroller_there = true;
    std::size_t asked = 0;

    Story() : known(EnrolRegister::open(dir.file("register")).value()) {
        clock.set_wall(test::wall_now());
        const auto files = claims.issue("claim-7", "DNS:claim-7");
        std::ofstream(dir.file("claim.pem"))
            << content_of(files.certificate) << content_of(files.key);
        rules.issuer = {content_of(nodes.certificate()), content_of(nodes.key())};
        rules.claims_pem = content_of(claims.certificate());
        rules.any_serial = true;
        rules.lifetime = kLifetime;
        rules.first_desired = [](const wire::EnrolName&) {
            return "desired";
        };
        start();
    }

    // As after a restart of the agent.
    void start() {
        CredentialOptions options;
        options.directory = dir.file("identity");
        options.name = kBoxName;
        options.serial = "SN-1";
        options.broker.client_id = "box";
        options.broker.tls = true;
        options.endpoints = {{"one.example", 8883, true}, {"two.example", 8883, true}};
        options.claim_file = dir.file("claim.pem");
        options.seed = 7;
        keeper.reset();
        broker.drop();
        keeper = std::make_unique<CredentialKeeper>(
            std::move(options),
            CredentialKeeper::Parts{
                broker,
                clock,
                [this](Event event) {
                    events.push_back(std::move(event));
                }}
        );
    }

    void turn() {
        keeper->run_once(uplink);
        const auto requests = broker.to("/enrol/req");
        if (enroller_there && requests.size() > asked) {
            answer(requests.back().payload);
        }
        asked = requests.size();
        clock.advance(kStep);
    }
    void answer(const std::string& payload) {
        const auto request = wire::decode_enrol_request(payload);
        REQUIRE(request.ok());
        EnrolDesk desk(rules, known);
        broker.receive(
            "cx/1/acme/store-1/box-1/enrol/rsp",
            wire::encode_enrol_response(desk.answer(kBoxName, *request, clock.wall_now()))
        );
    }
    // False: not within the time.
    template <class Condition>
    bool turn_until(Condition condition, std::chrono::milliseconds most) {
        for (std::chrono::milliseconds spent{0}; spent < most; spent += kStep) {
            if (condition()) {
                return true;
            }
            turn();
        }
        return condition();
    }
    bool enrolled_within(std::chrono::milliseconds most) {
        return turn_until([this] { return !keeper->credential().empty(); }, most);
    }
    // The uplink connects anew, as it does with every new credential.
    void reconnect() {
        uplink.online = true;
        ++uplink.connects;
    }
    [[nodiscard]] bool has(const std::string& name) const {
        return std::filesystem::exists(dir.path() / "identity" / name);
    }
    [[nodiscard]] std::string fingerprint() const {
        return CredentialFiles::load(keeper->credential()).value().certificate.fingerprint;
    }
    [[nodiscard]] bool told(const std::string& name) const {
        return std::any_of(events.begin(), events.end(), [&](const Event& event) {
            return event.name == name;
        });
    }
};

}  // namespace

TEST_CASE("credential_keeper: a new box enrols with its claim", "[remote]") {
    if (test::no_openssl_here()) {
        return;
    }
    Story story;
    CHECK(story.keeper->credential().empty());
    REQUIRE(story.enrolled_within(std::chrono::seconds(60)));
    CHECK(story.told("credential.enrolled"));
    CHECK(story.keeper->problem().empty());
    CHECK(story.keeper->generation() == 1);
    const auto kept = CredentialFiles::load(story.keeper->credential());
    REQUIRE(kept.ok());
    CHECK(kept->certificate.subject == "box-1");
    // The key: of its owner only, and nowhere in what was sent.
    struct stat found {};
    REQUIRE(::stat(story.keeper->credential().c_str(), &found) == 0);
    CHECK((found.st_mode & 0777U) == 0600U);
    for (const auto& sent : story.broker.published) {
        CHECK(sent.payload.find("PRIVATE KEY") == std::string::npos);
    }
    CHECK(content_of(story.dir.file("identity/first.desired")) == "desired");
    CHECK_FALSE(story.has("next.key"));
    CHECK_FALSE(story.has("candidate.pem"));
    CHECK_FALSE(story.has("previous.pem"));
    // Asked with the claim, tried with what was received.
    CHECK(ends_with(story.broker.options.certificate_file, "candidate.pem"));
    story.start();
    CHECK_FALSE(story.keeper->credential().empty());
}

TEST_CASE("credential_keeper: an enroller that comes later is found, the key stays", "[remote]") {
    if (test::no_openssl_here()) {
        return;
    }
    Story story;
    story.enroller_there = false;
    CHECK_FALSE(story.enrolled_within(std::chrono::minutes(5)));
    CHECK(story.keeper->problem().find("no enroller answers") != std::string::npos);
    const std::string key = content_of(story.dir.file("identity/next.key"));
    CHECK(key.find("PRIVATE KEY") != std::string::npos);
    story.start();
    CHECK_FALSE(story.enrolled_within(std::chrono::minutes(5)));
    story.enroller_there = true;
    REQUIRE(story.enrolled_within(std::chrono::hours(2)));
    CHECK(private_key_of(content_of(story.keeper->credential())) == key);
}

TEST_CASE("credential_keeper: an enroller that is just starting is asked at once", "[remote]") {
    if (test::no_openssl_here()) {
        return;
    }
    Story story;
    story.enroller_there = false;
    story.broker.answer = [&](const ScriptedBroker::Published&) {
        ScriptedBroker::Answer answer;
        answer.reason = story.enroller_there ? 0 : uplink::kNoMatchingSubscribers;
        return answer;
    };
    REQUIRE(story.turn_until([&] { return story.asked > 0; }, std::chrono::seconds(30)));
    CHECK_FALSE(story.enrolled_within(std::chrono::seconds(9)));
    story.enroller_there = true;
    CHECK(story.enrolled_within(std::chrono::seconds(3)));
}

TEST_CASE("credential_keeper: a refusal is said, and tried again", "[remote]") {
    if (test::no_openssl_here()) {
        return;
    }
    Story story;
    story.rules.any_serial = false;
    CHECK_FALSE(story.enrolled_within(std::chrono::minutes(5)));
    CHECK(story.keeper->problem().find("allow list") != std::string::npos);
    story.rules.any_serial = true;
    CHECK(story.enrolled_within(std::chrono::hours(2)));
}

TEST_CASE("credential_keeper: renews at two thirds, and settles on the uplink's word", "[remote]") {
    if (test::no_openssl_here()) {
        return;
    }
    Story story;
    REQUIRE(story.enrolled_within(std::chrono::seconds(60)));
    story.reconnect();
    const std::string first = story.fingerprint();
    const auto requests = story.asked;
    story.clock.advance(kLifetime / 2);
    CHECK_FALSE(story.turn_until([&] { return story.asked > requests; }, std::chrono::minutes(5)));
    story.clock.advance(kLifetime / 4);
    REQUIRE(
        story.turn_until([&] { return story.keeper->generation() == 2; }, std::chrono::minutes(5))
    );
    CHECK(story.told("credential.renewed"));
    CHECK(story.fingerprint() != first);
    CHECK(story.has("previous.pem"));
    story.turn();
    CHECK(story.has("previous.pem"));  // online, but since before
    story.reconnect();
    CHECK(story.turn_until([&] { return !story.has("previous.pem"); }, std::chrono::seconds(5)));
    CHECK(story.keeper->generation() == 2);
}

TEST_CASE("credential_keeper: what the broker refuses in the trial is not adopted", "[remote]") {
    if (test::no_openssl_here()) {
        return;
    }
    Story story;
    REQUIRE(story.enrolled_within(std::chrono::seconds(60)));
    const std::string first = story.fingerprint();
    story.clock.advance(kLifetime * 3 / 4);
    story.broker.refuses = [](const uplink::BrokerOptions& options) {
        return ends_with(options.certificate_file, "candidate.pem");
    };
    REQUIRE(
        story.turn_until([&] { return story.told("credential.refused"); }, std::chrono::minutes(5))
    );
    CHECK(story.fingerprint() == first);
    CHECK(story.keeper->generation() == 1);
    CHECK_FALSE(story.has("candidate.pem"));
    story.broker.refuses = nullptr;
    CHECK(story.turn_until([&] { return story.keeper->generation() == 2; }, std::chrono::hours(3)));
}

TEST_CASE("credential_keeper: an outage during the trial costs nothing", "[remote]") {
    if (test::no_openssl_here()) {
        return;
    }
    Story story;
    REQUIRE(story.enrolled_within(std::chrono::seconds(60)));
    story.clock.advance(kLifetime * 3 / 4);
    story.broker.dead = [](const uplink::BrokerOptions& options) {
        return ends_with(options.certificate_file, "candidate.pem");
    };
    REQUIRE(story.turn_until([&] { return story.has("candidate.pem"); }, std::chrono::minutes(5)));
    CHECK_FALSE(
        story.turn_until([&] { return story.keeper->generation() == 2; }, std::chrono::minutes(5))
    );
    CHECK(story.has("candidate.pem"));
    story.start();  // killed meanwhile: it goes on with the same one
    story.broker.dead = nullptr;
    const auto requests = story.asked;
    CHECK(story.turn_until([&] { return story.keeper->generation() == 2; }, std::chrono::minutes(5))
    );
    CHECK(story.asked == requests);
}

TEST_CASE("credential_keeper: falls back where only the old one works", "[remote]") {
    if (test::no_openssl_here()) {
        return;
    }
    Story story;
    REQUIRE(story.enrolled_within(std::chrono::seconds(60)));
    const std::string first = story.fingerprint();
    story.clock.advance(kLifetime * 3 / 4);
    REQUIRE(
        story.turn_until([&] { return story.keeper->generation() == 2; }, std::chrono::minutes(5))
    );
    story.uplink.online = false;
    SECTION("nothing works: an outage, it stays") {
        story.broker.tcp_refused = true;
        CHECK_FALSE(story.turn_until(
            [&] { return story.keeper->generation() == 3; }, std::chrono::minutes(10)
        ));
        CHECK(story.has("previous.pem"));
        story.broker.tcp_refused = false;
        story.reconnect();
        CHECK(story.turn_until([&] { return !story.has("previous.pem"); }, std::chrono::minutes(5))
        );
        CHECK(story.fingerprint() != first);
    }
    SECTION("the old one works: it comes back, also after a restart in between") {
        story.start();
        CHECK(story.keeper->generation() == 1);
        REQUIRE(story.turn_until(
            [&] { return story.keeper->generation() == 2; }, std::chrono::minutes(5)
        ));
        CHECK(story.fingerprint() == first);
        CHECK_FALSE(story.has("previous.pem"));
        CHECK(story.keeper->problem().find("back to the one before") != std::string::npos);
    }
}

TEST_CASE("credential_keeper: a box that was off too long enrols anew with its key", "[remote]") {
    if (test::no_openssl_here()) {
        return;
    }
    Story story;
    REQUIRE(story.enrolled_within(std::chrono::seconds(60)));
    const std::string first = story.fingerprint();
    story.clock.advance(std::chrono::hours(24));
    story.start();
    REQUIRE(
        story.turn_until([&] { return story.keeper->generation() == 2; }, std::chrono::minutes(5))
    );
    CHECK(story.fingerprint() == first);
    CHECK(*story.keeper->not_after() > story.clock.wall_now());
}

TEST_CASE("credential_keeper: a damaged credential is not the end", "[remote]") {
    if (test::no_openssl_here()) {
        return;
    }
    Story story;
    REQUIRE(story.enrolled_within(std::chrono::seconds(60)));
    std::ofstream(story.dir.file("identity/node.pem")) << "not a certificate";
    story.rules.replaceable = {"acme/store-1/box-1"};
    story.start();
    CHECK(story.keeper->credential().empty());
    CHECK(story.enrolled_within(std::chrono::minutes(5)));
}

}  // namespace cxedge::remote
