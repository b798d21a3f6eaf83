// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/decode.hpp"

#include <memory>
#include <utility>

#include <fmt/core.h>

#include "agent/ctl/files.hpp"
#include "agent/ctl/json_lines.hpp"
#include "agent/ctl/table.hpp"
#include "agent/ctl/terminal.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::ctl {
namespace {

constexpr std::size_t kMaxPayloadBytes = 64U << 20U;
// Far above what a node may declare; where to stop looking for definitions.
constexpr std::uint32_t kHighestSeries = 1U << 20U;

class Decoder {
public:
    Decoder(const DecodeOptions& options, const wire::DictionaryReplica& known)
        : options_(options), known_(known) {
        const auto parts = wire::parse_topic(options.topic);
        if (parts) {
            kind_ = parts->kind;
            origin_ = {options.topic, parts->tenant, parts->site, parts->node};
        } else {
            const wire::NodeIdentity& identity = known.identity();
            origin_ = {options.topic, identity.tenant, identity.site, identity.node};
        }
    }

    Result<std::string> decode(std::string_view payload) {
        switch (kind_) {
            case wire::TopicKind::data:
                return batch(payload);
            case wire::TopicKind::dictionary:
                return dictionary(payload);
            case wire::TopicKind::state:
                return state(payload);
            case wire::TopicKind::other:
                break;
        }
        return guess(payload);
    }

private:
    // Protobuf skips what it does not know, so each kind is asked for something only it has.
    Result<std::string> guess(std::string_view payload) {
        const auto as_batch = wire::parse_batch(payload);
        if (as_batch && as_batch->header.seq > 0 && as_batch->header.epoch != 0) {
            return show(*as_batch);
        }
        wire::DictionaryReplica replica;
        if (replica.apply(payload) && !replica.identity().node.empty()) {
            return dictionary(payload);
        }
        const auto as_state = wire::decode_node_state(payload);
        if (as_state && as_state->session != 0) {
            return state(payload);
        }
        return corrupt("neither a batch nor a dictionary nor a node state");
    }

    Result<std::string> batch(std::string_view payload) {
        const auto parsed = wire::parse_batch(payload);
        return parsed ? show(*parsed) : Result<std::string>(parsed.error());
    }

    Result<std::string> show(const wire::ReceivedBatch& batch) {
        const std::uint32_t size = batch.body.dict_size;
        if (size > 0 && !known_.covers(batch.header.dict_id, size)) {
            return not_found(fmt::format(
                "the batch needs the first {} definitions of dictionary {:08x}; give the payloads "
                "of its node's topics dict, dict/1 ... with --dict",
                size,
                batch.header.dict_id
            ));
        }
        const auto body = wire::decode_body(batch);
        if (!body) {
            return body.error();
        }
        std::string out;
        writer(out)->batch({origin_, batch.header, *body, known_, false});
        return out;
    }

    Result<std::string> dictionary(std::string_view payload) {
        wire::DictionaryReplica replica;
        const Status applied = replica.apply(payload);
        if (!applied) {
            return applied.error();
        }
        const wire::NodeIdentity& identity = replica.identity();
        origin_ = {options_.topic, identity.tenant, identity.site, identity.node};
        std::string out;
        JsonLines lines(out);
        for (std::uint32_t id = 0; id < kHighestSeries; ++id) {
            const SeriesInfo* info = replica.find(id);
            if (info != nullptr) {
                lines.definition(origin_, id, *info);
            }
        }
        return out;
    }

    Result<std::string> state(std::string_view payload) {
        const auto state = wire::decode_node_state(payload);
        if (!state) {
            return state.error();
        }
        std::string out;
        writer(out)->node_state(origin_, *state);
        return out;
    }

    [[nodiscard]] std::unique_ptr<LineWriter> writer(std::string& out) const {
        if (options_.format == "table") {
            return std::make_unique<Table>(
                out, options_.utc ? Table::Zone::utc : Table::Zone::local
            );
        }
        return std::make_unique<JsonLines>(out);
    }

    const DecodeOptions& options_;
    const wire::DictionaryReplica& known_;
    wire::TopicKind kind_ = wire::TopicKind::other;
    Origin origin_;
};

}  // namespace

Result<std::string> decode_payload(
    const DecodeOptions& options,
    std::string_view payload,
    const std::vector<std::string>& dictionaries
) {
    wire::DictionaryReplica known;
    for (std::size_t i = 0; i < dictionaries.size(); ++i) {
        const Status applied = known.apply(dictionaries[i]);
        if (!applied) {
            return applied.error().during(fmt::format("dictionary {}", i + 1));
        }
    }
    return Decoder(options, known).decode(payload);
}

ExitCode run_decode(const DecodeOptions& options) {
    std::vector<std::string> dictionaries;
    for (const std::string& path : options.dictionary_files) {
        auto dictionary = read_file(path, kMaxPayloadBytes);
        if (!dictionary) {
            return fail(dictionary.error());
        }
        dictionaries.push_back(std::move(*dictionary));
    }
    const auto payload = read_file(options.file, kMaxPayloadBytes);
    if (!payload) {
        return fail(payload.error());
    }
    const auto lines = decode_payload(options, *payload, dictionaries);
    if (!lines) {
        return fail(lines.error().during(options.file));
    }
    return write_out(*lines) ? ExitCode::ok : ExitCode::failed;
}

}  // namespace cxedge::ctl
