// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/av_media.hpp"
#include "plugins/camera/snapshot.hpp"

namespace cxedge::camera {
namespace {

Result<AvPtr<AVCodecContext>> open_encoder(const Frame& frame) {
    const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_PNG);
    AvPtr<AVCodecContext> context(codec == nullptr ? nullptr : avcodec_alloc_context3(codec));
    if (!context) {
        return unavailable("no PNG encoder in libavcodec");
    }
    context->width = frame.width;
    context->height = frame.height;
    context->pix_fmt = AV_PIX_FMT_RGB24;
    context->time_base = {1, 1};
    context->thread_count = 1;
    const int code = avcodec_open2(context.get(), codec, nullptr);
    if (code < 0) {
        return unavailable("PNG encoder: " + av_text(code));
    }
    return {std::move(context)};
}

// A picture of libav with the channels the other way round.
AvPtr<AVFrame> rgb_picture(const Frame& frame) {
    AvPtr<AVFrame> picture(av_frame_alloc());
    if (!picture) {
        return nullptr;
    }
    picture->width = frame.width;
    picture->height = frame.height;
    picture->format = AV_PIX_FMT_RGB24;
    if (av_frame_get_buffer(picture.get(), 0) < 0) {
        return nullptr;
    }
    for (int y = 0; y < frame.height; ++y) {
        const std::uint8_t* from =
            frame.bgr.data() + static_cast<std::ptrdiff_t>(y) * frame.width * 3;
        std::uint8_t* to = picture->data[0] + static_cast<std::ptrdiff_t>(y) * picture->linesize[0];
        for (int x = 0; x < frame.width; ++x, from += 3, to += 3) {
            to[0] = from[2];
            to[1] = from[1];
            to[2] = from[0];
        }
    }
    return picture;
}

}  // namespace

Result<std::vector<std::uint8_t>> encode_png(const Frame& frame) {
    Result<AvPtr<AVCodecContext>> encoder = open_encoder(frame);
    if (!encoder) {
        return encoder.error();
    }
    const AvPtr<AVFrame> picture = rgb_picture(frame);
    const AvPtr<AVPacket> packet(av_packet_alloc());
    if (!picture || !packet) {
        return exhausted("out of memory");
    }
    int code = avcodec_send_frame(encoder->get(), picture.get());
    code = code < 0 ? code : avcodec_send_frame(encoder->get(), nullptr);
    code = code < 0 ? code : avcodec_receive_packet(encoder->get(), packet.get());
    if (code < 0) {
        return unavailable("PNG encoder: " + av_text(code));
    }
    return std::vector<std::uint8_t>(packet->data, packet->data + packet->size);
}

}  // namespace cxedge::camera
