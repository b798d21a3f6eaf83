// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_path/path_memory.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "agent/base/fnv.hpp"

namespace cxedge::plugins {
namespace {

using Routers = std::vector<std::string>;

// Of one hop; a balancer has more ways than that nowhere.
constexpr std::size_t kMostRouters = 16;

void add_router(Routers& routers, const std::string& address) {
    const auto at = std::lower_bound(routers.begin(), routers.end(), address);
    if ((at == routers.end() || *at != address) && routers.size() < kMostRouters) {
        routers.insert(at, address);
    }
}

bool contradict(const Routers& a, const Routers& b) {
    if (a.empty() || b.empty()) {
        return false;
    }
    return std::none_of(a.begin(), a.end(), [&](const std::string& each) {
        return std::binary_search(b.begin(), b.end(), each);
    });
}

// Who says that it goes no further is told apart from the way: it may be the hop before once more.
bool is_on_the_way(const HopAnswer& answer) {
    return answer.word == PathWord::hop || answer.word == PathWord::reached;
}

std::string first_router(const SeenPath& path, std::size_t hop) {
    return hop < path.hops.size() && !path.hops[hop].empty() ? path.hops[hop].front()
                                                             : std::string();
}

std::optional<std::size_t> first_difference(const SeenPath& a, const SeenPath& b) {
    const std::size_t common = std::min(a.hops.size(), b.hops.size());
    for (std::size_t hop = 0; hop < common; ++hop) {
        if (contradict(a.hops[hop], b.hops[hop])) {
            return hop;
        }
    }
    const SeenPath& shorter = a.hops.size() < b.hops.size() ? a : b;
    const bool goes_on = a.hops.size() != b.hops.size();
    return goes_on && shorter.whole ? std::optional(common) : std::nullopt;
}

Routers routers_of(const TracedHop& hop) {
    Routers routers;
    for (const std::optional<HopAnswer>& each : hop.tries) {
        if (each && is_on_the_way(*each)) {
            add_router(routers, each->from);
        }
    }
    return routers;
}

}  // namespace

SeenPath seen_path(const std::vector<TracedHop>& hops, bool whole) {
    SeenPath path;
    path.whole = whole;
    for (const TracedHop& hop : hops) {
        path.hops.push_back(routers_of(hop));
    }
    while (!path.hops.empty() && path.hops.back().empty()) {
        path.hops.pop_back();
    }
    return path;
}

std::string path_hash(const SeenPath& path) {
    std::uint64_t sum = kFnvBasis;
    for (std::size_t hop = 0; hop < path.hops.size(); ++hop) {
        if (!path.hops[hop].empty()) {
            sum = fnv1a(fmt::format("{} {}\n", hop, path.hops[hop].front()), sum);
        }
    }
    return fmt::format("{:016x}", sum);
}

std::optional<PathMemory::Change> PathMemory::learn(const SeenPath& seen) {
    const std::optional<std::size_t> hop = first_difference(known_, seen);
    if (!hop) {
        merge(seen);
        return std::nullopt;
    }
    Change change{
        hash(), path_hash(seen), *hop, first_router(known_, *hop), first_router(seen, *hop)};
    known_ = seen;
    ++changes_;
    return change;
}

void PathMemory::forget() {
    known_ = {};
}

void PathMemory::merge(const SeenPath& seen) {
    known_.hops.resize(std::max(known_.hops.size(), seen.hops.size()));
    known_.whole = known_.whole || seen.whole;
    for (std::size_t hop = 0; hop < seen.hops.size(); ++hop) {
        for (const std::string& router : seen.hops[hop]) {
            add_router(known_.hops[hop], router);
        }
    }
}

}  // namespace cxedge::plugins
