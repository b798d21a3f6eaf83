// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/twin_verbs.hpp"

#include <memory>
#include <utility>

#include "agent/ctl/twin/audit.hpp"
#include "agent/ctl/twin/document.hpp"
#include "agent/ctl/twin/push.hpp"
#include "agent/ctl/twin/watch.hpp"

namespace cxedge::ctl {
namespace {

using Verb = std::function<ExitCode()>;

constexpr const char* kUsualStages = "1,10,100";

// A verb whose options live as long as it can be called.
template <class Options>
std::shared_ptr<Options> on_chosen(CLI::App& app, Verb& verb, ExitCode (*run)(const Options&)) {
    auto options = std::make_shared<Options>();
    app.callback([&verb, options, run] {
        verb = [options, run] {
            return run(*options);
        };
    });
    return options;
}

void add_document(CLI::App& app, DocumentOptions& document) {
    app.add_option("file", document.config_file, "What the box is to run above its own file (TOML)")
        ->required();
    app.add_option("--sign-key", document.key_files, "Private key of keygen; two to change keys")
        ->required()
        ->allow_extra_args(false);
    app.add_option("--tenant", document.tenant, "Operator of the boxes")->required();
    auto* node = app.add_option("--node", document.node, "The box it is for");
    auto* group = app.add_option("--group", document.group, "The group of boxes it is for");
    node->excludes(group);
    app.add_option("--generation", document.generation, "Greater than the last; default: the time");
    app.add_option("--trial-s", document.trial_s, "How long it has to prove itself")
        ->check(CLI::Range(1, 3600))
        ->capture_default_str();
    app.add_option("--valid-h", document.valid_h, "Only boxes that get it within this time try it")
        ->check(CLI::NonNegativeNumber);
    app.add_option("--min-version", document.min_version, "Only this version of cxedge, or later");
    app.add_option(
        "--parent",
        document.parent,
        "SHA-256 of the pushed configuration that it changes, or any; default: push takes what the "
        "node reports, and demands nothing of a group"
    );
    app.add_option(
           "--new-key", document.new_keys, "Public key that holds from then on (at most two)"
    )
        ->allow_extra_args(false);
    app.add_flag("--retry", document.retry, "Also where this configuration failed before");
}

void add_keygen(CLI::App& app, Verb& verb) {
    CLI::App& keygen = *app.add_subcommand("keygen", "Make a key to sign configurations with");
    const auto options = on_chosen(keygen, verb, run_keygen);
    keygen.add_option("--out", options->out_file, "File for the private key; must not exist")
        ->required();
    keygen.add_flag("--json", options->json, "One JSON object instead of a line");
    keygen.footer("Example: cxctl keygen --out operations.pem");
}

void add_sign(CLI::App& app, Verb& verb) {
    CLI::App& sign = *app.add_subcommand("sign", "Sign a configuration without sending it");
    const auto options = on_chosen(sign, verb, run_sign);
    add_document(sign, options->document);
    auto* out = sign.add_option("--out", options->out_file, "File for the envelope");
    out->capture_default_str();
    sign.add_flag("--json", options->json, "One JSON object that says what was signed")->needs(out);
    sign.footer(
        "Example: cxctl sign change.toml --sign-key operations.pem --tenant acme --node gw-1 "
        "--out change.env"
    );
}

void add_verify(CLI::App& app, Verb& verb) {
    CLI::App& verify = *app.add_subcommand("verify", "Who signed an envelope, and what is in it");
    const auto options = on_chosen(verify, verb, run_verify);
    verify.add_option("file", options->file, "Envelope; - is stdin")->required();
    verify.add_option("--pin", options->pins, "Public key that may sign (repeatable)")->required();
    verify.add_flag("--json", options->json, "One JSON object instead of lines");
    verify.footer(
        "Example: cxctl verify change.env --pin ed25519:d75a98...\n"
        "Status 1 if no pinned key vouches for it."
    );
}

void add_rollout(CLI::App& push, PushOptions& options) {
    push.add_option("--site", options.site, "Where the node stands");
    auto* stages = push.add_option(
        "--stages", options.stages, "Percent of the group, by the hash of the node's name"
    );
    stages->capture_default_str();
    push.add_flag_callback(
            "--staged", [&options] { options.stages = kUsualStages; }, "Short for --stages 1,10,100"
    )
        ->excludes(stages);
    push.add_option(
            "--canary", options.canary, "site/node of the group that gets it first (repeatable)"
    )
        ->allow_extra_args(false);
    push.add_option("--abort-percent", options.abort_percent, "Stop when more of a stage failed")
        ->check(CLI::Range(0.0, 100.0))
        ->capture_default_str();
}

void add_push(CLI::App& app, Verb& verb) {
    CLI::App& push =
        *app.add_subcommand("push", "Sign a configuration, send it, and watch it land");
    const auto options = on_chosen(push, verb, run_push);
    add_document(push, options->document);
    add_broker(push, options->connection);
    add_rollout(push, *options);
    push.add_option("--wait-s", options->wait_s, "For each stage; default: --trial-s and 60 more");
    push.add_flag("--json", options->json, "One JSON object a line, the last one with the result");
    push.footer(
        "Example: cxctl push change.toml --sign-key operations.pem --broker mqtts://broker.example "
        "--tenant acme --group stores --canary store-0042/gw-1 --staged\n"
        "A stage begins when the one before is confirmed. Stopped or interrupted, a group's "
        "document is taken back from those that have not seen it; the same push again goes on. "
        "Status 1 if it was rejected, rolled back or stopped, 3 if nobody answered."
    );
}

void add_watch(CLI::App& app, Verb& verb) {
    CLI::App& watch =
        *app.add_subcommand("watch", "How nodes are: configuration, last seen, backlog, version");
    const auto options = on_chosen(watch, verb, run_watch);
    add_broker(watch, options->connection);
    watch.add_option("--nodes", options->nodes, "tenant/site/node, with + for any")
        ->capture_default_str();
    watch.add_option("--group", options->group, "Only nodes that say they belong to it");
    watch.add_flag("--once", options->once, "Say how they are, and end");
    watch.add_option("--seconds", options->seconds, "Stop after this time; with --once default 2")
        ->check(CLI::NonNegativeNumber);
    watch.add_flag("--json", options->json, "One JSON object a line, whenever a node changes");
    watch.footer(
        "Example: cxctl watch --broker mqtts://broker.example --nodes acme/+/+\n"
        "On a terminal a table, drawn anew every second, trouble first; elsewhere a line whenever "
        "a node changes. The backlog is what a node says of itself, once a minute. "
        "Status of --once: 0 all are well, 1 one is rejected, rolled back, away or unreadable, 3 "
        "some are still under way, or nobody is there."
    );
}

void add_audit(CLI::App& app, Verb& verb) {
    CLI::App& audit = *app.add_subcommand("audit", "Who changed what on this box");
    const auto options = on_chosen(audit, verb, run_audit);
    audit.add_option("--file", options->file, "The log")->capture_default_str();
    audit.add_flag("--verify", options->verify, "Only whether its chain is whole");
    audit.add_flag("--json", options->json, "One JSON object a line");
    audit.footer("Example: cxctl audit --verify\nStatus 1 if a line was changed or taken out.");
}

}  // namespace

void add_broker(CLI::App& verb, ConnectionOptions& options) {
    verb.add_option("--broker", options.broker, "mqtt://host[:port] or mqtts://host[:port]")
        ->capture_default_str();
    verb.add_option("--username", options.username, "MQTT user name");
    verb.add_option(
        "--password-file", options.password_file, "File whose first line is the password"
    );
    verb.add_option("--ca", options.ca_file, "CA certificates (PEM); default: the system's");
    auto* certificate =
        verb.add_option("--cert", options.certificate_file, "Client certificate (PEM)");
    auto* key = verb.add_option("--key", options.key_file, "Key of the client certificate (PEM)");
    certificate->needs(key);
    key->needs(certificate);
}

void add_connection(CLI::App& verb, ConnectionOptions& options) {
    add_broker(verb, options);
    verb.add_option("--topic", options.topic, "Topic filter to subscribe to")
        ->capture_default_str();
}

void add_twin_verbs(CLI::App& app, std::function<ExitCode()>& verb) {
    add_keygen(app, verb);
    add_sign(app, verb);
    add_verify(app, verb);
    add_push(app, verb);
    add_watch(app, verb);
    add_audit(app, verb);
}

}  // namespace cxedge::ctl
