// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/targets.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace cxedge::probes {
namespace {

std::string_view stripped(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r";
    const std::size_t begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// A '#' within a URL is part of it.
std::string_view without_comment(std::string_view line) {
    if (line.starts_with('#')) {
        return {};
    }
    const std::size_t hash = std::min(line.find(" #"), line.find("\t#"));
    return line.substr(0, hash);
}

std::string_view name_of(std::string_view address) {
    const std::size_t scheme = address.find("://");
    return scheme == std::string_view::npos
               ? address
               : address.substr(0, address.find_first_of("?#", scheme + 3));
}

const std::string* value_of(std::string_view key, const BoxName& box) {
    if (key == "tenant") {
        return &box.tenant;
    }
    if (key == "site") {
        return &box.site;
    }
    return key == "node" ? &box.node : nullptr;
}

}  // namespace

Result<std::string> fill_in(std::string_view text, const BoxName& box) {
    std::string out;
    while (true) {
        const std::size_t open = text.find("${");
        out += text.substr(0, open);
        if (open == std::string_view::npos) {
            return out;
        }
        const std::size_t close = text.find('}', open);
        const std::string_view key = text.substr(open + 2, close - open - 2);
        const std::string* const value =
            close == std::string_view::npos ? nullptr : value_of(key, box);
        if (value == nullptr) {
            return invalid_argument(
                fmt::format("\"${{{}\" must be ${{tenant}}, ${{site}} or ${{node}}", key)
            );
        }
        out += *value;
        text.remove_prefix(close + 1);
    }
}

Target parse_target(std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string_view name = stripped(text.substr(0, equals));
    const bool named = equals != std::string_view::npos && !name.empty() &&
                       name.find_first_of("/:?") == std::string_view::npos;
    if (!named) {
        return {std::string(name_of(text)), std::string(text)};
    }
    return {std::string(name), std::string(stripped(text.substr(equals + 1)))};
}

std::string add_target(
    std::string_view text,
    const BoxName& box,
    const CheckAddress& check,
    std::vector<Target>& targets
) {
    const Result<std::string> filled = fill_in(stripped(text), box);
    if (!filled) {
        return filled.error().message;
    }
    Target target = parse_target(*filled);
    if (target.address.empty()) {
        return "has no address: ADDRESS or NAME=ADDRESS";
    }
    if (target.name.size() > kMaxDimensionLength) {
        return "is longer than a name may be: write NAME=ADDRESS";
    }
    if (targets.size() >= kMostTargets) {
        return fmt::format("is more than {} targets", kMostTargets);
    }
    std::string wrong = check ? check(target.address) : std::string();
    if (wrong.empty()) {
        targets.push_back(std::move(target));
    }
    return wrong;
}

TargetList read_targets(
    std::string_view text, const std::string& file, const BoxName& box, const CheckAddress& check
) {
    TargetList out;
    for (int number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = stripped(without_comment(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty()) {
            continue;
        }
        const std::string wrong = add_target(line, box, check, out.targets);
        if (!wrong.empty()) {
            out.problems.push_back(fmt::format("{}:{}: {}", file, number, wrong));
        }
    }
    return out;
}

}  // namespace cxedge::probes
