// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include "agent/wire/compression.hpp"
#include "agent/wire/definition.hpp"
#include "agent/wire/dictionary.hpp"
#include "agent/wire/fields.hpp"

#include "cx.pb.h"

namespace cxedge::wire {
namespace {

// One announced part, checked.
struct Part {
    std::uint32_t dict_id = 0;
    std::uint32_t size = 0;
    std::uint32_t first = 0;
    NodeIdentity identity;
    std::vector<std::string_view> definitions;  // into the decompressed bytes
};

Status split_series(std::string_view bytes, Part& part) {
    FieldReader reader(bytes);
    Field field;
    while (reader.next(field)) {
        if (field.number != cx::v1::Dictionary::kSeriesFieldNumber) {
            continue;
        }
        if (!field.has_bytes || field.bytes.empty() || part.definitions.size() >= kMaxSeries) {
            return corrupt(fmt::format("series {} of this part", part.definitions.size()));
        }
        part.definitions.push_back(field.bytes);
    }
    return reader.malformed() ? corrupt("not a Dictionary") : Status{};
}

// Everything but the series, which are parsed one by one from their own bytes.
Result<cx::v1::Dictionary> parse_head(std::string_view bytes) {
    std::string head;
    FieldReader reader(bytes);
    Field field;
    const char* begin = bytes.data();
    while (reader.next(field)) {
        const char* end = reader.position();
        if (field.number != cx::v1::Dictionary::kSeriesFieldNumber) {
            head.append(begin, end);
        }
        begin = end;
    }
    cx::v1::Dictionary parsed;
    if (reader.malformed() || !parsed.ParseFromString(head)) {
        return corrupt("not a Dictionary");
    }
    if (parsed.label_size() % 2 != 0) {
        return corrupt("label: a key without a value");
    }
    return parsed;
}

Result<Part> parse_part(std::string_view bytes) {
    const Result<cx::v1::Dictionary> head = parse_head(bytes);
    if (!head) {
        return head.error();
    }
    Part part;
    if (const Status done = split_series(bytes, part); !done) {
        return done.error();
    }
    part.dict_id = head->dict_id();
    part.size = head->size();
    part.first = head->first();
    if (part.size > kMaxSeries || std::uint64_t{part.first} + part.definitions.size() > part.size) {
        return corrupt(fmt::format(
            "series {} and {} more of {} (at most {})",
            part.first,
            part.definitions.size(),
            part.size,
            kMaxSeries
        ));
    }
    part.identity = {head->tenant(), head->site(), head->node(), {}};
    for (int i = 0; i < head->label_size(); i += 2) {
        part.identity.labels.push_back({head->label(i), head->label(i + 1)});
    }
    return part;
}

// A part that is the whole list must hash to what it says.
Status check_content_id(const Part& part) {
    if (part.definitions.size() != part.size) {
        return {};
    }
    std::uint32_t id = 0;
    for (const std::string_view definition : part.definitions) {
        id = extend_content_id(id, definition);
    }
    if (id != part.dict_id) {
        return corrupt(fmt::format("content id is {:08x}, it says {:08x}", id, part.dict_id));
    }
    return {};
}

}  // namespace

Status DictionaryReplica::apply(std::string_view payload) {
    cx::v1::DictionaryFrame frame;
    if (payload.size() > kMaxDictionaryBytes ||
        !frame.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
        return corrupt(fmt::format("dictionary: {} bytes are not a DictionaryFrame", payload.size())
        );
    }
    const Result<std::string> body =
        decompress(static_cast<std::uint32_t>(frame.codec()), frame.body(), kMaxDictionaryBytes);
    if (!body) {
        return body.error().during("dictionary");
    }
    Result<Part> part = parse_part(*body);
    if (!part) {
        return part.error().during("dictionary");
    }
    if (const Status fine = check_content_id(*part); !fine) {
        return fine.error().during("dictionary");
    }
    // Parse all before changing anything: a bad part must not leave half of itself behind.
    std::vector<Entry> entries;
    for (const std::string_view definition : part->definitions) {
        Result<SeriesInfo> info = decode_definition(definition);
        if (!info) {
            return info.error().during(
                fmt::format("dictionary: series {}", part->first + entries.size())
            );
        }
        entries.push_back({std::string(definition), std::move(info).value()});
    }
    identity_ = std::move(part->identity);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        store(part->first + static_cast<std::uint32_t>(i), std::move(entries[i]));
    }
    extend_content_ids();
    return {};
}

void DictionaryReplica::store(std::uint32_t id, Entry entry) {
    const bool known = id < entries_.size() && !entries_[id].definition.empty();
    if (known && entries_[id].definition != entry.definition) {
        entries_.clear();
        content_ids_.clear();
    }
    if (id >= entries_.size()) {
        entries_.resize(std::size_t{id} + 1);
    }
    entries_[id] = std::move(entry);
}

void DictionaryReplica::extend_content_ids() {
    while (content_ids_.size() < entries_.size() &&
           !entries_[content_ids_.size()].definition.empty()) {
        const std::uint32_t before = content_ids_.empty() ? 0 : content_ids_.back();
        content_ids_.push_back(extend_content_id(before, entries_[content_ids_.size()].definition));
    }
}

bool DictionaryReplica::covers(std::uint32_t dict_id, std::uint32_t size) const {
    if (size == 0) {
        return dict_id == 0;
    }
    return size <= content_ids_.size() && content_ids_[size - 1] == dict_id;
}

const SeriesInfo* DictionaryReplica::find(std::uint32_t id) const {
    const bool known = id < entries_.size() && !entries_[id].definition.empty();
    return known ? &entries_[id].info : nullptr;
}

}  // namespace cxedge::wire
