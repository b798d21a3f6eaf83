// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_voice/e_model.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using namespace plugins;

// A well-known fit of the E-model's delay impairment: R. Cole, J. Rosenbluth, "Voice over IP
// performance monitoring", ACM SIGCOMM CCR 31 (2001).
double fitted_delay_impairment(double ms) {
    return 0.024 * ms + (ms > 177.3 ? 0.11 * (ms - 177.3) : 0);
}

}  // namespace

TEST_CASE("e-model: scores of R are those of the recommendation", "[plugins][voice]") {
    // G.107, annex B, table B.1, and its defaults.
    CHECK(mos_of_r(93.2) == Approx(4.41).margin(0.005));
    CHECK(mos_of_r(90) == Approx(4.34).margin(0.005));
    CHECK(mos_of_r(80) == Approx(4.03).margin(0.006));
    CHECK(mos_of_r(70) == Approx(3.60).margin(0.006));
    CHECK(mos_of_r(60) == Approx(3.10).margin(0.006));
    CHECK(mos_of_r(50) == Approx(2.58).margin(0.006));
    CHECK(mos_of_r(0) == 1);
    CHECK(mos_of_r(-20) == 1);
    CHECK(mos_of_r(100) == 4.5);
    for (double r = 0; r < 100; r += 0.25) {
        CHECK(mos_of_r(r) >= 1);
        CHECK(mos_of_r(r) <= 4.5);
    }
}

TEST_CASE("e-model: a call over a good line", "[plugins][voice]") {
    const VoiceCodec& g711 = voice_codec("g711");
    CHECK(e_model_r(g711, 0, 0, 1) == Approx(93.2));
    // The published fit follows it within 2 points up to 350 ms.
    for (double ms = 5; ms <= 350; ms += 5) {
        CAPTURE(ms);
        CHECK(delay_impairment(ms) == Approx(fitted_delay_impairment(ms)).margin(2));
    }
    // G.114, figure 1: 150 ms is good for most, 300 ms is not.
    CHECK(mos_of_r(e_model_r(g711, 150, 0, 1)) == Approx(4.32).margin(0.03));
    CHECK(mos_of_r(e_model_r(g711, 300, 0, 1)) == Approx(3.70).margin(0.06));
    double before = 0;
    for (double ms = 0; ms < 1'000; ms += 1) {
        CHECK(delay_impairment(ms) >= before - 1e-9);
        before = delay_impairment(ms);
    }
    CHECK(delay_impairment(-5) == 0);
}

TEST_CASE("e-model: loss is as bad as the codec makes it", "[plugins][voice]") {
    // By hand: 95 x 5 / (5 + 25.1), 95 x 5 / (5 + 4.3), 11 + 84 x 2 / (2 + 19).
    CHECK(equipment_impairment(voice_codec("g711"), 0.05, 1) == Approx(15.781).margin(0.001));
    CHECK(
        equipment_impairment(voice_codec("g711_no_plc"), 0.05, 1) == Approx(51.075).margin(0.001)
    );
    CHECK(equipment_impairment(voice_codec("g729a"), 0.02, 1) == Approx(19).margin(0.001));
    CHECK(equipment_impairment(voice_codec("g729a"), 0, 1) == 11);
    // In bursts it is worse: 95 x 5 / (5 / 2 + 25.1).
    CHECK(equipment_impairment(voice_codec("g711"), 0.05, 2) == Approx(17.210).margin(0.001));
    CHECK(equipment_impairment(voice_codec("g711"), 2, 1) == Approx(95 * 100 / 125.1));
    CHECK(voice_codec("opus").name == "g711");
    CHECK(voice_codec_names().size() == 3);
}

}  // namespace cxedge::test
