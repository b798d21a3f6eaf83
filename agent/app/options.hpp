// SPDX-License-Identifier: Apache-2.0
// From the configuration's words to the stages' own option structs. Pure but for reading the
// password file.
#pragma once

#include <optional>
#include <string>

#include "agent/app/outlet.hpp"
#include "agent/base/result.hpp"
#include "agent/config/load.hpp"
#include "agent/ingest/source_instance.hpp"
#include "agent/pipeline/pipeline.hpp"
#include "agent/remote/credential_keeper.hpp"
#include "agent/uplink/uplink.hpp"

namespace cxedge::app {

// Where things are on this machine; from the command line.
struct Places {
    std::string config_file = "/etc/cxedge/cxedged.toml";
    std::string state_dir = "/var/lib/cxedge";
    std::string runtime_dir;        // empty: $RUNTIME_DIRECTORY, else the state directory
    std::string given_runtime_dir;  // as given or from systemd; empty: neither. Set by resolve()
    std::string fallback_dir;       // spool when the state directory fails; empty: see resolve()
    std::string profiles_dir;       // empty: ../share/cxedge beside bin/
    std::string plugin_dir;         // empty: the directory of cxedged itself
};
// The same with every empty one filled in.
Places resolve(Places places);

wire::NodeIdentity identity_of(const config::AgentConfig& config);
pipeline::PipelineOptions pipeline_options(const config::AgentConfig& config);
// invalid_argument: the broker's URL. A password file that cannot be read is logged, not an error.
Result<uplink::UplinkOptions> uplink_options(
    const config::AgentConfig& config, const config::UplinkConfig& from
);
// With what the box enrols: where it has a claim certificate and no configured client certificate.
// `uplink` as of uplink_options().
std::optional<remote::CredentialOptions> credential_options(
    const config::AgentConfig& config, const Places& places, const uplink::UplinkOptions& uplink
);
OutletFilter outlet_filter(const config::SinkConfig& sink);
ingest::SourceSpec source_spec(const config::SourceConfig& source);
std::string control_socket_path(const config::AgentConfig& config, const Places& places);

}  // namespace cxedge::app
