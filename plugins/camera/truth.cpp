// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/truth.hpp"

#include <cmath>
#include <cstddef>
#include <fstream>

#include <nlohmann/json.hpp>

namespace cxedge::camera {
namespace {

using nlohmann::json;

constexpr double kSameLine = 1e-6;

bool same_line(const json& points, const LinePoints& line) {
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (std::abs(points.at(i).get<double>() - line[i]) > kSameLine) {
            return false;
        }
    }
    return true;
}

Result<Truth> find_truth(const json& document, const std::string& clip, const LinePoints& line) {
    for (const json& entry : document.at("lines")) {
        if (entry.at("clip") == clip && same_line(entry.at("line"), line)) {
            return Truth{entry.at("in").get<int>(), entry.at("out").get<int>()};
        }
    }
    return not_found("no entry for this line of " + clip);
}

}  // namespace

Result<Truth> read_truth(const std::string& path, const std::string& clip, const LinePoints& line) {
    std::ifstream file(path);
    if (!file) {
        return not_found(path + ": cannot be read");
    }
    try {
        const Result<Truth> found = find_truth(json::parse(file), clip, line);
        return found ? found : found.error().during(path);
    } catch (const json::exception& error) {
        return corrupt(path + ": " + error.what());
    }
}

}  // namespace cxedge::camera
