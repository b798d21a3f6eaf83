// SPDX-License-Identifier: Apache-2.0
// Every file in firmware-config loads and keeps its promises.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "agent/config/load.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/config/config_files.hpp"

using namespace cxedge;  // NOLINT(google-build-using-namespace) every name here is the agent's

namespace {

const std::string kDir = CXEDGE_FIRMWARE_CONFIG;

std::vector<std::string> profiles() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(kDir)) {
        if (entry.path().extension() == ".toml" && entry.path().stem() != "catalogue") {
            names.push_back(entry.path().stem().string());
        }
    }
    return test::sorted(names);
}

config::Loaded load_profile(const std::string& name) {
    const test::ConfigFiles files;
    files.write("site.toml", "profile = \"" + name + "\"\n[node]\nsite = \"test\"\n");
    auto loaded = config::load({files.path("site.toml"), kDir});
    CAPTURE(name, loaded.ok() ? "" : loaded.error().message);
    REQUIRE(loaded.ok());
    return std::move(loaded).value();
}

std::string read_all(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    REQUIRE(file.good());
    return {std::istreambuf_iterator<char>(file), {}};
}

// Comment marks and line breaks gone, so that a wrapped help text is one run of words.
std::string as_words(const std::string& text) {
    std::string out;
    for (const char c : text) {
        const bool gap = c == '\n' || c == '#' || c == ' ';
        if (!gap) {
            out += c;
        } else if (!out.empty() && out.back() != ' ') {
            out += ' ';
        }
    }
    return out;
}

bool has_line(const std::string& text, const std::string& begin) {
    return text.find("\n" + begin) != std::string::npos;
}

// Does the first '*' glob of `pattern`s end match `name`? The profiles only use "prefix*".
bool matches(const std::string& pattern, const std::string& name) {
    return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1))
                                  : name == pattern;
}

}  // namespace

TEST_CASE("firmware-config: the profiles that are promised exist and load", "[config]") {
    const std::vector<std::string> names = profiles();
    for (const std::string name : {"demo", "network-probe", "store-gateway", "unmanned-store"}) {
        CHECK(std::count(names.begin(), names.end(), name) == 1);
    }
    for (const std::string& name : names) {
        const config::Loaded loaded = load_profile(name);
        CHECK(loaded.config.profile == name);
        CHECK_FALSE(loaded.config.sources.empty());
        CHECK(read_all(kDir + "/README.md").find("`" + name + ".toml`") != std::string::npos);
    }
}

TEST_CASE(
    "firmware-config: every rule of a profile is for a catalogued metric or gives a unit",
    "[config]"
) {
    for (const std::string& name : profiles()) {
        const config::Loaded loaded = load_profile(name);
        for (const config::RuleConfig& rule : loaded.config.rules) {
            CAPTURE(name, rule.match);
            const bool known = std::any_of(
                loaded.config.catalogue.begin(),
                loaded.config.catalogue.end(),
                [&](const auto& entry) { return matches(rule.match, entry.first); }
            );
            CHECK((known || !rule.unit.empty()));
        }
    }
}

TEST_CASE("firmware-config: a series of a profile agrees with the catalogue", "[config]") {
    const config::Loaded demo = load_profile("demo");
    std::size_t series_seen = 0;
    for (const config::SourceConfig& source : demo.config.sources) {
        const SettingsNode* series = source.settings.find("series");
        if (series == nullptr) {
            continue;
        }
        for (const SettingsNode& one : *series->list()) {
            const std::string metric = std::get<std::string>(one.find("metric")->value);
            CAPTURE(metric);
            const CatalogueEntry& entry = demo.config.catalogue.at(metric);
            CHECK(std::get<std::string>(one.find("kind")->value) == to_string(entry.kind));
            CHECK(std::get<std::string>(one.find("unit")->value) == entry.unit);
            ++series_seen;
        }
    }
    CHECK(series_seen >= 5);
}

TEST_CASE("firmware-config: the demo shows values within seconds", "[config]") {
    const config::AgentConfig demo = load_profile("demo").config;
    CHECK(demo.pipeline.window <= std::chrono::seconds(5));
    std::set<std::string> raw;
    std::set<std::string> with_unit;
    for (const config::RuleConfig& rule : demo.rules) {
        if (rule.keep == "raw") {
            raw.insert(rule.match);
        }
        if (!rule.unit.empty()) {
            with_unit.insert(rule.match);
        }
    }
    CHECK(raw.count("store.footfall.*") == 1);
    CHECK(with_unit.count("till.*") == 1);
}

TEST_CASE("firmware-config: the catalogue covers the vocabulary", "[config]") {
    const Catalogue catalogue = load_profile("demo").config.catalogue;
    CHECK(catalogue.size() >= 100);
    const std::vector<std::tuple<std::string, Kind, std::string>> samples{
        {"store.footfall.in", Kind::counter, "{person}"},
        {"store.queue.wait", Kind::histogram, "s"},
        {"store.env.co2", Kind::gauge, "[ppm]"},
        {"store.open", Kind::state, "1"},
        {"agent.rss", Kind::gauge, "By"},
        {"agent.cpu", Kind::gauge, "1"},
        {"agent.source.state", Kind::state, "1"},
        {"cam.fps", Kind::gauge, "Hz"},
        {"cam.frame_cost", Kind::histogram, "s"},
        {"statsd.bad_lines", Kind::delta, "{line}"},
        {"kqi.voice.mos", Kind::gauge, "1"},
        {"net.data.used", Kind::counter, "By"},
    };
    for (const auto& [metric, kind, unit] : samples) {
        CAPTURE(metric);
        REQUIRE(catalogue.count(metric) == 1);
        CHECK(catalogue.at(metric).kind == kind);
        CHECK(catalogue.at(metric).unit == unit);
    }
    for (const auto& [metric, entry] : catalogue) {
        CAPTURE(metric);
        SeriesInfo info;
        info.key.metric = metric;
        CHECK(normalise(info).ok());
        CHECK(entry.definition.ends_with('.'));
        CHECK((entry.kind != Kind::state || entry.unit == "1"));
        CHECK(std::none_of(metric.begin(), metric.end(), [](char c) {
            return c >= 'A' && c <= 'Z';
        }));
    }
}

TEST_CASE("firmware-config: the example site file loads", "[config]") {
    for (const auto& entry : std::filesystem::directory_iterator(kDir + "/examples")) {
        if (entry.path().extension() == ".toml") {
            const auto loaded = config::load({entry.path().string(), kDir});
            CAPTURE(entry.path().string(), loaded.ok() ? "" : loaded.error().message);
            CHECK(loaded.ok());
        }
    }
}

TEST_CASE("firmware-config: the example explains every setting of the agent", "[config]") {
    const std::string text = "\n" + read_all(kDir + "/examples/site.toml");
    const std::string words = as_words(text);
    for (const SettingHelp& setting : config::settings_help()) {
        CAPTURE(setting.key, setting.help);
        CHECK(
            (words.find(as_words(setting.help)) != std::string::npos ||
             setting.type.find("table") == 0)
        );
        const std::string name = setting.key.substr(setting.key.rfind('.') + 1);
        if (setting.type == "table") {
            CHECK(has_line(text, "[" + setting.key + "]"));
        } else {
            const bool shows_default =
                has_line(text, "# " + name + " = " + setting.fallback + "\n");
            CHECK((shows_default || has_line(text, name + " = ")));
        }
    }
}
