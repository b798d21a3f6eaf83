// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cassert>
#include <limits>

#include "agent/wire/link_codec.hpp"
#include "agent/wire/text.hpp"

#include "link.pb.h"

namespace cxedge::wire::link {
namespace {

namespace pb = cx::link::v1;

// Leaves room for the frame around a text that may be anything a library printed.
constexpr std::size_t kMaxText = 8192;

std::string text_of(std::string_view text) {
    return clean_utf8(text, kMaxText);
}

// Settings with every file name and layer spelled out once.
class SettingsWriter {
public:
    explicit SettingsWriter(pb::Welcome& welcome) : welcome_(welcome) {}

    void write(const SettingsNode& node, pb::Setting& out) {
        std::visit([&](const auto& value) { write_value(value, out); }, node.value);
        write_position(node.position, out, &pb::Setting::mutable_position);
        write_position(node.key_position, out, &pb::Setting::mutable_key_position);
    }

private:
    void write_value(const SettingsNode::Table& table, pb::Setting& out) {
        pb::Setting::Table& members = *out.mutable_table();
        for (const auto& [key, value] : table) {
            pb::Setting::Member& member = *members.add_member();
            member.set_key(clean_utf8(key));
            write(value, *member.mutable_value());
        }
    }
    void write_value(const SettingsNode::List& list, pb::Setting& out) {
        pb::Setting::List& items = *out.mutable_list();
        for (const SettingsNode& item : list) {
            write(item, *items.add_item());
        }
    }
    static void write_value(bool value, pb::Setting& out) { out.set_boolean(value); }
    static void write_value(std::int64_t value, pb::Setting& out) { out.set_integer(value); }
    static void write_value(double value, pb::Setting& out) { out.set_number(value); }
    static void write_value(const std::string& value, pb::Setting& out) {
        out.set_text(clean_utf8(value));
    }

    void write_position(
        const SettingsPosition& position,
        pb::Setting& out,
        pb::Setting::Position* (pb::Setting::*make)()
    ) {
        if (!position.file && position.line == 0 && position.column == 0 &&
            position.layer.empty()) {
            return;
        }
        pb::Setting::Position& written = *(out.*make)();
        written.set_file(position.file ? place(*position.file) : 0);
        written.set_line(position.line);
        written.set_column(position.column);
        written.set_layer(position.layer.empty() ? 0 : place(position.layer));
    }

    std::uint32_t place(const std::string& name) {
        const std::string clean = clean_utf8(name);
        auto& places = *welcome_.mutable_place();
        const auto found = std::find(places.begin(), places.end(), clean);
        const auto index = static_cast<std::uint32_t>(found - places.begin());
        if (found == places.end()) {
            *places.Add() = clean;
        }
        return index + 1;
    }

    pb::Welcome& welcome_;
};

class FrameWriter {
public:
    std::string take(const Frame& frame) {
        std::visit([this](const auto& kind) { write(kind); }, frame);
        return out_.SerializeAsString();
    }

private:
    void write(const Hello& in) {
        pb::Hello& out = *out_.mutable_hello();
        out.set_protocol(in.protocol);
        out.set_plugin(text_of(in.plugin));
        out.set_version(text_of(in.version));
        out.set_pid(in.pid);
        out.set_acknowledges(in.acknowledges);
    }
    void write(const Welcome& in) {
        pb::Welcome& out = *out_.mutable_welcome();
        out.set_protocol(in.protocol);
        out.set_source(text_of(in.source));
        SettingsWriter(out).write(in.settings, *out.mutable_settings());
        out.set_heartbeat_ms(in.heartbeat_ms);
        out.set_check_only(in.check_only);
        out.set_kept(in.kept);
        out.set_tenant(text_of(in.box.tenant));
        out.set_site(text_of(in.box.site));
        out.set_node(text_of(in.box.node));
    }
    void write(const Checked& in) {
        pb::Checked& out = *out_.mutable_checked();
        for (const std::string& problem : in.problems) {
            out.add_problem(text_of(problem));
        }
    }
    void write(const Declare& in) {
        pb::Declare& out = *out_.mutable_declare();
        out.set_id(in.id);
        out.set_metric(text_of(in.info.key.metric));
        out.set_kind(static_cast<std::uint32_t>(in.info.kind));
        out.set_unit(text_of(in.info.unit));
        for (const Dimension& dim : in.info.key.dims) {
            out.add_dim(text_of(dim.key));
            out.add_dim(text_of(dim.value));
        }
        for (const std::string& state : in.info.states) {
            out.add_state(text_of(state));
        }
        out.set_counter_bits(in.info.counter_bits);
        if (in.info.resets_at) {
            out.set_resets_at(static_cast<std::uint32_t>(in.info.resets_at->count()) + 1);
        }
    }
    void write(const Readings& in) {
        assert(in.readings.size() <= kMaxReadingsPerFrame);
        pb::Readings& out = *out_.mutable_readings();
        for (const Reading& reading : in.readings) {
            pb::Readings::Reading& written = *out.add_reading();
            written.set_id(reading.id);
            written.set_value(reading.value);
            written.set_lost(reading.lost);
            written.set_boot_ms(reading.boot_ms);
            written.set_device_ms(reading.device_ms);
            written.set_from_ms(reading.from_ms);
            written.set_key(reading.key);
        }
    }
    void write(const EventFrame& in) {
        const Event& event = in.event;
        pb::Event& out = *out_.mutable_event();
        out.set_name(text_of(event.name));
        out.set_severity(static_cast<std::uint32_t>(event.severity));
        out.set_state(static_cast<std::uint32_t>(event.state));
        if (event.id != EventId{}) {
            out.mutable_id()->assign(event.id.begin(), event.id.end());
        }
        out.set_subject(text_of(event.subject));
        out.set_text(text_of(event.text));
        for (const Dimension& attr : event.attrs) {
            out.add_attr(text_of(attr.key));
            out.add_attr(text_of(attr.value));
        }
        if (event.time.base == SampleTime::Base::wall) {
            out.set_device_ms(event.time.ms);
        } else {
            out.set_boot_ms(event.time.ms);
        }
    }
    void write(const Heartbeat& in) { out_.mutable_heartbeat()->set_readings(in.readings); }
    void write(const LogLine& in) {
        out_.mutable_log()->set_level(static_cast<std::uint32_t>(in.level));
        out_.mutable_log()->set_text(text_of(in.text));
    }
    void write(const Problem& in) { out_.mutable_problem()->set_text(text_of(in.text)); }
    void write(const Commit& in) { out_.mutable_commit()->set_ticket(in.ticket); }
    void write(const Committed& in) {
        out_.mutable_committed()->set_ticket(in.ticket);
        out_.mutable_committed()->set_error(text_of(in.error));
    }
    void write(const DeviceFrame& in) {
        pb::Device& out = *out_.mutable_device();
        out.set_device(text_of(in.note.device));
        out.set_model(text_of(in.note.model));
        out.set_firmware(text_of(in.note.firmware));
        if (in.note.battery) {
            out.set_battery(*in.note.battery);
        }
        out.set_down(!in.note.up);
    }
    void write(const Keep& in) { out_.mutable_keep()->set_bytes(in.bytes); }
    void write(const Bye& in) {
        out_.mutable_bye()->set_code(in.failed ? static_cast<std::uint32_t>(in.code) + 1 : 0);
        out_.mutable_bye()->set_text(text_of(in.text));
    }

    pb::Frame out_;
};

}  // namespace

std::string encode(const Frame& frame) {
    return FrameWriter().take(frame);
}

}  // namespace cxedge::wire::link
