// SPDX-License-Identifier: Apache-2.0
// Man pages, completion and bill of materials say what the programs and settings are.
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "agent/base/version.hpp"
#include "agent/config/load.hpp"

#include "plugins/box/box.hpp"
#include "plugins/camera/camera_settings.hpp"
#include "plugins/kpi_socket/kpi_socket.hpp"
#include "plugins/statsd/statsd.hpp"
#include "plugins/synthetic/synthetic.hpp"

#include "tests/repo/tree.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"

namespace cxedge::test {
namespace {

const std::string kRoot = CXEDGE_SOURCE_DIR;
const std::string kBin = CXEDGE_BIN_DIR;

std::string printed_by(const std::vector<std::string>& command) {
    const Finished finished = run(command);
    INFO(command.front() << " " << command.back() << ": " << finished.output);
    REQUIRE(finished.status == 0);
    return finished.output;
}

// A page without roff's escapes.
std::string page(const std::string& kind, const std::string& name, std::vector<std::string> from) {
    std::vector<std::string> command{
        "python3",
        kRoot + "/packaging/man_page.py",
        kind,
        name.substr(0, name.rfind('.')),
        name.substr(name.rfind('.') + 1),
        kRoot + "/packaging/man/" + name + ".body",
        "1.2.3",
        "2026-01-02"};
    command.insert(command.end(), from.begin(), from.end());
    const std::string plain = std::regex_replace(printed_by(command), std::regex(R"(\\f[BR])"), "");
    return std::regex_replace(plain, std::regex(R"(\\([-&e]))"), "$1");
}

bool has_word(const std::string& text, const std::string& word) {
    return std::regex_search(text, std::regex("(^|[^\\w-])" + word + "($|[^\\w-])"));
}

// First texts of calls like add_option("--utc", ...) in the sources below `folders`.
std::set<std::string> first_texts(
    const std::vector<std::string>& folders, const std::string& calls
) {
    const std::regex call("(" + calls + ")\\(\\s*\"([^\"]+)\"");
    std::set<std::string> found;
    for (const TreeFile& file : tree()) {
        for (const std::string& folder : folders) {
            const bool here = file.path.rfind(folder, 0) == 0 && file.path.ends_with(".cpp");
            const std::string text = here ? text_of(file.path) : "";
            for (std::sregex_iterator it(text.begin(), text.end(), call), end; it != end; ++it) {
                found.insert((*it)[2].str());
            }
        }
    }
    return found;
}

struct Program {
    std::string name;
    std::string page;
    std::vector<std::string> sources;
};

const std::vector<Program>& programs() {
    static const std::vector<Program> all{
        {"cxedged", "cxedged.8", {"agent/app/"}},
        {"cxctl", "cxctl.1", {"agent/ctl/"}},
        {"cxedge-camera", "cxedge-camera.1", {"plugins/camera/tool_", "plugins/camera/main.cpp"}},
    };
    return all;
}

// What bash offers for the last of `words`.
std::set<std::string> offers(const std::vector<std::string>& words) {
    std::string script =
        ". " + kRoot + "/packaging/bash-completion; PATH=" + kBin + ":$PATH; COMP_WORDS=(";
    for (const std::string& word : words) {
        script += "'" + word + "' ";
    }
    script += "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _cxedge " + words.front() +
              "; printf '%s\\n' \"${COMPREPLY[@]}\"";
    std::set<std::string> found;
    std::istringstream lines(printed_by({"bash", "-c", script}));
    for (std::string line; std::getline(lines, line);) {
        found.insert(line);
    }
    found.erase("");
    return found;
}

// Everything offered in and below the verbs of `path`.
void collect_offers(const std::vector<std::string>& path, std::set<std::string>& found) {
    std::vector<std::string> typed = path;
    typed.emplace_back("-");
    found.merge(offers(typed));
    typed.back() = "";
    for (const std::string& verb : offers(typed)) {
        typed.back() = verb;
        collect_offers(typed, found);
        found.insert(verb);
    }
}

TEST_CASE("package: man page and completion know every verb and option", "[package]") {
    for (const Program& program : programs()) {
        std::set<std::string> words = first_texts(program.sources, "add_option|add_flag");
        words.merge(first_texts(program.sources, "add_subcommand"));
        CHECK(words.size() >= 5);
        const std::string text = page("program", program.page, {kBin + "/" + program.name});
        std::set<std::string> offered;
        collect_offers({program.name}, offered);
        for (const std::string& word : words) {
            INFO(program.name << " " << word);
            CHECK(has_word(text, word));
            // What is no option is a name in the usage: "file".
            const bool is_argument = word.rfind("--", 0) != 0 && offered.count(word) == 0;
            CHECK((offered.count(word) == 1 || (is_argument && has_word(text, word + " TEXT"))));
        }
    }
}

TEST_CASE("package: completion offers the values that an option takes", "[package]") {
    CHECK(offers({"cxctl", "tail", "--format", ""}) == std::set<std::string>{"table", "jsonl"});
    CHECK(offers({"cxctl", "config", "show", "--ori"}) == std::set<std::string>{"--origin"});
    CHECK(offers({"cxctl", "config", "s"}) == std::set<std::string>{"show"});
    CHECK(offers({"cxctl", "config", "show", "--config", ""}).empty());  // then files
}

std::string settings_page() {
    std::vector<std::string> from{kRoot + "/firmware-config/examples/site.toml"};
    for (const char* plugin : {"box", "camera", "kpi_socket", "statsd", "synthetic"}) {
        from.push_back(kRoot + "/plugins/" + plugin);
    }
    return page("settings", "cxedged.toml.5", from);
}

void check_keys(const std::string& text, const std::vector<SettingHelp>& settings) {
    for (const SettingHelp& setting : settings) {
        INFO(setting.key);
        CHECK(has_word(text, setting.key.substr(setting.key.rfind('.') + 1)));
    }
}

TEST_CASE("package: cxedged.toml(5) has every setting", "[package]") {
    const std::string text = settings_page();
    const auto part = [&](const std::string& plugin) {
        const std::size_t begin = text.find(".SS Sources: plugin = \"" + plugin + "\"");
        REQUIRE(begin != std::string::npos);
        return text.substr(begin, text.find("\n.S", begin) - begin);
    };
    check_keys(text.substr(0, text.find(".SS Sources")), config::settings_help());
    check_keys(part("box"), plugins::Box::settings_help());
    check_keys(part("camera"), camera::camera_settings_help());
    check_keys(part("kpi_socket"), plugins::KpiSocket::settings_help());
    check_keys(part("statsd"), plugins::Statsd::settings_help());
    check_keys(part("synthetic"), plugins::Synthetic::settings_help());
}

TEST_CASE("package: every program says the version that git gave the build", "[package]") {
    const std::string built(version());
    CHECK(std::regex_match(built, std::regex(R"(\d+\.\d+\.\d+(\+\d{14}\.[0-9a-f]{7,}(\.dirty)?)?)"))
    );
    for (const Program& program : programs()) {
        CHECK(
            printed_by({kBin + "/" + program.name, "--version"}) ==
            program.name + " " + built + "\n"
        );
    }
}

TEST_CASE("package: the bill of materials names every linked library", "[package]") {
    const std::string program = kBin + "/cxctl";
    const auto bill = nlohmann::json::parse(printed_by(
        {"env",
         "SOURCE_DATE_EPOCH=1700000000",
         "python3",
         kRoot + "/packaging/sbom.py",
         "cxedge",
         "1.2.3",
         "",
         program}
    ));
    CHECK(bill["spdxVersion"] == "SPDX-2.3");
    CHECK(bill["creationInfo"]["created"] == "2023-11-14T22:13:20Z");
    std::string provided;
    std::set<std::string> names;
    for (const auto& package : bill["packages"]) {
        CHECK_FALSE(package["versionInfo"].get<std::string>().empty());
        CHECK(names.insert(package["SPDXID"]).second);
        provided += package.value("comment", "") + ", ";
    }
    CHECK(names.count("SPDXRef-libc6") == 1);
    const std::string headers = printed_by({"objdump", "-p", program});
    const std::regex needed(R"(NEEDED\s+(\S+))");
    std::sregex_iterator soname(headers.begin(), headers.end(), needed);
    CHECK(soname != std::sregex_iterator());
    for (; soname != std::sregex_iterator(); ++soname) {
        INFO((*soname)[1].str());
        CHECK(has_part(provided, (*soname)[1].str() + ","));
    }
    for (const auto& relation : bill["relationships"]) {
        const std::string of = relation["relatedSpdxElement"];
        CHECK((of == "SPDXRef-cxedge" || names.count(of) == 1));
    }
}

}  // namespace
}  // namespace cxedge::test
