// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/base/result.hpp"
#include "agent/config/load.hpp"

namespace cxedge::ctl {

// What cxctl setup knows of a box. Empty: not said.
struct SiteFacts {
    std::string broker;
    std::string tenant;
    std::string site;
    std::string profile;
    std::string claim_file;
    std::string node;
    std::string username;
    std::string password_file;
    std::string ca_file;
    std::string certificate_file;
    std::string key_file;
};

std::string site_file_text(const SiteFacts& facts);

// Says what to do about a site file that is there already.
Error file_in_the_way(const std::string& path);

enum class Existing { keep, replace };

// Writes `path` (mode 0644: it holds no secret) as a whole or not at all, and only if it loads with
// these profiles; what was there becomes `path`.old. invalid_argument: it is there already and is
// to be kept, or does not load.
Result<config::Loaded> write_site_file(
    const config::LoadOptions& place, const std::string& text, Existing existing
);

}  // namespace cxedge::ctl
