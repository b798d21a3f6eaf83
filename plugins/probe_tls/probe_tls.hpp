// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "plugins/_probes/probe_source.hpp"
#include "plugins/probe_tls/tls_run.hpp"

namespace cxedge::plugins {

// Makes TLS handshakes: how long they take, and until when the certificates are valid.
class ProbeTls final : public probes::ProbeSource {
public:
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    [[nodiscard]] const probes::ProbeSettings& settings() const override { return settings_; }
    [[nodiscard]] std::unique_ptr<probes::ProbeRun> make_run(
        const probes::Target& target, const probes::ProbeContext& context
    ) override;
    void close() override { trust_.reset(); }

private:
    TlsSettings settings_;
    std::unique_ptr<probes::TlsTrust> trust_;      // from the first run on
    std::map<std::string, std::string> versions_;  // last seen, by target
};

}  // namespace cxedge::plugins
