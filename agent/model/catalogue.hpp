// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "agent/model/series.hpp"

namespace cxedge {

// What a metric is, the same on every box (firmware-config/catalogue.toml).
struct CatalogueEntry {
    std::string metric;
    Kind kind = Kind::gauge;
    std::string unit;  // UCUM
    std::string definition;
    bool operator==(const CatalogueEntry&) const = default;
};

using Catalogue = std::map<std::string, CatalogueEntry, std::less<>>;

// A counter in the catalogue may be fed by cumulative readings or by increments; every other kind
// must match exactly.
constexpr bool kind_fits(Kind catalogued, Kind declared) {
    return catalogued == declared || (catalogued == Kind::counter && declared == Kind::delta) ||
           (catalogued == Kind::delta && declared == Kind::counter);
}

}  // namespace cxedge
