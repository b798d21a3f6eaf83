// SPDX-License-Identifier: Apache-2.0
// What reviewers would otherwise have to watch: layers, homes of libraries, sizes, documents.
#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "tests/repo/tree.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

#define CHECK_NO_COMPLAINTS(complaints)     \
    do {                                    \
        const Complaints found(complaints); \
        INFO(report(found));                \
        CHECK(found.empty());               \
    } while (false)

bool starts(const std::string& text, std::string_view with) {
    return text.rfind(with, 0) == 0;
}

bool is_own_source(const std::string& path) {
    return is_source(path) &&
           (starts(path, "agent/") || starts(path, "plugins/") || starts(path, "tests/"));
}

// Second path component: "agent/base/x.hpp" -> "base".
std::string part_of(const std::string& path, std::string_view top) {
    return path.substr(top.size(), path.find('/', top.size()) - top.size());
}

// ARCHITECTURE.md, table "agent/". app may include everything.
const std::map<std::string, std::set<std::string>>& allowed_includes() {
    static const std::map<std::string, std::set<std::string>> table{
        {"base", {}},
        {"model", {"base"}},
        {"wire", {"base", "model"}},
        {"plugin_api", {"base", "model", "wire"}},
        {"ingest", {"base", "model", "plugin_api", "wire"}},
        {"pipeline", {"base", "model"}},
        {"store", {"base"}},
        {"uplink", {"base", "store", "wire"}},
        {"config", {"base", "model"}},
        {"telemetry", {"base", "model"}},
        {"control", {"base", "model", "telemetry"}},
        {"remote", {"base", "model", "uplink", "wire"}},
        {"ctl",
         {"base", "wire", "control", "model", "telemetry", "uplink", "config", "store", "remote"}},
    };
    return table;
}

TEST_CASE("repo: the tree is found", "[repo]") {
    CHECK(tree().size() > 100);
    CHECK(exists("agent/base/result.hpp"));
    CHECK_FALSE(text_of("LICENSE").empty());
}

TEST_CASE("repo: folders of agent include only what ARCHITECTURE allows", "[repo]") {
    for (const TreeFile& file : tree()) {
        const bool layered = is_source(file.path) && starts(file.path, "agent/");
        if (!layered || starts(file.path, "agent/app/")) {
            continue;
        }
        const std::string own = part_of(file.path, "agent/");
        const auto allowed = allowed_includes().find(own);
        INFO(file.path << ": agent/" << own << " is not in the include table");
        REQUIRE(allowed != allowed_includes().end());
        CHECK_NO_COMPLAINTS(check_lines(
            [&](const std::string& path) { return path == file.path; },
            [&](const std::string& line) -> std::string {
                const std::string name = included(line);
                if (starts(name, "\"plugins/") || starts(name, "\"tests/")) {
                    return "agent may not include " + name;
                }
                const bool inner = starts(name, "\"agent/");
                const std::string other = inner ? part_of(name, "\"agent/") : own;
                return other == own || allowed->second.count(other) != 0
                           ? std::string()
                           : own + " may not include " + name;
            }
        ));
    }
}

TEST_CASE("repo: wire is not in the headers of plugin_api", "[repo]") {
    CHECK_NO_COMPLAINTS(check_lines(
        [](const std::string& path) {
            return starts(path, "agent/plugin_api/") && is_header(path);
        },
        [](const std::string& line) {
            return starts(included(line), "\"agent/wire/") ? line : std::string();
        }
    ));
}

TEST_CASE("repo: plugins know base, model, plugin_api, what they share and themselves", "[repo]") {
    for (const TreeFile& file : tree()) {
        if (!is_source(file.path) || !starts(file.path, "plugins/")) {
            continue;
        }
        const std::string own = "\"plugins/" + part_of(file.path, "plugins/") + "/";
        // Commands of a plugin's own program, for whom the box's configuration is a file.
        const bool is_tool = file.path.find("/tool_") != std::string::npos;
        CHECK_NO_COMPLAINTS(check_lines(
            [&](const std::string& path) { return path == file.path; },
            [&](const std::string& line) -> std::string {
                const std::string name = included(line);
                const bool foreign = starts(name, "\"agent/") || starts(name, "\"plugins/");
                const bool fine = starts(name, "\"agent/base/") || starts(name, "\"agent/model/") ||
                                  starts(name, "\"agent/plugin_api/") || starts(name, own) ||
                                  starts(name, "\"plugins/_devices/") ||
                                  starts(name, "\"plugins/_probes/") ||
                                  // The round trip under load is theirs to measure.
                                  (own == "\"plugins/probe_throughput/" &&
                                   (name == "\"plugins/probe_icmp/probe_icmp.hpp\"" ||
                                    name == "\"plugins/probe_stamp/probe_stamp.hpp\"")) ||
                                  (is_tool && name == "\"agent/config/load.hpp\"");
                return foreign && !fine ? "a plugin may not include " + name : std::string();
            }
        ));
    }
}

struct Home {
    std::string header;              // regular expression of what stands after #include
    std::vector<std::string> where;  // regular expressions of paths
};

const std::vector<Home>& homes() {
    static const std::vector<Home> table{
        {"<sqlite3\\.h>", {"agent/store/sqlite_.*\\.cpp", "tests/sim/power_disk\\.cpp"}},
        {"<mosquitto\\.h>",
         {"agent/uplink/mosquitto_broker\\.cpp", "plugins/_devices/mqtt_subscriber\\.cpp"}},
        {"<microhttpd\\.h>", {"plugins/_devices/http_.*\\.cpp"}},
        {"<curl/.*",
         {"plugins/_devices/http_client.*\\.cpp", "plugins/_probes/http_fetch.*\\.cpp"}},
        {"<ares\\.h>", {"plugins/_probes/resolver\\.cpp"}},
        {"<netlink/.*", {"plugins/radio_wifi/.*\\.cpp"}},
        {"<systemd/.*", {"plugins/radio_cell/.*\\.cpp"}},
        {"<modbus/?.*", {"plugins/modbus/.*\\.cpp"}},
        {"<gpiod\\.h>", {"plugins/_devices/gpio_request_[12]\\.cpp"}},
        {"<alsa/.*", {"plugins/sound/.*\\.cpp"}},
        {"<re2/.*", {"plugins/serial/.*\\.cpp"}},
        {"<pugixml\\.hpp>", {"plugins/_devices/.*", "plugins/probe_video/dash_.*"}},
        {"<opencv2?/.*", {"plugins/camera/.*"}},
        {"<libav.*|<libsw.*", {"plugins/camera/.*"}},
        {"<spdlog/.*", {"agent/base/log\\.cpp"}},
        {".*\\.pb\\.h[>\"]", {"agent/wire/.*\\.cpp"}},
        {"<toml\\+\\+/.*", {"agent/config/toml_document\\.cpp"}},
        {"<nlohmann/.*",
         {"agent/control/.*",
          "agent/ctl/.*",
          "plugins/kpi_socket/.*",
          "plugins/camera/.*",
          "plugins/_devices/.*",
          "plugins/_probes/command/.*"}},
        {"<openssl/.*",
         {"agent/remote/(signing|credential_x509)\\.cpp",
          "plugins/camera/model_file\\.cpp",
          "plugins/_devices/hmac\\.cpp",
          "plugins/_probes/(http_fetch|tls_session|stamp_hmac).*\\.cpp",
          "plugins/probe_.*\\.cpp",
          "plugins/radio_wifi/bss_name\\.cpp"}},
        {"<zstd\\.h>", {"agent/wire/.*\\.cpp"}},
    };
    return table;
}

TEST_CASE("repo: a third-party header has one home", "[repo]") {
    for (const Home& home : homes()) {
        const std::regex header(home.header);
        CHECK_NO_COMPLAINTS(check_lines(
            [&](const std::string& path) {
                const bool at_home = std::any_of(
                    home.where.begin(),
                    home.where.end(),
                    [&](const std::string& where) {
                        return std::regex_match(path, std::regex(where));
                    }
                );
                return is_own_source(path) && !starts(path, "tests/") && !at_home;
            },
            [&](const std::string& line) {
                const std::string name = included(line);
                return std::regex_match(name, header) ? name + " is not at home here"
                                                      : std::string();
            }
        ));
    }
}

TEST_CASE("repo: source files are short", "[repo]") {
    Complaints complaints;
    for (const TreeFile& file : tree()) {
        const std::size_t limit = starts(file.path, "agent/app/") ? 300 : 500;
        const std::size_t lines = is_own_source(file.path) ? lines_of(file.path).size() : 0;
        if (lines > limit) {
            complaints.push_back(
                file.path + ":" + std::to_string(lines) + ": more than " + std::to_string(limit) +
                " lines"
            );
        }
    }
    CHECK_NO_COMPLAINTS(complaints);
}

TEST_CASE("repo: lines of code fit on a screen", "[repo]") {
    CHECK_NO_COMPLAINTS(check_lines(is_own_source, [](const std::string& line) {
        return line.size() > 120 ? std::to_string(line.size()) + " columns, at most 120"
                                 : std::string();
    }));
}

// CMake takes such a name for a list: ctest would run half of it, find no such test, and be
// content.
TEST_CASE("repo: no name of a test holds a semicolon", "[repo]") {
    static const std::regex kName(R"re("[^"]*;[^"]*", "\[[a-z0-9_]+\])re");
    CHECK_NO_COMPLAINTS(check_lines(
        [](const std::string& path) { return path.ends_with("_test.cpp"); },
        [](const std::string& line) {
            return std::regex_search(line, kName) ? std::string("ctest cannot run it")
                                                  : std::string();
        }
    ));
}

// On Debian 12 armhf that of a library has 32 bits, ours has 64 (cross/README.md).
TEST_CASE("repo: no library takes or gives a time_t or a timespec", "[repo]") {
    static const std::regex kTaking(
        "\\b(ASN1_(UTC|GENERALIZED)?TIME_(set|adj)|X509_(STORE_CTX|VERIFY_PARAM)_set_time"
        "|X509_cmp(_current)?_time|X509_(time|gmtime)_adj\\w*"
        "|gpiod_(line|ctxless)_event_(wait|read)\\w*|ares_timeout|snd_pcm_\\w*htstamp)\\("
    );
    CHECK_NO_COMPLAINTS(check_lines(is_own_source, [](const std::string& line) {
        return std::regex_search(line, kTaking) ? std::string("times there have other bits")
                                                : std::string();
    }));
}

TEST_CASE("repo: every source file names its licence first", "[repo]") {
    Complaints complaints;
    for (const TreeFile& file : tree()) {
        const bool typed = is_own_source(file.path) || file.path.ends_with(".proto");
        if (typed && !starts(text_of(file.path), "// SPDX-License-Identifier: Apache-2.0\n")) {
            complaints.push_back(file.path + ":1: no SPDX line");
        }
    }
    CHECK_NO_COMPLAINTS(complaints);
}

// Folders below plugins/ with a CMakeLists.txt.
std::set<std::string> plugin_folders() {
    std::set<std::string> out;
    for (const TreeFile& file : tree()) {
        if (starts(file.path, "plugins/") &&
            std::count(file.path.begin(), file.path.end(), '/') >= 2) {
            out.insert("plugins/" + part_of(file.path, "plugins/") + "/");
        }
    }
    return out;
}

TEST_CASE("repo: every plugin folder is complete", "[repo]") {
    const std::set<std::string> folders = plugin_folders();
    CHECK(folders.size() >= 5);
    Complaints complaints;
    for (const std::string& folder : folders) {
        if (folder == "plugins/_devices/" || folder == "plugins/_probes/") {
            continue;  // what others share
        }
        for (const char* name : {"README.md", "sample.toml", "CMakeLists.txt"}) {
            if (!exists(folder + name)) {
                complaints.push_back(folder + name + ":1: is missing");
            }
        }
        if (!exists(folder + "testcases")) {
            complaints.push_back(folder + "testcases:1: is missing");
        }
        const std::string sample = text_of(folder + "sample.toml");
        if (!sample.empty() && !has_part(text_of(folder + "README.md"), sample)) {
            complaints.push_back(folder + "README.md:1: does not quote sample.toml word for word");
        }
    }
    CHECK_NO_COMPLAINTS(complaints);
}

bool is_text(const std::string& path) {
    static const std::set<std::string> kinds{
        ".cpp",
        ".hpp",
        ".md",
        ".toml",
        ".cmake",
        ".txt",
        ".proto",
        ".service",
        ".sh",
        ".py",
        ".json",
        ".conf"};
    const std::size_t dot = path.rfind('.');
    const bool script = path == "dev" || path == ".ci/run";
    return script || (dot != std::string::npos && kinds.count(path.substr(dot)) != 0);
}

TEST_CASE("repo: nothing is left to do later", "[repo]") {
    // Spelled apart, or this file would complain about itself.
    static const std::regex words(
        "\\b(TO"
        "DO|FIX"
        "ME|XX"
        "X|HA"
        "CK)\\b"
    );
    CHECK_NO_COMPLAINTS(check_lines(is_text, [](const std::string& line) {
        std::smatch word;
        return std::regex_search(line, word, words) ? "says " + word.str() : std::string();
    }));
}

TEST_CASE("repo: no path of somebody's machine", "[repo]") {
    static const std::regex paths(
        "(^|[^A-Za-z0-9_.*-])/(wo"
        "rk|fa"
        "rm|ho"
        "me)/[A-Za-z]"
    );
    CHECK_NO_COMPLAINTS(check_lines(is_text, [](const std::string& line) {
        std::smatch path;
        return std::regex_search(line, path, paths) ? "names" + path.str() : std::string();
    }));
}

TEST_CASE("repo: tests do not sleep", "[repo]") {
    static const std::regex sleeping(
        "\\b(sleep"
        "_for|sleep"
        "_until|u"
        "sleep|nano"
        "sleep|sle"
        "ep)\\s*\\("
    );
    CHECK_NO_COMPLAINTS(check_lines(
        // A bench measures over a time; nothing there is synchronised by it.
        [](const std::string& path) {
            return is_source(path) && starts(path, "tests/") && !starts(path, "tests/bench/");
        },
        [](const std::string& line) {
            return std::regex_search(line, sleeping) ? "sleeps: wait for the event" : std::string();
        }
    ));
}

TEST_CASE("repo: decisions are dated and have a status", "[repo]") {
    static const std::regex decision("agent/decisions/[0-9]{4}-[a-z0-9-]+\\.md");
    static const std::regex date("(^|\n)[-* ]*\\**Date:\\** *20[0-9]{2}-[0-9]{2}-[0-9]{2}");
    static const std::regex status("(^|\n)[-* ]*\\**Status:\\** *[a-z]", std::regex::icase);
    Complaints complaints;
    for (const TreeFile& file : tree()) {
        if (!starts(file.path, "agent/decisions/") || file.path.ends_with("/README.md")) {
            continue;
        }
        const std::string text = text_of(file.path);
        if (!std::regex_match(file.path, decision)) {
            complaints.push_back(file.path + ":1: is not named NNNN-words.md");
        }
        if (!std::regex_search(text, date) || !std::regex_search(text, status)) {
            complaints.push_back(
                file.path + ":1: needs a line Date: YYYY-MM-DD and a line Status:"
            );
        }
    }
    CHECK_NO_COMPLAINTS(complaints);
}

// What is wrong with the relative links of one line of a document.
std::string broken_link(const std::string& folder, const std::string& line) {
    static const std::regex link("\\]\\(([^)#\\s]+)(#[^)]*)?\\)");
    for (std::sregex_iterator it(line.begin(), line.end(), link), end; it != end; ++it) {
        const std::string target = (*it)[1].str();
        const bool elsewhere = has_part(target, "://") || starts(target, "mailto:");
        if (!elsewhere && !exists(folder + target)) {
            return "link to " + target + ", which is not there";
        }
    }
    return {};
}

TEST_CASE("repo: links between documents lead somewhere", "[repo]") {
    for (const TreeFile& file : tree()) {
        if (file.path.ends_with(".md")) {
            CHECK_NO_COMPLAINTS(check_lines(
                [&](const std::string& path) { return path == file.path; },
                [&](const std::string& line) { return broken_link(folder_of(file.path), line); }
            ));
        }
    }
}

TEST_CASE("repo: no file is larger than 1 MiB", "[repo]") {
    Complaints complaints;
    for (const TreeFile& file : tree()) {
        if (file.bytes > 1U << 20U) {
            complaints.push_back(file.path + ":1: " + std::to_string(file.bytes) + " bytes");
        }
    }
    CHECK_NO_COMPLAINTS(complaints);
}

TEST_CASE("repo: headers open no namespace for others", "[repo]") {
    static const std::regex opens("^\\s*using\\s+namespace\\b");
    CHECK_NO_COMPLAINTS(check_lines(
        [](const std::string& path) { return is_own_source(path) && is_header(path); },
        [](const std::string& line) {
            return std::regex_search(line, opens) ? "using namespace in a header" : std::string();
        }
    ));
}

TEST_CASE("repo: headers are guarded by pragma once", "[repo]") {
    Complaints complaints;
    for (const TreeFile& file : tree()) {
        if (is_own_source(file.path) && is_header(file.path) &&
            !has_part(text_of(file.path), "\n#pragma once\n")) {
            complaints.push_back(file.path + ":1: no #pragma once");
        }
    }
    CHECK_NO_COMPLAINTS(complaints);
}

TEST_CASE("repo: a class is named after what it is", "[repo]") {
    static const std::regex vague("^\\s*(class|struct)\\s+\\w*(Manager|Handler|Utils?)\\b");
    CHECK_NO_COMPLAINTS(check_lines(is_own_source, [](const std::string& line) {
        return std::regex_search(line, vague) ? "a name that says nothing: " + line : std::string();
    }));
}

}  // namespace
}  // namespace cxedge::test
