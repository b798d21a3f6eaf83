// SPDX-License-Identifier: Apache-2.0
#include "tests/plugins/case_run.hpp"

#include <algorithm>

#include "tests/plugins/case_folder.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

namespace fs = std::filesystem;

void sort_unique(std::vector<std::string>& lines) {
    std::sort(lines.begin(), lines.end());
    lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
}

std::vector<std::string> event_lines(const FakeHost& host) {
    std::vector<std::string> lines;
    for (const Event& event : host.events) {
        lines.push_back(
            event.name + " " + std::string(to_string(event.severity)) + " " + event.subject + " " +
            event.text
        );
    }
    return lines;
}

void check_problems(const CaseRun& run, const std::vector<std::string>& problems) {
    for (const std::string& part : read_lines(run.folder / "problems.txt")) {
        INFO("looking for <" << part << ">");
        CHECK(std::any_of(problems.begin(), problems.end(), [&](const std::string& problem) {
            return problem.find(part) != std::string::npos;
        }));
    }
}

void check_readings(CaseRun& run) {
    std::vector<std::string> actual = run.host.reading_lines();
    if (run.any_order) {
        sort_unique(actual);
    }
    CHECK(difference(read_lines(run.folder / "expected.txt"), actual) == "");
    if (fs::exists(run.folder / "answers.txt")) {
        CHECK(difference(read_lines(run.folder / "answers.txt"), run.answers) == "");
    }
    if (fs::exists(run.folder / "events.txt")) {
        CHECK(difference(read_lines(run.folder / "events.txt"), event_lines(run.host)) == "");
    }
}

void run_case(const PluginUnderTest& plugin, const fs::path& folder) {
    CaseRun run;
    run.folder = folder;
    if (plugin.prepare) {
        plugin.prepare(run);
    }
    std::map<std::string, std::string> variables{
        {"case", folder.string()},
        {"dir", run.dir.path().string()},
        {"input", run.dir.file("input")}};
    variables.merge(run.variables);
    run.config = substitute(read_text(folder / "config.toml"), variables);
    const std::unique_ptr<Source> source = plugin.make();
    SettingsProblems problems;
    source->init(source_settings(run.config), problems);
    if (fs::exists(folder / "problems.txt")) {
        check_problems(run, problems.lines());
        CHECK_FALSE(problems.empty());
        return;
    }
    REQUIRE(problems.lines() == std::vector<std::string>());
    const Status started = source->start(run.host);
    REQUIRE((started.ok() ? "" : started.error().message) == "");
    plugin.feed(run, *source);
    source->stop();
    check_readings(run);
}

void check_sample(const PluginUnderTest& plugin) {
    const std::unique_ptr<Source> source = plugin.make();
    SettingsProblems problems;
    source->init(
        source_settings(read_text(plugins_dir() / plugin.folder / "sample.toml")), problems
    );
    source->stop();
    CHECK(problems.lines() == std::vector<std::string>());
}

}  // namespace

void check_plugin(const PluginUnderTest& plugin) {
    SECTION(plugin.folder + ": sample passes init, which touches nothing") {
        check_sample(plugin);
    }
    const std::vector<fs::path> folders = case_folders(plugin.folder);
    CHECK(folders.size() >= 2);
    for (const fs::path& folder : folders) {
        DYNAMIC_SECTION(plugin.folder << "/" << folder.filename().string()) {
            run_case(plugin, folder);
        }
    }
}

}  // namespace cxedge::test
