// SPDX-License-Identifier: Apache-2.0
// Series definitions on both ends of the wire. Append-only: an id never changes its meaning, so a
// batch needs "the first n definitions" and any later dictionary can decode it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/model/series.hpp"

namespace cxedge::wire {

// Who and where; in part 0..n of every announced dictionary.
struct NodeIdentity {
    std::string tenant;
    std::string site;
    std::string node;
    std::vector<Dimension> labels;
};

// A definition as it is stored in the spool and hashed into the content id.
std::string encode_definition(const SeriesInfo& info);
Result<SeriesInfo> decode_definition(std::string_view bytes);

// The node's side. Thread: one.
class Dictionary {
public:
    // Rebuilds from stored definitions, in order of id. corrupt: one does not parse.
    static Result<Dictionary> restore(const std::vector<std::string>& definitions);

    // Id of an equal definition, or empty when it is new.
    [[nodiscard]] const SeriesId* find(const SeriesInfo& info) const;
    // Requires: not there yet. Returns the new id (== old size()).
    SeriesId append(const SeriesInfo& info);

    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(series_.size()); }
    [[nodiscard]] const SeriesInfo& at(SeriesId id) const { return series_[index_of(id)]; }
    // Content id of the first `size` definitions; 0 for none.
    [[nodiscard]] std::uint32_t content_id(std::uint32_t size) const;

private:
    SeriesId append_encoded(const std::string& definition, SeriesInfo info);

    std::vector<SeriesInfo> series_;
    std::vector<std::uint32_t> content_ids_;  // by size - 1
    std::unordered_map<std::string, SeriesId> by_definition_;
};

struct DictionaryPart {
    std::uint32_t part = 0;  // topic suffix: dict, dict/1, ...
    std::string payload;     // DictionaryFrame
};
inline constexpr std::uint32_t kSeriesPerPart = 512;
// A receiver refuses ids from here on: bounds what a hostile part can make it allocate.
inline constexpr std::uint32_t kMaxSeries = 1U << 18U;
inline constexpr std::size_t kMaxDictionaryBytes = 8U << 20U;  // of one part, after decompression

// Parts that hold definitions from `definitions` (all of them, in id order), as encoded by
// encode_definition().
std::vector<DictionaryPart> encode_dictionary(
    const NodeIdentity& identity, const std::vector<std::string>& definitions
);

// The platform's side: collects announced parts of one node. Thread: one.
class DictionaryReplica {
public:
    // corrupt: not a dictionary. A definition that contradicts a known one means that the node
    // began a new list: everything known before is forgotten.
    Status apply(std::string_view payload);
    // True when the first `size` definitions are known and hash to `dict_id`.
    [[nodiscard]] bool covers(std::uint32_t dict_id, std::uint32_t size) const;
    // Null when unknown.
    [[nodiscard]] const SeriesInfo* find(std::uint32_t id) const;
    [[nodiscard]] const NodeIdentity& identity() const { return identity_; }

private:
    struct Entry {
        std::string definition;  // empty: not announced yet
        SeriesInfo info;
    };
    void store(std::uint32_t id, Entry entry);
    void extend_content_ids();

    NodeIdentity identity_;
    std::vector<Entry> entries_;
    std::vector<std::uint32_t>
        content_ids_;  // by size - 1, as far as entries are known without a hole
};

}  // namespace cxedge::wire
