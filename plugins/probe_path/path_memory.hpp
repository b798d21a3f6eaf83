// SPDX-License-Identifier: Apache-2.0
// The way to a target as it is known, and whether another trace shows the same one. Pure. Thread:
// any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/probe_path/path_tracer.hpp"

namespace cxedge::plugins {

// The routers of one trace in order. A hop that did not answer is empty; one that shares its load
// packet by packet has several, sorted.
struct SeenPath {
    std::vector<std::vector<std::string>> hops;
    bool whole = false;  // the last is the target
};
SeenPath seen_path(const std::vector<TracedHop>& hops, bool whole);

// 16 hexadecimal digits over place and first address of each hop that is known; FNV-1a, 64 bits.
std::string path_hash(const SeenPath& path);

class PathMemory {
public:
    struct Change {
        std::string old_hash;
        std::string new_hash;
        std::size_t hop = 0;      // the first that differs, counted from 0
        std::string old_address;  // empty: the way ended before
        std::string new_address;
    };
    // What `seen` shows beyond what is known is added; if it contradicts, it takes its place. A hop
    // that is silent, now or before, contradicts nothing.
    std::optional<Change> learn(const SeenPath& seen);
    // Of another flow: what was known says nothing about it.
    void forget();

    [[nodiscard]] const SeenPath& path() const { return known_; }
    [[nodiscard]] std::string hash() const { return path_hash(known_); }
    [[nodiscard]] std::uint64_t changes() const { return changes_; }

private:
    void merge(const SeenPath& seen);

    SeenPath known_;
    std::uint64_t changes_ = 0;
};

}  // namespace cxedge::plugins
