// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <utility>

#include "plugins/camera/av_media.hpp"
#include "plugins/camera/frame_clock.hpp"
#include "plugins/camera/frame_sources.hpp"
#include "plugins/camera/v4l2_device.hpp"

namespace cxedge::camera {
namespace {

constexpr std::chrono::microseconds kDevicePeriod{33'333};
// A picture with a torn MJPEG now and then is normal on USB; a second full of them is not.
constexpr int kBrokenInARow = 30;

class V4l2Source final : public FrameSource {
public:
    V4l2Source(std::string path, const SourceContext& context)
        : path_(std::move(path)),
          context_(context),
          scaler_(context.options),
          times_(kDevicePeriod),
          thinner_(context.options.fps) {}

    Status open() override {
        if (Status opened = device_.open(path_); !opened) {
            return named(opened.error());
        }
        seam_ = true;
        if (device_.mode().format == V4l2Format::mjpeg) {
            Status decoder = decoder_.open(AV_CODEC_ID_MJPEG);
            return decoder ? decoder : named(decoder.error());
        }
        return {};
    }

    Result<bool> next(Frame& frame) override {
        int broken = 0;
        while (broken < kBrokenInARow) {
            Result<V4l2Picture> picture =
                device_.wait(context_.clock, context_.options.timeout, context_.stop);
            if (!picture) {
                return named(picture.error());
            }
            const std::chrono::microseconds time = times_.stamp(picture->time_us);
            if (!thinner_.due(time)) {
                continue;
            }
            if (convert(picture->bytes, frame)) {
                frame.time = time;
                frame.arrived = context_.clock.steady_now();
                frame.seam = std::exchange(seam_, false);
                return true;
            }
            ++broken;
        }
        return named(unavailable("only broken pictures"));
    }

    void close() override { device_.close(); }

    void set_fps(double fps) override { thinner_.set_fps(fps); }

private:
    std::string path_;
    SourceContext context_;
    V4l2Device device_;
    AvDecoder decoder_;
    AvScaler scaler_;
    FrameClock times_;
    FrameThinner thinner_;
    AvPtr<AVFrame> raw_{av_frame_alloc()};
    AvPtr<AVPacket> packet_{av_packet_alloc()};
    bool seam_ = false;

    [[nodiscard]] Error named(const Error& error) const { return error.during("v4l2: " + path_); }

    bool convert(std::span<const std::uint8_t> bytes, Frame& frame) {
        return device_.mode().format == V4l2Format::yuyv ? convert_yuyv(bytes, frame)
                                                         : convert_mjpeg(bytes, frame);
    }

    bool convert_yuyv(std::span<const std::uint8_t> bytes, Frame& frame) {
        const V4l2Mode& mode = device_.mode();
        const std::size_t needed =
            static_cast<std::size_t>(mode.stride) * static_cast<std::size_t>(mode.height);
        if (bytes.size() < needed) {
            return false;
        }
        raw_->width = mode.width;
        raw_->height = mode.height;
        raw_->format = AV_PIX_FMT_YUYV422;
        // libav takes a non-const pointer and only reads from it here.
        raw_->data[0] = const_cast<std::uint8_t*>(bytes.data());
        raw_->linesize[0] = mode.stride;
        return scaler_.to_frame(*raw_, frame).ok();
    }

    bool convert_mjpeg(std::span<const std::uint8_t> bytes, Frame& frame) {
        // A copy: libav wants readable padding behind the packet.
        if (av_new_packet(packet_.get(), static_cast<int>(bytes.size())) < 0) {
            return false;
        }
        std::memcpy(packet_->data, bytes.data(), bytes.size());
        decoder_.send(packet_.get());
        av_packet_unref(packet_.get());
        const AVFrame* picture = decoder_.receive();
        return picture != nullptr && scaler_.to_frame(*picture, frame).ok();
    }
};

}  // namespace

std::unique_ptr<FrameSource> make_v4l2_source(std::string device, const SourceContext& context) {
    return std::make_unique<V4l2Source>(std::move(device), context);
}

}  // namespace cxedge::camera
