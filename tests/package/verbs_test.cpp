// SPDX-License-Identifier: Apache-2.0
// Every verb of cxctl explains itself: an example that its own options allow, what its exit status
// says, JSON; completion and man page know it with all its options.
#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"

namespace cxedge::test {
namespace {

const std::string kCxctl = std::string(CXEDGE_BIN_DIR) + "/cxctl";

struct Verb {
    std::vector<std::string> path;  // "config", "show"
    std::string help;

    [[nodiscard]] std::string name() const {
        std::string name = "cxctl";
        for (const std::string& word : path) {
            name += " " + word;
        }
        return name;
    }
    // First words of the entries below "SECTION:".
    [[nodiscard]] std::set<std::string> listed(const std::string& section) const {
        std::set<std::string> names;
        std::istringstream lines(help);
        bool inside = false;
        for (std::string line; std::getline(lines, line);) {
            const bool entry = line.rfind("  ", 0) == 0 && line.size() > 2 && line[2] != ' ';
            inside = line == section + ":" || (inside && line.rfind(' ', 0) == 0);
            if (inside && entry) {
                add_names(line.substr(2, line.find(' ', 2) - 2), names);
            }
        }
        return names;
    }

private:
    // "-h,--help"
    static void add_names(const std::string& text, std::set<std::string>& names) {
        std::istringstream parts(text);
        for (std::string name; std::getline(parts, name, ',');) {
            names.insert(name);
        }
    }
};

Verb verb_at(const std::vector<std::string>& path) {
    std::vector<std::string> command{kCxctl};
    command.insert(command.end(), path.begin(), path.end());
    command.emplace_back("--help");
    const Finished said = run(command);
    REQUIRE(said.status == 0);
    return {path, said.output};
}

// Those that do something; "config" only has verbs.
void collect_verbs(const std::vector<std::string>& path, std::vector<Verb>& found) {
    const Verb verb = verb_at(path);
    const auto below = verb.listed("Subcommands");
    if (below.empty()) {
        found.push_back(verb);
    }
    for (const std::string& name : below) {
        std::vector<std::string> deeper = path;
        deeper.push_back(name);
        collect_verbs(deeper, found);
    }
}

const std::vector<Verb>& all_verbs() {
    static const std::vector<Verb> verbs = [] {
        std::vector<Verb> found;
        collect_verbs({}, found);
        return found;
    }();
    return verbs;
}

// Words of the lines "Example: cxctl ...".
std::vector<std::string> example_words(const std::string& help) {
    std::vector<std::string> words;
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line);) {
        if (line.find("Example: ") == 0) {
            std::istringstream in(line);
            for (std::string word; in >> word;) {
                words.push_back(word);
            }
        }
    }
    return words;
}

std::string completed(const Verb& verb) {
    std::string words = "cxctl ";
    for (const std::string& word : verb.path) {
        words += word + " ";
    }
    const std::string script = std::string(". ") + CXEDGE_SOURCE_DIR +
                               "/packaging/bash-completion; PATH=" + CXEDGE_BIN_DIR +
                               ":$PATH; COMP_WORDS=(" + words +
                               "-); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _cxedge cxctl; "
                               "printf '%s\\n' \"${COMPREPLY[@]}\"";
    const Finished offered = run({"bash", "-c", script});
    REQUIRE(offered.status == 0);
    return "\n" + offered.output;
}

}  // namespace

TEST_CASE("verbs: each has an example that its options allow", "[package]") {
    CHECK(all_verbs().size() >= 20);
    for (const Verb& verb : all_verbs()) {
        INFO(verb.name());
        CHECK(verb.help.find("Example: ") != std::string::npos);
        CHECK(verb.help.find(verb.name()) != std::string::npos);
        const auto options = verb.listed("Options");
        for (const std::string& word : example_words(verb.help)) {
            INFO(word);
            CHECK((word.rfind("--", 0) != 0 || options.count(word) == 1));
        }
    }
}

TEST_CASE("verbs: each says what its exit status means, and speaks JSON", "[package]") {
    for (const Verb& verb : all_verbs()) {
        INFO(verb.name());
        CHECK(verb.help.find("Exit status: 0 ") != std::string::npos);
        CHECK(verb.listed("Options").count("--json") == 1);
    }
}

TEST_CASE("verbs: a wrong command line is status 2, with a word about it", "[package]") {
    for (const Verb& verb : all_verbs()) {
        INFO(verb.name());
        std::vector<std::string> command{kCxctl};
        command.insert(command.end(), verb.path.begin(), verb.path.end());
        command.emplace_back("--no-such-option");
        const Finished refused = run(command);
        CHECK(refused.status == 2);
        CHECK_FALSE(refused.output.empty());
    }
}

TEST_CASE("verbs: completion and man page have each with all its options", "[package]") {
    const Finished page = run(
        {"python3",
         std::string(CXEDGE_SOURCE_DIR) + "/packaging/man_page.py",
         "program",
         "cxctl",
         "1",
         std::string(CXEDGE_SOURCE_DIR) + "/packaging/man/cxctl.1.body",
         "1.2.3",
         "2026-01-02",
         kCxctl}
    );
    REQUIRE(page.status == 0);
    std::string plain = page.output;
    plain.erase(std::remove(plain.begin(), plain.end(), '\\'), plain.end());
    for (const Verb& verb : all_verbs()) {
        INFO(verb.name());
        const std::size_t heading = plain.find(".SS " + verb.name() + "\n");
        REQUIRE(heading != std::string::npos);
        const std::string its_part =
            plain.substr(heading, plain.find("\n.S", heading + 1) - heading);
        const std::string offered = completed(verb);
        for (const std::string& option : verb.listed("Options")) {
            INFO(option);
            CHECK(offered.find("\n" + option + "\n") != std::string::npos);
            const bool general = option == "-h" || option == "--help";
            CHECK((general || its_part.find(option) != std::string::npos));
        }
    }
}

}  // namespace cxedge::test
