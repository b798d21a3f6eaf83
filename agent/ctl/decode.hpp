// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/ctl/exit_code.hpp"

namespace cxedge::ctl {

struct DecodeOptions {
    std::string file;  // "-": standard input
    std::vector<std::string> dictionary_files;
    std::string topic;             // where it came from; empty: found out by trying
    std::string format = "jsonl";  // or "table"
    bool utc = false;
};

// One MQTT payload (batch, dictionary or node state) as lines. `dictionaries`: payloads of topic
// dict. corrupt: it is none of these; not_found: its dictionary is not among `dictionaries`.
Result<std::string> decode_payload(
    const DecodeOptions& options,
    std::string_view payload,
    const std::vector<std::string>& dictionaries
);

ExitCode run_decode(const DecodeOptions& options);

}  // namespace cxedge::ctl
