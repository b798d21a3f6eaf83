// SPDX-License-Identifier: Apache-2.0
// Checks of single texts for Schema::check(): what is wrong, or empty.
#pragma once

#include <string>
#include <string_view>

namespace cxedge::config {

// Tenant, site, node and source names and label keys: they become MQTT topic levels and dimension
// keys, so 1 to 64 letters, digits and ._-
std::string check_name(const std::string& text);
std::string check_optional_name(const std::string& text);
// A metric name, or a glob over metric names.
std::string check_metric(const std::string& text);
std::string check_metric_glob(const std::string& text);
// A UCUM unit, as far as its form goes, and not one of the spellings people mistake for one.
std::string check_unit(const std::string& text);
// A dimension's value: 1 to 128 bytes, no control characters.
std::string check_dimension_value(const std::string& text);
// Empty, or absolute: the daemon's working directory is no one's business.
std::string check_optional_path(const std::string& text);
// "04:00".
std::string check_time_of_day(const std::string& text);
std::string check_broker(const std::string& text);
// "ed25519:" and 64 hexadecimal digits: what `cxctl keygen` prints.
std::string check_public_key(const std::string& text);

}  // namespace cxedge::config
