// SPDX-License-Identifier: Apache-2.0
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/stat.h>

#include "agent/ctl/setup_questions.hpp"
#include "agent/ctl/site_file.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::ctl {
namespace {

// A person at a terminal, who says these things in this order and then leaves.
struct Person {
    std::deque<std::string> says;
    std::vector<std::string> prompts;
    std::vector<std::string> told;

    [[nodiscard]] Interview interview(const std::string& profiles) {
        Interview interview;
        interview.ask = [this](const std::string& prompt) -> std::optional<std::string> {
            prompts.push_back(prompt);
            if (says.empty()) {
                return std::nullopt;
            }
            std::string answer = says.front();
            says.pop_front();
            return answer;
        };
        interview.say = [this](const std::string& line) {
            told.push_back(line);
        };
        interview.profiles_dir = profiles;
        return interview;
    }
};

class Profiles {
public:
    Profiles() {
        std::ofstream(dir_.file("catalogue.toml")) << "";
        std::ofstream(dir_.file("store-gateway.toml")) << "[spool]\nmax_mib = 3\n";
        std::ofstream(dir_.file("demo.toml")) << "";
    }
    [[nodiscard]] std::string path() const { return dir_.path().string(); }

private:
    test::TempDir dir_;
};

std::string all_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool tells(const Error& error, const std::string& part) {
    return error.message.find(part) != std::string::npos;
}

SetupAnswers good_answers() {
    SetupAnswers answers;
    answers.broker = "mqtts://broker.example";
    answers.tenant = "acme";
    answers.site = "store-0042";
    answers.profile = "store-gateway";
    return answers;
}

SiteFacts good_facts() {
    SiteFacts facts;
    facts.broker = "mqtts://broker.example";
    facts.tenant = "acme";
    facts.site = "store-0042";
    facts.profile = "store-gateway";
    return facts;
}

}  // namespace

TEST_CASE("setup: asks five questions, and again what is wrong", "[ctl][setup]") {
    const Profiles profiles;
    Person person;
    person.says = {
        "broker.example",
        "mqtts://broker.example",
        "",
        "acme",
        "store 42",
        "store-42",
        "store-gatway",
        "",
        "/nowhere/claim.pem",
        ""};
    const auto answers = complete_answers({}, person.interview(profiles.path()));
    REQUIRE(answers.ok());
    CHECK(*answers->broker == "mqtts://broker.example");
    CHECK(*answers->tenant == "acme");
    CHECK(*answers->site == "store-42");
    CHECK(*answers->profile == "store-gateway");
    CHECK(answers->claim_file->empty());
    CHECK(person.prompts.size() == 10);
    CHECK(person.prompts[6].find("demo, store-gateway") != std::string::npos);
    REQUIRE(person.told.size() == 5);
    CHECK(person.told[0] == "\"broker.example\" does not begin with mqtt:// or mqtts://");
    CHECK(person.told[1] == "is empty");
    CHECK(person.told[2] == "\"store 42\" may hold only letters, digits and ._-");
    CHECK(person.told[3].find("did you mean \"store-gateway\"?") != std::string::npos);
    CHECK(person.told[4].find("/nowhere/claim.pem") == 0);
}

TEST_CASE("setup: asks only for what no option said, and may be given up", "[ctl][setup]") {
    const Profiles profiles;
    Person person;
    person.says = {""};
    const auto answers = complete_answers(good_answers(), person.interview(profiles.path()));
    REQUIRE(answers.ok());
    CHECK(person.prompts.size() == 1);
    const auto given_up = complete_answers({}, person.interview(profiles.path()));
    REQUIRE_FALSE(given_up.ok());
    CHECK(given_up.error().code == ErrorCode::unavailable);
}

TEST_CASE("setup: without a terminal every wrong or missing answer is said", "[ctl][setup]") {
    const Profiles profiles;
    const Interview nobody{nullptr, nullptr, profiles.path()};
    CHECK(complete_answers(good_answers(), nobody).ok());
    SetupAnswers answers;
    answers.broker = "mqtt://user:secret@host";
    answers.profile = "catalogue";
    answers.claim_file = profiles.path() + "/demo.toml";
    const auto wrong = complete_answers(answers, nobody);
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().code == ErrorCode::invalid_argument);
    CHECK(tells(wrong.error(), "--broker: no user or password here"));
    CHECK(tells(wrong.error(), "\n--tenant: is missing"));
    CHECK(tells(wrong.error(), "\n--site: is missing"));
    CHECK(tells(wrong.error(), "\n--profile: there is no profile \"catalogue\""));
    CHECK(tells(wrong.error(), "demo.toml: holds no certificate in PEM form"));
}

TEST_CASE("setup: a wrong option is not asked for again", "[ctl][setup]") {
    const Profiles profiles;
    Person person;
    person.says = {""};
    SetupAnswers answers = good_answers();
    answers.site = "a/b";
    const auto wrong = complete_answers(answers, person.interview(profiles.path()));
    REQUIRE_FALSE(wrong.ok());
    CHECK(tells(wrong.error(), "--site: "));
}

TEST_CASE("setup: the site file loads and says what was answered", "[ctl][setup]") {
    const Profiles profiles;
    const test::TempDir dir;
    const std::string path = dir.file("etc/cxedge/cxedged.toml");
    SiteFacts facts = good_facts();
    facts.node = "box-1";
    facts.claim_file = "/etc/cxedge/a \"b\".pem";
    facts.ca_file = "/etc/cxedge/ca.pem";
    const auto written =
        write_site_file({path, profiles.path()}, site_file_text(facts), Existing::keep);
    REQUIRE(written.ok());
    const auto loaded = config::load({path, profiles.path()});
    REQUIRE(loaded.ok());
    CHECK(loaded->config.node.tenant == "acme");
    CHECK(loaded->config.node.site == "store-0042");
    CHECK(loaded->config.node.id == "box-1");
    CHECK(loaded->config.node.claim_file == "/etc/cxedge/a \"b\".pem");
    CHECK(loaded->config.uplink.brokers.front() == "mqtts://broker.example");
    CHECK(loaded->config.uplink.ca_file == "/etc/cxedge/ca.pem");
    CHECK(loaded->config.spool.max_mib == 3);
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0644U);
    CHECK_FALSE(std::filesystem::exists(path + ".new"));
}

TEST_CASE("setup: a site file is replaced only when told, and kept as .old", "[ctl][setup]") {
    const Profiles profiles;
    const test::TempDir dir;
    const config::LoadOptions place{dir.file("site.toml"), profiles.path()};
    std::ofstream(place.site_file) << "# mine\n";
    const std::string text = site_file_text(good_facts());
    const auto refused = write_site_file(place, text, Existing::keep);
    REQUIRE_FALSE(refused.ok());
    CHECK(tells(refused.error(), "--force"));
    CHECK(all_of(place.site_file) == "# mine\n");
    REQUIRE(write_site_file(place, text, Existing::replace).ok());
    CHECK(all_of(place.site_file) == text);
    CHECK(all_of(place.site_file + ".old") == "# mine\n");
}

TEST_CASE("setup: a site file that would not load is not written", "[ctl][setup]") {
    const Profiles profiles;
    const test::TempDir dir;
    const config::LoadOptions place{dir.file("site.toml"), profiles.path()};
    SiteFacts facts = good_facts();
    facts.broker = "mqtt://broker.example";
    facts.ca_file = "/etc/cxedge/ca.pem";  // without TLS
    const auto refused = write_site_file(place, site_file_text(facts), Existing::keep);
    REQUIRE_FALSE(refused.ok());
    CHECK(tells(refused.error(), place.site_file + ":"));
    CHECK_FALSE(tells(refused.error(), ".new"));
    CHECK(std::filesystem::is_empty(dir.path()));
}

}  // namespace cxedge::ctl
