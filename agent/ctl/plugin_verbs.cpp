// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/plugin_verbs.hpp"

#include "agent/ctl/probe.hpp"

namespace cxedge::ctl {
namespace {

using Chosen = std::function<ExitCode()>;

void add_plugins(CLI::App& app, PluginsOptions& plugins, Chosen& chosen) {
    CLI::App& verb = *app.add_subcommand(
        "plugins", "What this version can collect; with a name, a sample configuration"
    );
    verb.add_option("name", plugins.name, "Plugin");
    verb.add_flag("--json", plugins.json, "One JSON object a plugin and line");
    verb.footer("Example: cxctl plugins http_push >> /etc/cxedge/cxedged.toml");
    verb.callback([&chosen, &plugins] {
        chosen = [&plugins] {
            return run_plugins(plugins);
        };
    });
}

constexpr const char* kProbeWords =
    "Example: cxctl probe run icmp 192.0.2.1\n"
    "Further: run http https://www.example.net/ --timeout-s 3 (any setting of the probe is an\n"
    "option: list http), list, stop [--for SECONDS], start";

// Its words are cxedge-probe's, which knows the options of every probe.
void add_probe(CLI::App& app, bool& json, Chosen& chosen) {
    CLI::App& verb = *app.add_subcommand(
        "probe", "Test the network once (run TYPE TARGET), list probes, stop and start them all"
    );
    verb.prefix_command();
    verb.add_flag("--json", json, "Of run: one JSON object");
    verb.footer(kProbeWords);
    verb.callback([&json, &chosen, &verb] {
        chosen = [&json, &verb] {
            return run_probe(verb.remaining(), json);
        };
    });
}

void add_model(CLI::App& app, ModelOptions& model, Chosen& chosen) {
    CLI::App& verb = *app.add_subcommand("model", "About the networks that cameras use");
    verb.require_subcommand(1);
    CLI::App& check =
        *verb.add_subcommand("check", "What a model is, its licence, and how fast it is here");
    check.add_option("file", model.file, "ONNX file")->required();
    check.add_option("--sha256", model.sha256, "Refuse any other file");
    check.add_flag("--json", model.json, "One JSON object instead of lines");
    check.footer("Example: cxctl model check /etc/cxedge/yolox_nano.onnx");
    check.callback([&chosen, &model] {
        chosen = [&model] {
            return run_model_check(model);
        };
    });
}

}  // namespace

void add_plugin_verbs(CLI::App& app, PluginVerbOptions& options, Chosen& chosen) {
    add_plugins(app, options.plugins, chosen);
    add_probe(app, options.probe_json, chosen);
    add_model(app, options.model, chosen);
}

}  // namespace cxedge::ctl
