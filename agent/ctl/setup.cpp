// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/setup.hpp"

#include <iostream>
#include <sstream>

#include <fmt/core.h>
#include <unistd.h>

#include "agent/ctl/doctor/secret_place.hpp"
#include "agent/ctl/terminal.hpp"

namespace cxedge::ctl {
namespace {

std::optional<std::string> ask_terminal(const std::string& prompt) {
    write_out(prompt);
    std::string line;
    if (!std::getline(std::cin, line)) {
        write_out("\n");
        return std::nullopt;
    }
    const std::size_t begin = line.find_first_not_of(" \t\r");
    return begin == std::string::npos
               ? std::string()
               : line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
}

Interview interview_here(const SetupOptions& options) {
    Interview interview;
    if (::isatty(STDIN_FILENO) == 1) {
        interview.ask = ask_terminal;
    }
    interview.say = note;
    interview.profiles_dir = options.box.profiles_dir;
    return interview;
}

SiteFacts facts_for(const SetupAnswers& answers, SiteFacts facts) {
    facts.broker = answers.broker.value_or("");
    facts.tenant = answers.tenant.value_or("");
    facts.site = answers.site.value_or("");
    facts.profile = answers.profile.value_or("");
    facts.claim_file = answers.claim_file.value_or("");
    for (auto member :
         {&SiteFacts::password_file,
          &SiteFacts::ca_file,
          &SiteFacts::certificate_file,
          &SiteFacts::key_file}) {
        facts.*member = absolute_place(facts.*member);
    }
    return facts;
}

// A line of its own for each of several mistakes.
ExitCode fail_with_lines(const Error& error) {
    std::istringstream lines(error.message);
    for (std::string line; std::getline(lines, line);) {
        note(line);
    }
    return exit_code_of(error);
}

void look_around(const config::AgentConfig& config, const SetupOptions& options) {
    std::size_t problems = 0;
    Findings findings;
    examine_box(config, options.box, [&](const Finding& finding) {
        findings.push_back(finding);
        problems += finding.verdict == Verdict::problem ? 1U : 0U;
        if (!options.json) {
            write_out(to_line(finding));
        }
    });
    if (options.json) {
        write_out(to_json(findings));
        return;
    }
    write_out(
        problems == 0 ? "all is well; next: systemctl enable --now cxedged, then cxctl status\n"
                      : fmt::format("{} to mend; then: cxctl doctor\n", problems)
    );
}

}  // namespace

ExitCode run_setup(const SetupOptions& options) {
    const std::string& path = options.box.config_file;
    const Existing existing = options.force ? Existing::replace : Existing::keep;
    if (!options.force && ::access(path.c_str(), F_OK) == 0) {
        return fail(file_in_the_way(path));  // before somebody answers questions for nothing
    }
    const auto answers = complete_answers(options.answers, interview_here(options));
    if (!answers) {
        return fail_with_lines(answers.error());
    }
    const auto written = write_site_file(
        {path, options.box.profiles_dir},
        site_file_text(facts_for(*answers, options.further)),
        existing
    );
    if (!written) {
        return fail_with_lines(written.error());
    }
    if (options.json) {
        note("wrote " + path);
    } else {
        write_out("wrote " + path + "\n");
    }
    look_around(written->config, options);
    return ExitCode::ok;
}

}  // namespace cxedge::ctl
