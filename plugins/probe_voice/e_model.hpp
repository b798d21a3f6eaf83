// SPDX-License-Identifier: Apache-2.0
// The E-model (ITU-T G.107): what a delay, a codec and lost packets leave of a telephone call, all
// else being as its table 2 (defaults) has it. Pure. Thread: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cxedge::plugins {

// Equipment impairment without loss, and robustness against random loss.
struct VoiceCodec {
    std::string_view name;
    double ie = 0;
    double bpl = 1;
};
// "g711" (with the packet loss concealment of G.711 Appendix I), "g711_no_plc", "g729a": ITU-T
// G.113, Appendix I. The first for what is not known.
const VoiceCodec& voice_codec(std::string_view name);
const std::vector<std::string>& voice_codec_names();

// R of a call that nothing impairs but the defaults (G.107, 7.7).
inline constexpr double kBestR = 93.2;

// Id of a one-way delay from mouth to ear (G.107, 7.4): echo of talker and listener, and absolute
// delay, above what R = 93.2 already holds. Milliseconds, 0 and more.
double delay_impairment(double one_way_ms);
// Ie-eff (G.107, 7.5). `loss`: share 0..1, late packets included; `burst_ratio`: 1 for random loss,
// above 0.
double equipment_impairment(const VoiceCodec& codec, double loss, double burst_ratio);
// At most 93.2; may be negative.
double e_model_r(const VoiceCodec& codec, double one_way_ms, double loss, double burst_ratio);
// Mean opinion score of R, 1..4.5 (G.107, annex B).
double mos_of_r(double r);

}  // namespace cxedge::plugins
