// SPDX-License-Identifier: Apache-2.0
// Writes inputs to start from:
// DIRECTORY/{batch,command,device_formats,dictionary,dns,history,link,radio,twin,video,web_page,websocket}/N.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "agent/store/history_chunk.hpp"
#include "agent/store/history_stash.hpp"
#include "agent/wire/batch_codec.hpp"
#include "agent/wire/command.hpp"
#include "agent/wire/desired.hpp"
#include "agent/wire/dictionary.hpp"
#include "agent/wire/enrolment.hpp"
#include "agent/wire/envelope.hpp"
#include "agent/wire/link_codec.hpp"
#include "agent/wire/node_state.hpp"
#include "agent/wire/platform_ack.hpp"
#include "agent/wire/reported.hpp"
#include "agent/wire/request.hpp"

#include "tests/plugins/radio/nl80211_bytes.hpp"

namespace {

using namespace cxedge;

class Seeds {
public:
    Seeds(const std::filesystem::path& root, const std::string& target)
        : directory_(root / target) {
        std::filesystem::create_directories(directory_);
    }
    void write(const std::string& bytes) {
        std::ofstream(directory_ / std::to_string(count_++), std::ios::binary) << bytes;
    }

private:
    std::filesystem::path directory_;
    int count_ = 0;
};

Event event() {
    Event event;
    event.name = "plugin.crashed";
    event.subject = "camera";
    event.id.fill(7);
    event.attrs = {{"signal", "9"}};
    return event;
}

void batches(Seeds seeds) {
    for (const int spread : {0, 37}) {
        for (const int count : {4, 31}) {
            wire::BatchBuilder builder;
            Histogram histogram;
            for (int i = 0; i < count; ++i) {
                histogram.record(i * 0.5 - 1);
                const auto series = static_cast<std::uint32_t>(i % 7);
                const SampleTime time = at_boot(BootTime(1000 * (i / 7) + i * spread));
                const SampleValue lost = Lost{};
                builder.add(Sample{SeriesId{series}, time, i % 9 == 8 ? lost : SampleValue(i / 3.0)}
                );
            }
            if (count == 4) {
                builder.add(Sample{SeriesId{9}, at_wall(from_unix_ms(5)), histogram});
                builder.add(event());
                builder.add(wire::Declared<Gap>{at_wall(from_unix_ms(6)), {Lane::live, 1, 2, 3}});
                builder.add(wire::Declared<DeadLetter>{at_boot(BootTime(7)), {Lane::live, 1, 4}});
                builder.add(ClockStep{at_boot(BootTime(8)), 9, 10});
            }
            wire::BatchHeader header;
            header.seq = 1;
            const wire::SealedBody body = builder.seal();
            seeds.write(wire::encode_batch(header, body));
            seeds.write(static_cast<char>(body.samples | (body.events << 5U)) + body.bytes);
        }
    }
}

void dictionaries(Seeds seeds) {
    SeriesInfo info;
    info.key = {"door.state", {{"door", "main"}}};
    info.kind = Kind::state;
    info.states = {"shut", "open"};
    const std::string definition = wire::encode_definition(info);
    seeds.write(definition);
    seeds.write(
        wire::encode_dictionary({"acme", "17", "gw", {{"region", "north"}}}, {definition})[0]
            .payload
    );
    seeds.write(wire::encode_node_state({true, 1, 2, "0.1.0", from_unix_ms(3)}));
    seeds.write(wire::encode_platform_ack({true, {{1, Lane::live, 2}, {1, Lane::bulk, 3}}}));
    seeds.write(wire::encode_request(wire::Resend{Lane::live, 1, 2, 3}));
    seeds.write("cx/1/acme/17/gw/up/live/kpi");
}

void documents(Seeds seeds) {
    wire::Desired desired;
    desired.tenant = "acme";
    desired.node = "gw-1";
    desired.generation = 7;
    desired.config = "[spool]\nmax_mib = 8\n[[source]]\nplugin = \"box\"\n";
    const std::string body = wire::encode_desired(desired);
    seeds.write(body);
    seeds.write(wire::encode_envelope({body, {{"12345678", std::string(64, 's')}}}));
    seeds.write(desired.config);
    wire::Reported reported;
    reported.history.push_back({{7, "h"}, wire::TwinOutcome::rejected, {"why"}, {}, "k"});
    seeds.write(wire::encode_reported(reported));
}

SettingsNode settings() {
    SettingsNode text;
    text.value = std::string("x");
    SettingsNode table;
    table.value = SettingsNode::Table{{"key", text}};
    table.position.line = 3;
    table.position.layer = "site";
    SettingsNode list;
    list.value = SettingsNode::List{table, text};
    return list;
}

void frames(Seeds seeds) {
    namespace link = wire::link;
    link::Declare declare;
    declare.info.key = {"m", {{"k", "v"}}};
    for (const link::Frame& frame : std::initializer_list<link::Frame>{
             link::Hello{1, "p", "v", 2},
             link::Welcome{1, "s", settings(), 1000, false, "kept"},
             link::Keep{"kept"},
             link::Checked{{"bad"}},
             declare,
             link::Readings{{{1, 2.5, false, 3, 4}, {2, 0, true, 5, 0}}},
             link::EventFrame{event()},
             link::Heartbeat{9},
             link::LogLine{log::Level::warn, "text"},
             link::Problem{"p"},
             link::Commit{1},
             link::Committed{1, "e"},
             link::Bye{true, ErrorCode::corrupt, "why"}}) {
        seeds.write(link::encode(frame));
    }
}

void commands(Seeds seeds) {
    wire::Command command;
    command.tenant = "acme";
    command.site = "store-1";
    command.node = "box-1";
    command.id = wire::make_ulid(from_unix_ms(1'700'000'000'000));
    command.issued_at = from_unix_ms(1'700'000'000'000);
    command.op = "live";
    command.args = {{"series", "till.*"}, {"every_s", "5"}, {"ttl_s", "600"}};
    seeds.write(wire::encode_command(command));
    seeds.write(wire::encode_enrol_request({"0123456789abcdef", "SN", "csr", "pem", "proof"}));
    seeds.write(wire::encode_enrol_response({"0123456789abcdef", "", "pem", "desired"}));
}

// A body with every kind of cell, one with events, and a stash with both.
void histories(Seeds seeds) {
    constexpr std::int64_t kMinute = 60'000;
    store::ChunkSink sink(0);
    store::HistoryRun raw{1, 0, {}};
    store::HistoryRun minutes{2, kMinute, {}};
    for (int i = 1; i < 20; ++i) {
        raw.cells.push_back(
            i % 7 == 0 ? store::lost_cell(i * 1000) : store::cell_of(i * 977, i / 3.0)
        );
        store::HistoryCell minute = store::cell_of(i * kMinute, i * 1e9);
        minute.step_ms = kMinute;
        minute.buckets = {{-3, 1}, {40, static_cast<std::uint64_t>(i)}};
        minutes.cells.push_back(minute);
    }
    sink.add(raw);
    sink.add(minutes);
    sink.cut();
    sink.add_event(5, "door opened");
    sink.add_event(kMinute, "door shut");
    sink.cut();
    store::StashedSlice slice{1, 40, 2, 1000, {}};
    for (store::SealedChunk& sealed : sink.take()) {
        seeds.write(sealed.chunk.body);
        store::SlicedChunk sliced;
        sliced.events = sealed.events;
        sliced.chunk = std::move(sealed.chunk);
        slice.chunks.push_back(std::move(sliced));
    }
    store::HistoryStash stash{"journal-1", 7, 9, 1, {"till.sales"}, {}};
    stash.slices.push_back(std::move(slice));
    seeds.write(store::encode_stash(stash));
}

// The first byte chooses among the formats by name, then mappings (fuzz_device_formats.cpp).
void devices(Seeds seeds) {
    const char* const messages[] = {
        R"({"serial":"A","name":"Door","timestamp":"20261122091400","in":0,"out":3})",
        R"(<Metrics DeviceId="d"><ReportData><Report Date="2025-06-15"><Object Name="Main">)"
        R"(<Count StartTime="17:37:00" EndTime="17:38:00" UnixStartTime="1750001820" Enters="0")"
        R"( Exits="2"/></Object></Report></ReportData></Metrics>)",
        R"(<EventNotificationAlert><channelID/><dateTime>2020-04-19T19:35:00+02:00</dateTime>)"
        R"(<eventType>PeopleCounting</eventType><peopleCounting><enter>1</enter><exit/>)"
        R"(</peopleCounting></EventNotificationAlert>)",
        R"({"count_since_reset":[{"context_id":"A","value":459}]})",
        "017564 04CC12001600 20CE7B3AF164000B000400",
        R"({"type":"ticket_served","data":{"id":1,"line":2,"called":{"date":"2026-11-22T09:05:00Z"},)"
        R"("served":{"date":"2026-11-22T09:07:30Z"}}})",
        R"({"event_type":1,"timestamp":1535546730,"data":{"interval":2,"event_set":[{"line_id":0,)"
        R"("side1_count":1,"side2_count":0}]}})",
        R"({"logics_data":{"logics":[{"name":"Main","info":"LINE","records":[{"from":1000,)"
        R"("to":2000,"counts":[{"name":"fw","value":1},{"name":"fw-male","value":1}]}]}]}})",
        R"({"a":[{"d":"x","t":2000,"f":1000,"i":1,"v":3,"z":"in"}]})",
        R"({"d":"x","t":"2026-11-22","f":null,"v":"3","z":1,"k":{"on":"on"}})",
        R"(<r><a><d>x</d><t>2000</t><f>1000</f><i>1</i><v>3</v><z>in</z></a></r>)",
        "d,t,f,i,v,z\nx,2000,1000,1,3,\"in\"\n"};
    char choice = 0;
    for (const char* message : messages) {
        seeds.write(std::string(1, choice++) + message);
    }
}

void videos(Seeds seeds) {
    const char* const texts[] = {
        "0#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:4,\na.ts\n"
        "#EXT-X-MEDIA-SEQUENCE:8\n#EXTINF:4,\nb.ts\n",
        "1../x/./y?z#w",
        "2#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=800000,CODECS=\"a,b\",RESOLUTION=2x1\nlow.m3u8\n",
        "2#EXTM3U\n#EXT-X-MAP:URI=\"i.mp4\",BYTERANGE=\"9@0\"\n#EXTINF:2.5,t\n"
        "#EXT-X-BYTERANGE:5@9\nf.mp4\n#EXT-X-DISCONTINUITY\n#EXTINF:2\n#EXT-X-BYTERANGE:5\nf.mp4\n"
        "#EXT-X-ENDLIST\n",
        "2<MPD mediaPresentationDuration='PT1M'><BaseURL>x/</BaseURL><Period><AdaptationSet "
        "mimeType='video/mp4'><SegmentTemplate timescale='10' media='$Time$' initialization="
        "'$RepresentationID$'><SegmentTimeline><S t='5' d='20' r='-1'/></SegmentTimeline>"
        "</SegmentTemplate><Representation id='v' bandwidth='9'/></AdaptationSet></Period></MPD>",
        "2<MPD><Period duration='PT9S'><AdaptationSet contentType='video'><Representation id='v'>"
        "<SegmentList duration='3'><Initialization range='0-9'/><SegmentURL media='a' "
        "mediaRange='1-2'/></SegmentList></Representation></AdaptationSet></Period></MPD>",
    };
    for (const char* text : texts) {
        seeds.write(text);
    }
}

// The first byte chooses what is read (fuzz_dns.cpp). An answer: a name, a mail server behind a
// pointer, an address.
void names(Seeds seeds) {
    const std::string answer(
        "\x12\x34\x81\x80\0\x01\0\x02\0\0\0\0\x03www\x04test\0\0\x0f\0\x01"
        "\xc0\x0c\0\x0f\0\x01\0\0\0\x3c\0\x09\0\x0a\x04mail\xc0\x10"
        "\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01",
        12 + 14 + 21 + 16
    );
    const auto size = static_cast<char>(answer.size());
    seeds.write(std::string(1, '\0') + answer);
    seeds.write(std::string("\x01\0", 2) + size + answer);
    seeds.write("\x02_a.\\007b.example");
    seeds.write("\x03nameserver 192.0.2.1\n");
    seeds.write("\x03[2001:db8::1]:53");
}

void pages(Seeds seeds) {
    seeds.write(
        "\x03<html><title>a</title><base href=/b/><link rel=icon href='i.png'>"
        "<script src=\"a.js?x=1&amp;y=2\"></script><!-- c --><img alt=x src=../p.png>"
    );
    seeds.write("\x40//cdn.example/a/./../b?c#d");
}

void radios(Seeds seeds) {
    using namespace cxedge::test;
    seeds.write(
        genl_message(kFamily, NL80211_CMD_NEW_INTERFACE, 2, interface_attrs(3, "wlan0")) +
        done_message(2)
    );
    seeds.write(genl_message(kFamily, NL80211_CMD_NEW_STATION, 3, station_attrs(3)));
    seeds.write(genl_message(kFamily, NL80211_CMD_NEW_SURVEY_RESULTS, 4, survey_attrs(3)));
    seeds.write(error_message(1, 2));
    seeds.write("262,01,FFFE,01C3D704,5A2F");
}

void websockets(Seeds seeds) {
    seeds.write(std::string(
        "3\x82\x05hello\x01\x02"
        "ab\x89\x02hi\x80\x01"
        "c\x88\0",
        21
    ));
    seeds.write(std::string(
        "1\x82\x7e\0\x03"
        "abc\x82\x7f\0\0\0\0\0\0\0\x01"
        "d",
        19
    ));
    seeds.write(
        "9HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: protocol\r\n\r\n"
    );
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: fuzz_seeds DIRECTORY\n";
        return 2;
    }
    batches(Seeds(argv[1], "batch"));
    dictionaries(Seeds(argv[1], "dictionary"));
    frames(Seeds(argv[1], "link"));
    commands(Seeds(argv[1], "command"));
    devices(Seeds(argv[1], "device_formats"));
    documents(Seeds(argv[1], "twin"));
    histories(Seeds(argv[1], "history"));
    videos(Seeds(argv[1], "video"));
    websockets(Seeds(argv[1], "websocket"));
    names(Seeds(argv[1], "dns"));
    pages(Seeds(argv[1], "web_page"));
    radios(Seeds(argv[1], "radio"));
    return 0;
}
