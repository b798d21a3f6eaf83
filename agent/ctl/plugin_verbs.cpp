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

// Its words are cxedge-probe's, which knows the options of every probe.
void add_probe(CLI::App& app, Chosen& chosen) {
    CLI::App& verb = *app.add_subcommand(
        "probe", "Test the network once (run TYPE TARGET), list probes, stop and start them all"
    );
    verb.prefix_command();
    verb.footer(
        "Examples: cxctl probe run icmp 192.0.2.1 --count 20\n"
        "          cxctl probe run http https://www.example.net --json\n"
        "          cxctl probe list; cxctl probe list http\n"
        "          cxctl probe stop --for 3600; cxctl probe start"
    );
    verb.callback([&chosen, &verb] {
        chosen = [&verb] {
            return run_probe(verb.remaining());
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
    add_probe(app, chosen);
    add_model(app, options.model, chosen);
}

}  // namespace cxedge::ctl
