// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_voice/voice_figures.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/probe_lab.hpp"

namespace cxedge::test {
namespace {

using namespace plugins;
using probes::StampPassage;

std::vector<StampPassage> passages(const std::string& pattern) {
    std::vector<StampPassage> out;
    for (const char c : pattern) {
        const bool lost = c == '-';
        out.push_back({lost, lost ? std::nullopt : std::optional(c == 'L' ? 0.2 : 0.05)});
    }
    return out;
}

}  // namespace

TEST_CASE("voice: losses in a row are a burst", "[plugins][voice]") {
    const VoiceWay alone = voice_way(passages("..-....-.."), 0.06);
    CHECK(alone.sent == 10);
    CHECK(alone.lost == 2);
    CHECK(*alone.burst_ratio == Approx(1 * 0.8));
    const VoiceWay row = voice_way(passages("..----...."), 0.06);
    CHECK(*row.burst_ratio == Approx(4 * 0.6));
    CHECK_FALSE(voice_way(passages("...."), 0.06).burst_ratio);
    CHECK_FALSE(voice_way(passages("----"), 0.06).burst_ratio);
    CHECK(voice_way(passages("----"), 0.06).loss() == 1);
    CHECK(voice_way({}, 0.06).loss() == 0);
}

TEST_CASE("voice: too late is as bad as lost", "[plugins][voice]") {
    const VoiceWay way = voice_way(passages("..L-......"), 0.06);
    CHECK(way.lost == 1);
    CHECK(way.late == 1);
    CHECK(way.loss() == Approx(0.2));
    CHECK(*way.burst_ratio == Approx(2 * 0.8));
    CHECK(voice_way(passages("..L-......"), 0.16).late == 0);
    // Offsets of clocks are in no difference.
    std::vector<StampPassage> shifted = passages("..L.");
    for (StampPassage& each : shifted) {
        each.delay_s = *each.delay_s - 100;
    }
    CHECK(voice_way(shifted, 0.06).late == 1);
}

TEST_CASE("voice: delay variation is above the smallest delay", "[plugins][voice]") {
    CHECK_FALSE(voice_pdv({}));
    CHECK(*voice_pdv({0.5}) == 0);
    std::vector<double> delays;
    for (int i = 100; i > 0; --i) {
        delays.push_back(i);
    }
    CHECK(*voice_pdv(delays) == 94);
}

TEST_CASE("voice: without an answer there is no score", "[plugins][voice]") {
    probes::StampOutcome silence;
    silence.result = probes::ProbeResult::timeout;
    silence.record.slots.resize(3);
    const probes::Finding found = voice_figures(silence, {}, {voice_codec("g711")});
    CHECK(figure(found, "kqi.voice.mos").values.empty());
    CHECK(figure(found, "net.voice.sent").values == std::vector<double>{3});
    CHECK(figure(found, "net.voice.lost", "dir=round_trip").values == std::vector<double>{3});
    CHECK(figure(found, "net.voice.lost", "dir=forward").values.empty());
    const probes::Finding nothing = voice_figures({}, {}, {voice_codec("g711")});
    CHECK(nothing.figures.size() == found.figures.size());
    CHECK(figure(nothing, "net.voice.sent").values.empty());
}

TEST_CASE("voice: a reflector with impossible times gives no score", "[plugins][voice]") {
    constexpr std::int64_t kMsNs = 1'000'000;
    probes::StampOutcome outcome;
    for (std::uint32_t i = 0; i < 3; ++i) {
        const std::int64_t t1 = std::int64_t{i} * 20 * kMsNs;
        probes::StampSlot slot;
        slot.sequence = i;
        slot.t1 = t1;
        slot.answer = probes::StampAnswer{i, t1 + kMsNs, t1 + kMsNs, t1 + 2 * kMsNs, {}};
        outcome.record.slots.push_back(slot);
    }
    CHECK_FALSE(
        figure(voice_figures(outcome, {}, {voice_codec("g711")}), "kqi.voice.mos").values.empty()
    );
    outcome.record.slots[1].answer->t2 -= 5'000 * kMsNs;
    const probes::Finding found = voice_figures(outcome, {}, {voice_codec("g711")});
    CHECK(found.result == probes::ProbeResult::body_mismatch);
    CHECK(found.step == "server");
    CHECK(found.detail.find("the reflector's times make no sense") != std::string::npos);
    for (const char* metric :
         {"kqi.voice.mos", "kqi.voice.r", "net.voice.delay", "net.voice.pdv", "net.voice.late"}) {
        CAPTURE(metric);
        CHECK(figure(found, metric).values.empty());
    }
    CHECK(figure(found, "net.voice.lost", "dir=round_trip").values == std::vector<double>{0});
}

}  // namespace cxedge::test
