// SPDX-License-Identifier: Apache-2.0
#include "agent/app/command_probe.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/core.h>

#include "agent/app/program_run.hpp"

namespace cxedge::app {
namespace {

using remote::CommandOperation;
using remote::CommandRespond;
using wire::Command;
using Words = std::vector<std::string>;

// Status of cxedge-probe: a run that found something else than "ok" is an answer, too.
constexpr int kResultIsNotOk = 1;

// The programs that are under way; each ends with its answer or its time.
class ProbePrograms {
public:
    explicit ProbePrograms(const CommandSurroundings& with) : with_(with) {}

    void run(const Command& command, const CommandRespond& respond, Words words) {
        const std::uint64_t number = ++last_;
        auto run = ProgramRun::start(
            with_.loop,
            {with_.places.plugin_dir + "/cxedge-probe",
             std::move(words),
             command.max_run,
             remote::kMaxResultBytes},
            [this, number, respond](const Result<ProgramRun::End>& end) {
                runs_.erase(number);
                respond(answer_of(end));
            }
        );
        if (run) {
            runs_[number] = std::move(*run);
        } else {
            respond(run.error().during("package cxedge-probes"));
        }
    }

private:
    static Result<std::string> answer_of(const Result<ProgramRun::End>& end) {
        if (!end) {
            return end.error();
        }
        const bool is_answer =
            end->status == 0 || (end->status == kResultIsNotOk && end->output.starts_with('{'));
        std::string text = end->output.substr(0, end->output.find_last_not_of('\n') + 1);
        return is_answer ? Result<std::string>(std::move(text))
                         : Result<std::string>(invalid_argument(std::move(text)));
    }

    const CommandSurroundings& with_;
    std::map<std::uint64_t, std::unique_ptr<ProgramRun>> runs_;
    std::uint64_t last_ = 0;
};

std::string argument(const Command& command, const std::string& key) {
    const auto found = command.args.find(key);
    return found == command.args.end() ? std::string() : found->second;
}

// As settings are written: what cxedge-probe would read as another key is none.
bool is_setting(const std::string& key) {
    constexpr const char* kLetters = "abcdefghijklmnopqrstuvwxyz0123456789_";
    return key.find_first_not_of(kLetters) == std::string::npos;
}

// Files and programs of the box are not for who asks from afar.
bool names_a_place(const std::string& key) {
    return key.ends_with("_file") || key.ends_with("_dir") || key == "bus" || key == "chronyc";
}

Result<Words> words_of(const Command& command) {
    const std::string probe = argument(command, "probe");
    const std::string target = argument(command, "target");
    if (probe.empty() || target.empty() || probe.front() == '-' || target.front() == '-') {
        return invalid_argument("probe= and target= say what is tested, e.g. probe=icmp");
    }
    Words words{"run", "--json", probe, target};
    for (const auto& [key, value] : command.args) {
        if (!is_setting(key)) {
            return invalid_argument(key + " is no setting of a probe");
        }
        if (names_a_place(key)) {
            return invalid_argument(key + " names a place on the box: configure a source instead");
        }
        if (key != "probe" && key != "target") {
            words.push_back(fmt::format("--{}={}", key, value));
        }
    }
    return words;
}

Words order_words(const CommandSurroundings& with, const std::string& verb) {
    return {verb, "--shared-dir", with.places.state_dir + "/probes"};
}

}  // namespace

CommandOperation run_probe_operation(const CommandSurroundings& with) {
    auto programs = std::make_shared<ProbePrograms>(with);
    return {[programs](const Command& command, const CommandRespond& respond) {
        auto words = words_of(command);
        if (!words) {
            respond(words.error());
            return;
        }
        programs->run(command, respond, std::move(*words));
    }};
}

CommandOperation probe_stop_operation(const CommandSurroundings& with) {
    auto programs = std::make_shared<ProbePrograms>(with);
    return {[programs, with = &with](const Command& command, const CommandRespond& respond) {
        Words words = order_words(*with, "stop");
        if (const std::string seconds = argument(command, "ttl_s"); !seconds.empty()) {
            words.insert(words.end(), {"--for", seconds});
        }
        programs->run(command, respond, std::move(words));
    }};
}

CommandOperation probe_start_operation(const CommandSurroundings& with) {
    auto programs = std::make_shared<ProbePrograms>(with);
    return {[programs, with = &with](const Command& command, const CommandRespond& respond) {
        programs->run(command, respond, order_words(*with, "start"));
    }};
}

}  // namespace cxedge::app
