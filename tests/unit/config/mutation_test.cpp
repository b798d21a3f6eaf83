// SPDX-License-Identifier: Apache-2.0
// Damaged files: whatever happens to a valid one, loading ends in a configuration or in problems
// with a place, and what loads can be shown and written again.
#include <random>

#include "agent/config/load.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/config/config_files.hpp"

using namespace cxedge;  // NOLINT(google-build-using-namespace) every name here is the agent's

namespace {

const std::string kValid = R"(profile = "p"
[node]
tenant = "acme"
labels = { region = "south", "a.b" = 'x' }
[uplink]
broker = "mqtts://[::1]:8883"
keepalive_s = 12.5
[agent]
log_level = "warn"
heartbeat_s = 60
[[rule]]
match = "store.*"
stats = ["mean", "max"]
window_s = 60
[[source]]
plugin = "synthetic"
enabled = true
[[source.series]]
metric = "x"
dims = { queue = "1" }
states = [ "a",
  "b" ]
text = """
several
lines"""
)";

class Mutator {
public:
    explicit Mutator(std::uint32_t seed) : random_(seed) {}

    std::string mutate(std::string text) {
        const std::size_t steps = 1 + pick(4);
        for (std::size_t i = 0; i < steps && !text.empty(); ++i) {
            step(text);
        }
        return text;
    }

private:
    std::size_t pick(std::size_t below) {
        return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
    }

    void step(std::string& text) {
        static const std::string kTokens = "[]{}=,.\"'#\n\\ 0-x_\r\t";
        const std::size_t at = pick(text.size());
        const std::size_t length = std::min(text.size() - at, 1 + pick(20));
        switch (pick(6)) {
            case 0:
                text[at] = static_cast<char>(pick(256));
                break;
            case 1:
                text.erase(at, length);
                break;
            case 2:
                text.insert(at, 1, kTokens[pick(kTokens.size())]);
                break;
            case 3:
                text.insert(pick(text.size()), text.substr(at, length));
                break;
            case 4:
                text.resize(at);
                break;
            default:
                text[at] = kTokens[pick(kTokens.size())];
                break;
        }
    }

    std::mt19937 random_;
};

// "site.toml:3:1: ..." or "p.toml:...".
bool has_place(const std::string& line) {
    const auto colon = line.find(':');
    return colon != std::string::npos && colon + 1 < line.size() && line[colon + 1] >= '1' &&
           line[colon + 1] <= '9';
}

}  // namespace

TEST_CASE("load: damaged files never crash it, and every problem has a place", "[config]") {
    const test::ConfigFiles files;
    files.write(
        "p.toml", "[pipeline]\nwindow_s = 10\n[[source]]\nplugin = \"synthetic\"\nseed = 1\n"
    );
    REQUIRE(files.problems(kValid).empty());
    constexpr std::uint32_t kRounds = 3000;
    std::size_t loaded = 0;
    std::size_t refused = 0;
    for (std::uint32_t seed = 0; seed < kRounds; ++seed) {
        CAPTURE(seed);
        const auto result = files.load(Mutator(seed).mutate(kValid));
        if (result.ok()) {
            ++loaded;
            SettingsProblems problems;
            const std::string written = config::to_toml(result->merged);
            const SettingsNode again = config::parse_toml(written, "again", "site", problems);
            REQUIRE(problems.empty());
            REQUIRE(config::to_toml(again) == written);
            REQUIRE_FALSE(config::show(result->merged, true).empty());
            continue;
        }
        ++refused;
        REQUIRE(result.error().code == ErrorCode::invalid_argument);
        REQUIRE_FALSE(result.error().message.empty());
        for (const std::string& line : files.relative_lines(result.error().message)) {
            CAPTURE(line);
            CHECK(has_place(line));
        }
    }
    // Both outcomes must occur, or the mutations test nothing.
    CHECK(loaded > kRounds / 50);
    CHECK(refused > kRounds / 4);
}
