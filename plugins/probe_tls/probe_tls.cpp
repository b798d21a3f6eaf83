// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_tls/probe_tls.hpp"

#include <algorithm>

#include "agent/base/socket_address.hpp"

namespace cxedge::plugins {
namespace {

Schema<TlsSettings> tls_schema() {
    Schema<TlsSettings> schema;
    probes::add_probe_keys(schema);
    schema.text("ca_file", &TlsSettings::ca_file, "PEM certificates to trust; empty: the system's");
    schema.text(
        "tls_name", &TlsSettings::tls_name, "Name to send and to find; empty: the target's"
    );
    schema.text("min_version", &TlsSettings::min_version, "Older versions of TLS are an error")
        .one_of({"1.0", "1.1", "1.2", "1.3"});
    schema.texts("alpn", &TlsSettings::alpn, "Protocols to offer, e.g. [\"h2\", \"http/1.1\"]");
    schema.boolean(
        "every_address",
        &TlsSettings::every_address,
        "Where one address of a name fails, try the next; false: only the first counts"
    );
    return schema;
}

std::string check_tls_address(const std::string& address) {
    return split_host_port(address) ? "" : "must be host, host:port or [address]:port";
}

// RFC 7301 section 3.1: one byte holds the length.
bool is_protocol(const std::string& name) {
    return !name.empty() && name.size() <= 255;
}

}  // namespace

std::vector<SettingHelp> ProbeTls::settings_help() {
    return tls_schema().help();
}

void ProbeTls::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = tls_schema().read(settings, problems);
    probes::check_probe_settings(settings_, settings, check_tls_address, problems);
    if (!std::all_of(settings_.alpn.begin(), settings_.alpn.end(), is_protocol)) {
        const SettingsNode* const where = settings.find("alpn");
        problems.add(where->position, "alpn", "each protocol has 1 to 255 letters");
    }
}

std::unique_ptr<probes::ProbeRun> ProbeTls::make_run(
    const probes::Target& target, const probes::ProbeContext& context
) {
    if (!trust_) {
        trust_ = std::make_unique<probes::TlsTrust>(settings_.ca_file, settings_.min_version);
    }
    trust_->refresh();
    return std::make_unique<TlsRun>(
        TlsRun::Parts{settings_, *trust_, context, versions_[target.name]}, target
    );
}

}  // namespace cxedge::plugins
