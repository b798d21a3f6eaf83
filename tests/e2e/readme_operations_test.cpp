// SPDX-License-Identifier: Apache-2.0
// Whoever reads only README's section on operations gets from keys to yesterday's numbers: its
// commands are run as they stand there, one shell after the other, with this build's programs.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include <fmt/core.h>
#include <pwd.h>
#include <unistd.h>

#include "tests/support/catch.hpp"
#include "tests/support/mosquitto_server.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_ca.hpp"

namespace cxedge::test {
namespace {

constexpr std::chrono::minutes kWholeStory{4};

// What a machine has and this test has not: packages, systemd, root, a name in DNS. $HERE is the
// test's directory; /etc of the commands is below it.
constexpr const char* kMachine = R"sh(
set -euo pipefail
cd "$HERE"
export CXEDGE_SOCKET=$HERE/run/control.sock
set -m  # each job is a process group, which ends as one
end_all() {
    local pid
    for pid in $(jobs -p); do kill -- "-$pid" 2>/dev/null || true; done
    wait
}
trap end_all EXIT
sudo() { "$@"; }
cxctl() {
    local more=()
    case $1 in
        setup)
            more=(--config "$HERE/etc/cxedge/cxedged.toml" --profiles "$PROFILES")
            more+=(--state-dir "$HERE/state" --user "$(id -un)") ;;
        push) more=(--trial-s 3) ;;
    esac
    "$CXCTL" "$@" "${more[@]}" </dev/null
}
until_it_answers() {
    local tries
    for tries in {1..300}; do
        if "$@" >/dev/null 2>&1; then return; fi
        read -rt 0.1 <> <(:) || true
    done
    echo "no answer: $*" >&2
    return 1
}
systemctl() {
    case "$*" in
        "restart mosquitto")
            if ((MOSQUITTO_USER)); then
                chmod 755 "$HERE"  # as /etc is: the broker is no longer root when it loads its key
            elif (($(id -u) == 0)); then
                echo "user root" >> etc/mosquitto/conf.d/cxedge.conf
            fi
            "$(PATH=$PATH:/usr/sbin command -v mosquitto)" -c etc/mosquitto/conf.d/cxedge.conf >broker.log 2>&1 &
            until_it_answers bash -c "exec 3<>/dev/tcp/127.0.0.1/$PORT" ;;
        "enable --now cxedged")
            "$CXEDGED" --config etc/cxedge/cxedged.toml --profiles "$PROFILES" \
                --state-dir state --runtime-dir run >box.log 2>&1 &
            until_it_answers "$CXCTL" status ;;
        *) echo "systemctl $*: what is that?" >&2; return 1 ;;
    esac
}
)sh";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (std::size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

// The blocks of commands of a section, one after the other.
std::vector<std::string> commands_of(const std::string& heading) {
    std::ifstream readme(std::string(PROFILES) + "/../README.md");
    std::vector<std::string> blocks;
    bool here = false;
    bool inside = false;
    for (std::string line; std::getline(readme, line);) {
        if (line.rfind("```", 0) == 0) {
            inside = !inside;
            if (here && inside) {
                blocks.emplace_back();
            }
        } else if (inside && here) {
            blocks.back() += line + "\n";
        } else if (line.rfind("## ", 0) == 0) {
            here = line == heading;
        }
    }
    return blocks;
}

// Only root can give a key to the user that the broker's package makes.
bool is_mosquitto_user_there() {
    return geteuid() == 0 && getpwnam("mosquitto") != nullptr;
}

// The only words that are not README's own.
std::string on_this_machine(std::string commands, const std::string& directory, unsigned port) {
    commands = replaced(std::move(commands), "/etc/", directory + "/etc/");
    commands = replaced(
        std::move(commands), "mqtts://broker.example", fmt::format("mqtts://localhost:{}", port)
    );
    commands = replaced(std::move(commands), "broker.example", "localhost");
    commands = replaced(std::move(commands), "-o cxedge ", "");  // the packages make that user
    if (!is_mosquitto_user_there()) {
        commands = replaced(std::move(commands), "-o mosquitto ", "");
    }
    return replaced(std::move(commands), "listener 8883", fmt::format("listener {}", port));
}

}  // namespace

TEST_CASE("readme: its section on operations works as it stands", "[e2e]") {
    if (!MosquittoServer::available() || !TestCa::available()) {
        std::cout << "skipped: mosquitto or openssl is not installed\n";
        return;
    }
    std::uint16_t port = 0;
    {
        const MosquittoServer free_port;  // ends at once: the commands start their own
        port = free_port.port();
    }
    const TempDir dir;
    const auto blocks = commands_of("## Operations");
    REQUIRE(blocks.size() == 7);
    std::ofstream script(dir.file("commands.sh"));
    script << "HERE='" << dir.path().string() << "'\nPORT=" << port << "\nPROFILES='" << PROFILES
           << "'\nCXCTL='" << CXCTL << "'\nCXEDGED='" << CXEDGED << "'\n"
           << "MOSQUITTO_USER=" << (is_mosquitto_user_there() ? 1 : 0) << "\n"
           << kMachine;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        script << "echo '== block " << i + 1 << "'\n"
               << on_this_machine(blocks[i], dir.path().string(), port);
    }
    script << "echo '== end'\n";
    script.close();
    const Finished story = run({"bash", dir.file("commands.sh")}, kWholeStory);
    INFO(story.output);
    CHECK(story.status == 0);
    CHECK(story.output.find("== end") != std::string::npos);
    // The push landed, the box is well, the staged one found it done; the box answers; its history
    // has what happened.
    CHECK(story.output.find("acme/store-0042/gw-1 serial") != std::string::npos);
    CHECK(story.output.find("store-0042/gw-1: 1 nodes: 1 confirmed") != std::string::npos);
    CHECK(story.output.find("100 %: 1 nodes: 1 confirmed") != std::string::npos);
    CHECK(story.output.find("1 nodes: 1 well") != std::string::npos);
    CHECK(story.output.find("ping succeeded") != std::string::npos);
    CHECK(story.output.find("config.confirmed") != std::string::npos);
}

}  // namespace cxedge::test
