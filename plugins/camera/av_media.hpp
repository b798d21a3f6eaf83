// SPDX-License-Identifier: Apache-2.0
// libav behind small owners. Only the frame sources include this.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>
}

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"

#include "plugins/camera/frame_clock.hpp"
#include "plugins/camera/frame_source.hpp"

namespace cxedge::camera {

struct AvFree {
    void operator()(AVFrame* p) const { av_frame_free(&p); }
    void operator()(AVPacket* p) const { av_packet_free(&p); }
    void operator()(AVCodecContext* p) const { avcodec_free_context(&p); }
    void operator()(AVFormatContext* p) const { avformat_close_input(&p); }
    void operator()(SwsContext* p) const { sws_freeContext(p); }
};
template <class T>
using AvPtr = std::unique_ptr<T, AvFree>;

// "Invalid data found when processing input"
std::string av_text(int code);

// Scales decoded pictures of any format to BGR at most `width` wide and masks them: the only way
// from a decoder to a Frame. A change of size or format in the middle of a stream is followed.
class AvScaler {
public:
    explicit AvScaler(const FrameOptions& options) : width_(options.width), mask_(options.masks) {}
    Status to_frame(const AVFrame& picture, Frame& frame);

private:
    int width_;
    PrivacyMask mask_;
    AvPtr<SwsContext> context_;
    int from_width_ = 0;
    int from_height_ = 0;
    int from_format_ = -1;
    Status prepare(const AVFrame& picture, int width, int height);
};

// Decodes the packets of one video stream. One thread: cost stays measurable and cameras do not
// fight for cores.
class AvDecoder {
public:
    Status open(const AVCodecParameters& parameters);
    Status open(AVCodecID codec);
    // Feeds a packet; null = no more will come. Broken packets are skipped and counted.
    void send(const AVPacket* packet);
    // The next decoded picture, or null: more packets are needed (or drained() after the end).
    [[nodiscard]] const AVFrame* receive();
    [[nodiscard]] bool drained() const { return drained_; }
    [[nodiscard]] std::uint64_t broken() const { return broken_; }
    void close() { context_.reset(); }

private:
    AvPtr<AVCodecContext> context_;
    AvPtr<AVFrame> frame_{av_frame_alloc()};
    bool drained_ = false;
    std::uint64_t broken_ = 0;
    Status open(const AVCodec* codec, const AVCodecParameters* parameters);
};

// One opened container or network stream: demultiplexes, decodes, stamps. Every blocking call ends
// at `timeout` or when `stop` is set.
class AvInput {
public:
    AvInput(const Clock& clock, const std::atomic<bool>& stop, std::chrono::milliseconds timeout);

    // `options` is consumed. The message of an error does not repeat `url`.
    Status open(const std::string& url, const AVInputFormat* format, AVDictionary* options);
    void close();

    struct Picture {
        const AVFrame* frame = nullptr;         // valid until the next call; null = end of stream
        std::optional<std::int64_t> stream_us;  // as the stream says
    };
    Result<Picture> read();

    // From now on packets that come late because they had to wait are read and not decoded, so
    // that the next picture is a new one: for live streams.
    void skip_backlog() { live_ = true; }
    // How late the last packet was.
    [[nodiscard]] std::chrono::microseconds lag() const { return lag_; }

    [[nodiscard]] std::optional<std::chrono::microseconds> frame_period() const;
    [[nodiscard]] std::uint64_t broken() const { return decoder_.broken(); }

private:
    const Clock& clock_;
    const std::atomic<bool>& stop_;
    std::chrono::milliseconds timeout_;
    SteadyTime deadline_{};
    AvPtr<AVFormatContext> format_;
    AvPtr<AVPacket> packet_{av_packet_alloc()};
    AvDecoder decoder_;
    int stream_ = -1;
    bool at_end_ = false;
    bool live_ = false;
    bool skipping_ = false;
    StreamLag arrivals_;
    std::chrono::microseconds lag_{0};

    static int interrupted(void* self);
    void restart_deadline() { deadline_ = clock_.steady_now() + timeout_; }
    [[nodiscard]] Error failure(int code) const;
    Status choose_stream();
    Status feed();
    bool is_backlog();
    [[nodiscard]] std::optional<std::int64_t> stamp_of(const AVFrame& frame) const;
};

}  // namespace cxedge::camera
