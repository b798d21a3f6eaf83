// SPDX-License-Identifier: Apache-2.0
// Options of a command line as the settings of a probe: every key of its `[[source]]` is an option.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/base/settings.hpp"

namespace cxedge::probes {

struct Option {
    std::string key;                 // "interval_s", from --interval-s
    std::vector<std::string> words;  // none: true
};

// "--count 20 --payload-bytes 64,1200" to options; invalid_argument: a word that no option owns.
Result<std::vector<Option>> parse_options(const std::vector<std::string>& words);

// As the schema wants them; texts where it does not know the key, so that it complains itself.
SettingsNode settings_from(
    const std::vector<Option>& options, const std::vector<SettingHelp>& help, std::string target
);

}  // namespace cxedge::probes
