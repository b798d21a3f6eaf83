// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/dictionary.hpp"

#include <algorithm>
#include <cassert>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/wire/compression.hpp"
#include "agent/wire/definition.hpp"
#include "agent/wire/fields.hpp"
#include "agent/wire/text.hpp"

#include "cx.pb.h"

namespace cxedge::wire {
namespace {

constexpr std::uint32_t kSchema = 1;

Status check(const cx::v1::Series& in) {
    if (in.metric().empty()) {
        return corrupt("series: no metric");
    }
    if (!cx::v1::Kind_IsValid(in.kind())) {
        return corrupt(
            fmt::format("series {}: kind {} is unknown", in.metric(), static_cast<int>(in.kind()))
        );
    }
    if (in.dim_size() % 2 != 0) {
        return corrupt(fmt::format("series {}: a dimension without a value", in.metric()));
    }
    const std::uint32_t bits = in.counter_bits();
    if (bits != 0 && bits != 16 && bits != 32 && bits != 64) {
        return corrupt(fmt::format("series {}: a counter of {} bits", in.metric(), bits));
    }
    return {};
}

}  // namespace

std::uint32_t extend_content_id(std::uint32_t content_id, std::string_view definition) {
    std::string length;
    append_varint(length, definition.size());
    return crc32c(definition, crc32c(length, content_id));
}

std::string encode_definition(const SeriesInfo& info) {
    cx::v1::Series series;
    series.set_metric(clean_utf8(info.key.metric));
    series.set_unit(clean_utf8(info.unit));
    series.set_kind(static_cast<cx::v1::Kind>(info.kind));
    for (const Dimension& dim : info.key.dims) {
        series.add_dim(clean_utf8(dim.key));
        series.add_dim(clean_utf8(dim.value));
    }
    for (const std::string& state : info.states) {
        series.add_state(clean_utf8(state));
    }
    series.set_counter_bits(info.counter_bits);
    return series.SerializeAsString();
}

Result<SeriesInfo> decode_definition(std::string_view bytes) {
    cx::v1::Series in;
    if (bytes.size() > kMaxDefinitionBytes ||
        !in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return corrupt(fmt::format("series: {} bytes are not a Series", bytes.size()));
    }
    if (const Status fine = check(in); !fine) {
        return fine.error();
    }
    SeriesInfo info;
    info.key.metric = in.metric();
    for (int i = 0; i < in.dim_size(); i += 2) {
        info.key.dims.push_back({in.dim(i), in.dim(i + 1)});
    }
    info.kind = static_cast<Kind>(in.kind());
    info.unit = in.unit();
    info.states.assign(in.state().begin(), in.state().end());
    info.counter_bits = static_cast<std::uint8_t>(in.counter_bits());
    return info;
}

Result<Dictionary> Dictionary::restore(const std::vector<std::string>& definitions) {
    Dictionary dictionary;
    for (const std::string& definition : definitions) {
        Result<SeriesInfo> info = decode_definition(definition);
        if (!info) {
            return info.error().during(fmt::format("definition {}", dictionary.size()));
        }
        dictionary.append_encoded(definition, std::move(info).value());
    }
    return dictionary;
}

const SeriesId* Dictionary::find(const SeriesInfo& info) const {
    const auto found = by_definition_.find(encode_definition(info));
    return found == by_definition_.end() ? nullptr : &found->second;
}

SeriesId Dictionary::append(const SeriesInfo& info) {
    assert(find(info) == nullptr);
    return append_encoded(encode_definition(info), info);
}

SeriesId Dictionary::append_encoded(const std::string& definition, SeriesInfo info) {
    const SeriesId id{size()};
    content_ids_.push_back(extend_content_id(content_id(size()), definition));
    series_.push_back(std::move(info));
    by_definition_.emplace(definition, id);
    return id;
}

std::uint32_t Dictionary::content_id(std::uint32_t size) const {
    return size == 0 ? 0 : content_ids_[size - 1];
}

namespace {

std::uint32_t content_id_of(const std::vector<std::string>& definitions) {
    std::uint32_t id = 0;
    for (const std::string& definition : definitions) {
        id = extend_content_id(id, definition);
    }
    return id;
}

cx::v1::Dictionary dictionary_head(const NodeIdentity& identity) {
    cx::v1::Dictionary head;
    head.set_schema(kSchema);
    head.set_tenant(clean_utf8(identity.tenant));
    head.set_site(clean_utf8(identity.site));
    head.set_node(clean_utf8(identity.node));
    for (const Dimension& label : identity.labels) {
        head.add_label(clean_utf8(label.key));
        head.add_label(clean_utf8(label.value));
    }
    return head;
}

}  // namespace

std::vector<DictionaryPart> encode_dictionary(
    const NodeIdentity& identity, const std::vector<std::string>& definitions
) {
    cx::v1::Dictionary head = dictionary_head(identity);
    head.set_dict_id(content_id_of(definitions));
    head.set_size(static_cast<std::uint32_t>(definitions.size()));
    Compressor compressor;
    std::vector<DictionaryPart> parts;
    std::size_t first = 0;
    do {
        const std::size_t last = std::min(definitions.size(), first + kSeriesPerPart);
        const auto part = static_cast<std::uint32_t>(parts.size());
        head.set_part(part);
        head.set_first(static_cast<std::uint32_t>(first));
        std::string body = head.SerializeAsString();
        // As stored, byte by byte: the content id is over exactly these.
        for (; first < last; ++first) {
            append_bytes_field(body, cx::v1::Dictionary::kSeriesFieldNumber, definitions[first]);
        }
        cx::v1::DictionaryFrame frame;
        frame.set_codec(static_cast<cx::v1::Codec>(compressor.shrink(body)));
        frame.set_body(std::move(body));
        parts.push_back({part, frame.SerializeAsString()});
    } while (first < definitions.size());
    return parts;
}

}  // namespace cxedge::wire
