// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/twin_file.hpp"

#include <utility>

#include "agent/base/byte_codec.hpp"
#include "agent/base/durable_file.hpp"
#include "agent/base/unique_fd.hpp"
#include "agent/wire/envelope.hpp"

namespace cxedge::remote {
namespace {

// "cxtwin" and the version of what follows; at the end the SHA-256 of all before it.
constexpr std::string_view kMagic = "cxtwin1\n";
constexpr std::size_t kHashBytes = 32;
// Two documents, and what is remembered of others.
constexpr std::size_t kMaxTwinBytes = 2 * wire::kMaxEnvelopeBytes + (std::size_t{1} << 20U);
constexpr std::size_t kMostTexts = 4096;

// The same calls write and read, so that the two cannot differ.
struct Writing {
    ByteWriter bytes;
    void operator()(const std::string& text) { bytes.text(text); }
    void operator()(std::uint64_t number) { bytes.number(number); }
    void operator()(unsigned number) { bytes.number(number); }
    void operator()(bool flag) { bytes.number(flag ? 1 : 0); }
    void operator()(std::chrono::seconds time) { bytes.signed_number(time.count()); }
    void operator()(BootTime time) { bytes.signed_number(time.count()); }
    void operator()(WallTime time) { bytes.signed_number(unix_ms(time)); }
    void operator()(TwinPhase phase) { bytes.number(static_cast<std::uint64_t>(phase)); }
    void operator()(TwinOutcome outcome) { bytes.number(static_cast<std::uint64_t>(outcome)); }
    template <class T>
    void list(const std::vector<T>& all) {
        bytes.number(all.size());
        for (const T& one : all) {
            each(*this, one);
        }
    }
    static void each(Writing& self, const std::string& text) { self(text); }
    static void each(Writing& self, const TwinAttempt& attempt);
};

struct Reading {
    ByteReader bytes;
    bool good = true;
    void operator()(std::string& text) { text = bytes.text(); }
    void operator()(std::uint64_t& number) { number = bytes.number(); }
    void operator()(unsigned& number) { number = static_cast<unsigned>(bytes.number()); }
    void operator()(bool& flag) { flag = bytes.number() != 0; }
    void operator()(std::chrono::seconds& time) {
        time = std::chrono::seconds(bytes.signed_number());
    }
    void operator()(BootTime& time) { time = BootTime(bytes.signed_number()); }
    void operator()(WallTime& time) { time = from_unix_ms(bytes.signed_number()); }
    void operator()(TwinPhase& phase) { choice(phase, TwinPhase::rolling_back); }
    void operator()(TwinOutcome& outcome) { choice(outcome, TwinOutcome::rolled_back); }
    template <class Enum>
    void choice(Enum& value, Enum last) {
        const std::uint64_t number = bytes.number();
        good = good && number <= static_cast<std::uint64_t>(last);
        value = good ? static_cast<Enum>(number) : Enum{};
    }
    template <class T>
    void list(std::vector<T>& all) {
        const std::uint64_t size = bytes.number();
        good = good && size <= kMostTexts;
        for (std::uint64_t i = 0; good && bytes.good() && i < size; ++i) {
            all.emplace_back();
            each(*this, all.back());
        }
    }
    static void each(Reading& self, std::string& text) { self(text); }
    static void each(Reading& self, TwinAttempt& attempt);
};

template <class Way, class Version>
void version_fields(Way& way, Version& version) {
    way(version.generation);
    way(version.hash);
}

template <class Way, class Attempt>
void attempt_fields(Way& way, Attempt& attempt) {
    version_fields(way, attempt.version);
    way(attempt.outcome);
    way.list(attempt.reasons);
    way(attempt.at);
    way(attempt.key_id);
}

void Writing::each(Writing& self, const TwinAttempt& attempt) {
    attempt_fields(self, attempt);
}

void Reading::each(Reading& self, TwinAttempt& attempt) {
    attempt_fields(self, attempt);
}

template <class Way, class Document>
void document_fields(Way& way, Document& document) {
    version_fields(way, document.version);
    way(document.config);
    way(document.trial);
    way.list(document.keys);
    way(document.key_id);
}

template <class Way, class State>
void state_fields(Way& way, State& state) {
    way(state.phase);
    way(state.highest);
    document_fields(way, state.good);
    document_fields(way, state.candidate);
    way(state.starts);
    way(state.link_was_up);
    way.list(state.unwell);
    way(state.boot);
    way(state.trial_until);
    way.list(state.reasons);
    way.list(state.history);
    way.list(state.denied);
    way(state.site_hash);
    way.list(state.keys);
    way(state.keys_instead_of);
}

}  // namespace

std::string encode_twin(const TwinState& state) {
    std::string out(kMagic);
    Writing writing{ByteWriter(out)};
    state_fields(writing, state);
    return out + sha256(out);
}

Result<TwinState> decode_twin(std::string_view bytes) {
    if (bytes.size() < kMagic.size() + kHashBytes || bytes.substr(0, kMagic.size()) != kMagic) {
        return corrupt("is not a twin's state");
    }
    const std::string_view body = bytes.substr(0, bytes.size() - kHashBytes);
    if (sha256(body) != bytes.substr(body.size())) {
        return corrupt("is damaged: its check sum does not fit");
    }
    TwinState state;
    Reading reading{ByteReader(body.substr(kMagic.size()))};
    state_fields(reading, state);
    if (!reading.good || !reading.bytes.good() || !reading.bytes.at_end()) {
        return corrupt("is of another version");
    }
    return state;
}

Result<TwinState> read_twin(const std::string& path) {
    const Result<std::string> bytes = load_file(path, kMaxTwinBytes);
    if (!bytes) {
        const bool none = bytes.error().code == ErrorCode::not_found;
        return none ? Result<TwinState>(TwinState{}) : Result<TwinState>(bytes.error());
    }
    Result<TwinState> state = decode_twin(*bytes);
    return state ? std::move(state) : Result<TwinState>(state.error().during(path));
}

Status write_twin(const std::string& path, const TwinState& state) {
    return replace_file(path, encode_twin(state), kPrivateFile);
}

}  // namespace cxedge::remote
