// SPDX-License-Identifier: Apache-2.0
// A catalogue file: [[metric]] blocks of name, kind, unit, definition.
#pragma once

#include "agent/base/settings.hpp"
#include "agent/model/catalogue.hpp"

namespace cxedge::config {

// Adds the metrics of `document` to `catalogue`; a metric has one definition, so a second one is a
// problem, also when it comes from another file.
void read_catalogue(const SettingsNode& document, Catalogue& catalogue, SettingsProblems& problems);

}  // namespace cxedge::config
