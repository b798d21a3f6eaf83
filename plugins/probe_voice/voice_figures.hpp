// SPDX-License-Identifier: Apache-2.0
// What a stream of packets says of a voice call, as figures. Pure. Thread: any.
#pragma once

#include <optional>
#include <vector>

#include "plugins/_probes/stamp_probe.hpp"
#include "plugins/probe_voice/e_model.hpp"

namespace cxedge::plugins {

struct VoiceRules {
    VoiceCodec codec;
    double jitter_buffer_s = 0.06;
    double terminal_delay_s = 0;  // of both telephones together, beyond that of the network
    double owd_max_error_ms = 10;
};

// What the listener at the end of one way gets.
struct VoiceWay {
    std::size_t sent = 0;
    std::size_t lost = 0;
    std::size_t late = 0;  // behind the earliest by more than the jitter buffer holds
    // Mean length of what is lost or late in a row, over that of random loss of the same share
    // (G.107, 7.5: BurstR). Nothing: nothing was lost.
    std::optional<double> burst_ratio;

    // Of both, share of what was sent; 0 for nothing sent.
    [[nodiscard]] double loss() const {
        return sent == 0 ? 0 : static_cast<double>(lost + late) / static_cast<double>(sent);
    }
};
VoiceWay voice_way(const std::vector<probes::StampPassage>& passages, double jitter_buffer_s);
// 95th percentile (nearest rank) of the delays less their minimum (RFC 5481, 4.2: PDV), seconds;
// nothing for none.
std::optional<double> voice_pdv(const std::vector<double>& delays);

// kqi.voice.* and net.voice.*; `own`: this clock.
probes::Finding voice_figures(
    const probes::StampOutcome& outcome, const KernelClock& own, const VoiceRules& rules
);

}  // namespace cxedge::plugins
