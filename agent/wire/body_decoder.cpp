// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/body_decoder.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "agent/wire/block_decoder.hpp"
#include "agent/wire/compression.hpp"
#include "agent/wire/declaration_codec.hpp"
#include "agent/wire/event_codec.hpp"
#include "agent/wire/fields.hpp"

#include "cx.pb.h"

namespace cxedge::wire {
namespace {

class BodyDecoder {
public:
    BodyDecoder(const SealedBody& body, const SampleTime& t0)
        : body_(body),
          context_{
              t0,
              body.dict_size,
              std::min<std::size_t>(body.samples, kMaxBodySamples),
              kMaxBodyBuckets} {}

    Result<DecodedBody> run() {
        Result<std::string> bytes = decompress(body_.codec, body_.bytes, kMaxBodyBytes);
        if (!bytes) {
            return bytes.error().during("body");
        }
        FieldReader reader(*bytes);
        Field field;
        while (reader.next(field)) {
            const Status done = field.has_bytes ? take(field) : Status{};
            if (!done) {
                return done.error();
            }
        }
        if (reader.malformed()) {
            return corrupt("body: not a Body");
        }
        if (decoded_.samples.size() != body_.samples || decoded_.events.size() != body_.events) {
            return miscounted();
        }
        return std::move(decoded_);
    }

private:
    Status take(const Field& field) {
        switch (field.number) {
            case cx::v1::Body::kBlockFieldNumber:
                return take_block(field.bytes);
            case cx::v1::Body::kEventFieldNumber:
                return take_event(field.bytes);
            case cx::v1::Body::kGapFieldNumber:
                return declare("gap", decode_gap(field.bytes, context_.t0), decoded_.gaps);
            case cx::v1::Body::kDeadFieldNumber:
                return declare("dead", decode_dead_letter(field.bytes, context_.t0), decoded_.dead);
            case cx::v1::Body::kClockStepFieldNumber:
                return declare(
                    "clock_step", decode_clock_step(field.bytes, context_.t0), decoded_.clock_steps
                );
            case cx::v1::Body::kReplayFieldNumber:
                return take_replay(field.bytes);
            default:
                return {};
        }
    }

    Status take_replay(std::string_view bytes) {
        cx::v1::Replay replay;
        if (!replay.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
            replay.id() == 0) {
            return corrupt("body: replay has no id");
        }
        decoded_.replay = replay.id();
        return {};
    }

    Status take_block(std::string_view bytes) {
        const Status done = decode_block(bytes, context_, decoded_.samples);
        ++blocks_;
        return done ? done : done.error().during(fmt::format("body: block {}", blocks_ - 1));
    }

    Status take_event(std::string_view bytes) {
        if (decoded_.events.size() >= body_.events) {
            return corrupt(fmt::format("body: more than the {} events announced", body_.events));
        }
        Result<Event> event = decode_event(bytes, context_.t0);
        if (!event) {
            return event.error().during(fmt::format("body: event {}", decoded_.events.size()));
        }
        decoded_.events.push_back(std::move(event).value());
        return {};
    }

    template <class T>
    Status declare(std::string_view name, Result<T> one, std::vector<T>& list) {
        if (!one) {
            return one.error().during(fmt::format("body: {} {}", name, list.size()));
        }
        if (++declarations_ > kMaxBodyDeclarations) {
            return corrupt(fmt::format("body: more than {} declarations", kMaxBodyDeclarations));
        }
        list.push_back(std::move(one).value());
        return {};
    }

    [[nodiscard]] Error miscounted() const {
        return corrupt(fmt::format(
            "body: {} samples and {} events, the batch says {} and {}",
            decoded_.samples.size(),
            decoded_.events.size(),
            body_.samples,
            body_.events
        ));
    }

    const SealedBody& body_;
    BlockContext context_;
    DecodedBody decoded_;
    std::size_t blocks_ = 0;
    std::size_t declarations_ = 0;
};

}  // namespace

Result<DecodedBody> decode_sealed(const SealedBody& body, const SampleTime& t0) {
    return BodyDecoder(body, t0).run();
}

}  // namespace cxedge::wire
