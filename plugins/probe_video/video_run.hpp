// SPDX-License-Identifier: Apache-2.0
// One video watched. Thread: the loop's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "plugins/_probes/http_fetch.hpp"
#include "plugins/_probes/probe.hpp"
#include "plugins/probe_video/playout.hpp"
#include "plugins/probe_video/programme.hpp"
#include "plugins/probe_video/variant_choice.hpp"
#include "plugins/probe_video/video_settings.hpp"

namespace cxedge::plugins::video {

class VideoRun final : public probes::ProbeRun {
public:
    VideoRun(const VideoSettings& settings, std::string url, const probes::ProbeContext& context);

    void begin(Done done) override;

private:
    using Then = void (VideoRun::*)(const probes::FetchReply& reply);
    // What came of the media until now.
    struct Taken {
        std::uint64_t bytes = 0;  // segments and what decoders need before them
        double media_s = 0;
        std::uint64_t segments = 0;
        std::uint64_t switches = 0;
        std::string address;
    };

    void step();
    void choose();
    bool has_list();
    bool has_index();
    void load_list();
    void await_segment();
    void fetch_next(const Segment& segment);
    [[nodiscard]] double pause_before(const Segment& segment) const;

    void fetch(const Piece& piece, std::uint64_t most, bool keep, Then then);
    void took_document(const probes::FetchReply& reply);
    void took_list(const probes::FetchReply& reply);
    void took_index(const probes::FetchReply& reply);
    void took_init(const probes::FetchReply& reply);
    void took_segment(const probes::FetchReply& reply);
    bool usable(const probes::FetchReply& reply);
    bool fits(const probes::FetchReply& reply);

    void wait(double seconds);
    void give_up();
    void refuse(const Error& error);
    void end(probes::ProbeResult result, std::string step, std::string detail);
    [[nodiscard]] probes::Finding finding() const;
    [[nodiscard]] double now_s() const;

    const VideoSettings& settings_;
    std::string url_;
    const probes::ProbeContext& context_;
    VariantRule rule_;
    Done done_;
    SteadyTime began_{};
    Playout playout_;
    Programme programme_;
    RateEstimate rate_;
    Taken taken_;
    std::optional<std::size_t> track_;
    std::optional<std::size_t> last_track_;       // of the segment before
    std::optional<Piece> init_;                   // that the decoder would have
    std::map<std::size_t, double> list_asked_s_;  // by track

    std::string what_;  // is being fetched, for people
    Piece piece_;
    std::uint64_t most_bytes_ = 0;
    std::string body_;
    LoopHandle timer_;
    LoopHandle watchdog_;
    probes::FetchPool pool_;
    probes::Fetch fetch_;
};

}  // namespace cxedge::plugins::video
