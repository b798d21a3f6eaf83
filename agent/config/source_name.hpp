// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/base/settings.hpp"

namespace cxedge::config {

// What a [[source]] table goes by: its name, else its plugin; empty when it has neither.
std::string source_name(const SettingsNode& source);

}  // namespace cxedge::config
