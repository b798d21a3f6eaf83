// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/setup_questions.hpp"

#include <vector>

#include <fmt/format.h>

#include "agent/config/load.hpp"
#include "agent/config/text_checks.hpp"
#include "agent/ctl/doctor/secret_place.hpp"
#include "agent/ctl/files.hpp"
#include "agent/remote/credential_x509.hpp"

namespace cxedge::ctl {
namespace {

constexpr std::size_t kMaxClaimBytes = 256UL * 1024UL;

struct Question {
    const char* flag;
    std::string prompt;
    std::string fallback;  // what an empty answer means on a terminal; empty: it is wrong
    bool may_be_missing;
    std::optional<std::string> SetupAnswers::*answer;
    std::function<std::string(const std::string&)> what_is_wrong;
};

std::string check_claim(const std::string& file) {
    if (file.empty()) {
        return "";
    }
    const auto pem = read_file(readable_path(file), kMaxClaimBytes);
    if (!pem) {
        return pem.error().message;
    }
    const auto certificate = remote::parse_certificate(*pem, *pem);
    return certificate ? "" : file + ": " + certificate.error().message;
}

std::string comma_separated(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? "" : ", ") + word;
    }
    return text;
}

std::vector<Question> questions(const std::string& profiles_dir) {
    return {
        {"--broker",
         "Broker (mqtts://host[:8883], or mqtt:// without TLS)",
         "",
         false,
         &SetupAnswers::broker,
         config::check_broker},
        {"--tenant",
         "Tenant (operator this box belongs to)",
         "",
         false,
         &SetupAnswers::tenant,
         config::check_name},
        {"--site", "Site (store or place)", "", false, &SetupAnswers::site, config::check_name},
        {"--profile",
         "Profile (" + comma_separated(config::profile_names(profiles_dir)) + ")",
         "store-gateway",
         false,
         &SetupAnswers::profile,
         [profiles_dir](const std::string& name) {
             return config::check_profile(name, profiles_dir);
         }},
        {"--claim",
         "Claim certificate (PEM file; empty: none)",
         "",
         true,
         &SetupAnswers::claim_file,
         check_claim},
    };
}

// What is wrong with a given answer; empty: nothing.
std::string judge(const Question& question, const std::optional<std::string>& answer) {
    if (!answer) {
        return question.may_be_missing ? ""
                                       : "is missing, and there is no terminal to ask for it on";
    }
    return question.what_is_wrong(*answer);
}

// Asks until the answer is right.
Status ask_for(const Question& question, const Interview& interview, SetupAnswers& answers) {
    const std::string hint = question.fallback.empty() ? "" : " [" + question.fallback + "]";
    for (;;) {
        auto answer = interview.ask(question.prompt + hint + ": ");
        if (!answer) {
            return unavailable("setup was given up: nothing was written");
        }
        const std::string text = answer->empty() ? question.fallback : *answer;
        const std::string wrong = question.what_is_wrong(text);
        if (wrong.empty()) {
            answers.*question.answer = text;
            return {};
        }
        interview.say(wrong);
    }
}

}  // namespace

Result<SetupAnswers> complete_answers(SetupAnswers given, const Interview& interview) {
    std::vector<std::string> wrong;
    for (const Question& question : questions(interview.profiles_dir)) {
        const bool asks = interview.ask != nullptr && !(given.*question.answer);
        const Status asked = asks ? ask_for(question, interview, given) : Status();
        if (!asked) {
            return asked.error();
        }
        std::string problem = asks ? std::string() : judge(question, given.*question.answer);
        if (!problem.empty()) {
            wrong.push_back(std::string(question.flag) + ": " + problem);
        }
    }
    // A box has no working directory that would last.
    given.claim_file = absolute_place(given.claim_file.value_or(""));
    return wrong.empty() ? Result<SetupAnswers>(std::move(given))
                         : invalid_argument(fmt::format("{}", fmt::join(wrong, "\n")));
}

}  // namespace cxedge::ctl
