// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <optional>

#include <fmt/core.h>

#include "agent/wire/link_codec.hpp"

#include "link.pb.h"

namespace cxedge::wire::link {
namespace {

namespace pb = cx::link::v1;

using Decoded = Result<Frame>;

class SettingsReader {
public:
    explicit SettingsReader(const pb::Welcome& welcome) {
        for (const std::string& place : welcome.place()) {
            places_.push_back(std::make_shared<const std::string>(place));
        }
    }

    Status read(const pb::Setting& in, SettingsNode& out, int depth) {
        if (depth > kMaxSettingsDepth) {
            return corrupt(
                fmt::format("settings: more than {} tables within each other", kMaxSettingsDepth)
            );
        }
        if (Status done = read_position(in.position(), out.position); !done) {
            return done;
        }
        if (Status done = read_position(in.key_position(), out.key_position); !done) {
            return done;
        }
        return read_value(in, out, depth);
    }

private:
    Status read_value(const pb::Setting& in, SettingsNode& out, int depth) {
        switch (in.value_case()) {
            case pb::Setting::kTable:
                return read_table(in.table(), out.value.emplace<SettingsNode::Table>(), depth);
            case pb::Setting::kList:
                return read_list(in.list(), out.value.emplace<SettingsNode::List>(), depth);
            case pb::Setting::kBoolean:
                out.value = in.boolean();
                return {};
            case pb::Setting::kInteger:
                out.value = std::int64_t{in.integer()};
                return {};
            case pb::Setting::kNumber:
                out.value = in.number();
                return {};
            case pb::Setting::kText:
                out.value = in.text();
                return {};
            case pb::Setting::VALUE_NOT_SET:
                break;
        }
        return corrupt("settings: a setting without a value");
    }

    Status read_table(const pb::Setting::Table& in, SettingsNode::Table& out, int depth) {
        for (const pb::Setting::Member& member : in.member()) {
            SettingsNode& value = out.emplace_back(member.key(), SettingsNode{}).node;
            if (Status done = read(member.value(), value, depth + 1); !done) {
                return done;
            }
        }
        return {};
    }

    Status read_list(const pb::Setting::List& in, SettingsNode::List& out, int depth) {
        for (const pb::Setting& item : in.item()) {
            if (Status done = read(item, out.emplace_back(), depth + 1); !done) {
                return done;
            }
        }
        return {};
    }

    Status read_position(const pb::Setting::Position& in, SettingsPosition& out) const {
        if (in.file() > places_.size() || in.layer() > places_.size()) {
            return corrupt(fmt::format(
                "settings: place {} of {}", std::max(in.file(), in.layer()), places_.size()
            ));
        }
        out.file = in.file() == 0 ? nullptr : places_[in.file() - 1];
        out.line = in.line();
        out.column = in.column();
        out.layer = in.layer() == 0 ? std::string() : *places_[in.layer() - 1];
        return {};
    }

    std::vector<std::shared_ptr<const std::string>> places_;
};

Status read_pairs(
    const google::protobuf::RepeatedPtrField<std::string>& in, std::vector<Dimension>& out
) {
    if (in.size() % 2 != 0) {
        return corrupt("a key without a value");
    }
    for (int i = 0; i < in.size(); i += 2) {
        out.push_back({in.Get(i), in.Get(i + 1)});
    }
    return {};
}

Error out_of_range(std::string_view field, std::uint64_t value) {
    return corrupt(fmt::format("{} {} is unknown", field, value));
}

// `value` as an enumerator of E up to `last`; empty beyond it.
template <class E>
std::optional<E> enumerator(std::uint32_t value, E last) {
    return value <= static_cast<std::uint32_t>(last) ? std::optional(static_cast<E>(value))
                                                     : std::nullopt;
}

Decoded read(const pb::Hello& in) {
    return Frame(Hello{in.protocol(), in.plugin(), in.version(), in.pid(), in.acknowledges()});
}

Decoded read(const pb::Welcome& in) {
    Welcome out;
    out.protocol = in.protocol();
    out.source = in.source();
    if (const Status done = SettingsReader(in).read(in.settings(), out.settings, 1); !done) {
        return done.error();
    }
    out.heartbeat_ms = in.heartbeat_ms();
    out.check_only = in.check_only();
    out.kept = in.kept();
    out.box = {in.tenant(), in.site(), in.node()};
    return Frame(std::move(out));
}

Decoded read(const pb::Checked& in) {
    return Frame(Checked{{in.problem().begin(), in.problem().end()}});
}

Decoded read(const pb::Declare& in) {
    const auto kind = enumerator(in.kind(), Kind::state);
    if (!kind) {
        return out_of_range("kind", in.kind());
    }
    const std::uint32_t bits = in.counter_bits();
    if (bits != 0 && bits != 16 && bits != 32 && bits != 64) {
        return out_of_range("counter_bits", bits);
    }
    constexpr std::uint32_t kMinutesOfDay = 24 * 60;
    if (in.resets_at() > kMinutesOfDay) {
        return out_of_range("resets_at", in.resets_at());
    }
    Declare out;
    if (in.resets_at() != 0) {
        out.info.resets_at = std::chrono::minutes(in.resets_at() - 1);
    }
    out.id = in.id();
    out.info.key.metric = in.metric();
    if (const Status done = read_pairs(in.dim(), out.info.key.dims); !done) {
        return done.error().during("dim");
    }
    out.info.kind = *kind;
    out.info.unit = in.unit();
    out.info.states.assign(in.state().begin(), in.state().end());
    out.info.counter_bits = static_cast<std::uint8_t>(bits);
    return Frame(std::move(out));
}

Decoded read(const pb::Readings& in) {
    if (static_cast<std::size_t>(in.reading_size()) > kMaxReadingsPerFrame) {
        return corrupt(fmt::format(
            "{} readings, at most {} in a frame", in.reading_size(), kMaxReadingsPerFrame
        ));
    }
    Readings out;
    out.readings.reserve(static_cast<std::size_t>(in.reading_size()));
    for (const pb::Readings::Reading& reading : in.reading()) {
        out.readings.push_back(
            {reading.id(),
             reading.value(),
             reading.lost(),
             reading.boot_ms(),
             reading.device_ms(),
             reading.from_ms(),
             reading.key()}
        );
    }
    return Frame(std::move(out));
}

Decoded read(const pb::Event& in) {
    const auto severity = enumerator(in.severity(), Severity::critical);
    const auto state = enumerator(in.state(), EventState::ack);
    if (!severity || !state) {
        return out_of_range("severity or state", severity ? in.state() : in.severity());
    }
    EventFrame out;
    if (!in.id().empty() && in.id().size() != out.event.id.size()) {
        return corrupt(fmt::format("id has {} bytes", in.id().size()));
    }
    out.event.name = in.name();
    out.event.severity = *severity;
    out.event.state = *state;
    std::copy(in.id().begin(), in.id().end(), out.event.id.begin());
    out.event.subject = in.subject();
    out.event.text = in.text();
    if (const Status done = read_pairs(in.attr(), out.event.attrs); !done) {
        return done.error().during("attr");
    }
    const bool wall = in.device_ms() != 0;
    out.event.time.base = wall ? SampleTime::Base::wall : SampleTime::Base::boot;
    out.event.time.ms = wall ? in.device_ms() : in.boot_ms();
    return Frame(std::move(out));
}

Decoded read(const pb::Device& in) {
    DeviceFrame out;
    out.note.device = in.device();
    out.note.model = in.model();
    out.note.firmware = in.firmware();
    out.note.up = !in.down();
    if (in.has_battery()) {
        out.note.battery = in.battery();
    }
    return Frame(std::move(out));
}

Decoded read(const pb::Log& in) {
    const auto level = enumerator(in.level(), log::Level::error);
    if (!level) {
        return out_of_range("level", in.level());
    }
    return Frame(LogLine{*level, in.text()});
}

Decoded read(const pb::Bye& in) {
    Bye out;
    out.text = in.text();
    if (in.code() == 0) {
        return Frame(std::move(out));
    }
    const auto code = enumerator(in.code() - 1, ErrorCode::exhausted);
    if (!code) {
        return out_of_range("code", in.code());
    }
    out.failed = true;
    out.code = *code;
    return Frame(std::move(out));
}

// The frame's kind, for messages, and what is in it.
Decoded read_kind(const pb::Frame& in, std::string_view& kind) {
    switch (in.kind_case()) {
        case pb::Frame::kHello:
            return kind = "hello", read(in.hello());
        case pb::Frame::kWelcome:
            return kind = "welcome", read(in.welcome());
        case pb::Frame::kDeclare:
            return kind = "declare", read(in.declare());
        case pb::Frame::kReadings:
            return kind = "readings", read(in.readings());
        case pb::Frame::kEvent:
            return kind = "event", read(in.event());
        case pb::Frame::kHeartbeat:
            return Frame(Heartbeat{in.heartbeat().readings()});
        case pb::Frame::kLog:
            return kind = "log", read(in.log());
        case pb::Frame::kProblem:
            return Frame(Problem{in.problem().text()});
        case pb::Frame::kBye:
            return kind = "bye", read(in.bye());
        case pb::Frame::kCommit:
            return Frame(Commit{in.commit().ticket()});
        case pb::Frame::kCommitted:
            return Frame(Committed{in.committed().ticket(), in.committed().error()});
        case pb::Frame::kKeep:
            return Frame(Keep{in.keep().bytes()});
        case pb::Frame::kDevice:
            return kind = "device", read(in.device());
        case pb::Frame::kChecked:
            return kind = "checked", read(in.checked());
        case pb::Frame::KIND_NOT_SET:
            break;
    }
    return corrupt("no kind that this version knows");
}

}  // namespace

Result<Frame> decode(std::string_view bytes) {
    if (bytes.size() > kMaxFrameBytes) {
        return corrupt(
            fmt::format("frame: {} bytes, at most {} allowed", bytes.size(), kMaxFrameBytes)
        );
    }
    pb::Frame frame;
    if (!frame.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return corrupt(fmt::format("frame: {} bytes are not a Frame", bytes.size()));
    }
    std::string_view kind;
    Decoded decoded = read_kind(frame, kind);
    if (!decoded) {
        return decoded.error().during(kind.empty() ? "frame" : fmt::format("frame: {}", kind));
    }
    return decoded;
}

}  // namespace cxedge::wire::link
