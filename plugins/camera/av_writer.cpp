// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/av_writer.hpp"

#include <array>
#include <cmath>
#include <fstream>

#include "plugins/camera/av_media.hpp"

namespace cxedge::camera {
namespace {

constexpr int kTicks = 1000;  // of the film's clock in a second, for rates that are no integers
// Good enough to judge boxes by, at a megabyte a minute.
constexpr const char* kQuality = "23";

struct OutputFree {
    void operator()(AVFormatContext* p) const {
        avio_closep(&p->pb);
        avformat_free_context(p);
    }
};

Status checked(int code, const char* doing) {
    return code < 0 ? Status(unavailable(std::string(doing) + ": " + av_text(code))) : Status();
}

AvPtr<AVFrame> make_frame(int width, int height, AVPixelFormat format) {
    AvPtr<AVFrame> frame(av_frame_alloc());
    if (frame) {
        frame->width = width;
        frame->height = height;
        frame->format = format;
        if (av_frame_get_buffer(frame.get(), 0) < 0) {
            frame.reset();
        }
    }
    return frame;
}

// Converts to the size and format of `to`.
Status convert(const Frame& from, AVFrame& to) {
    const AvPtr<SwsContext> scaler(sws_getContext(
        from.width,
        from.height,
        AV_PIX_FMT_BGR24,
        to.width,
        to.height,
        static_cast<AVPixelFormat>(to.format),
        SWS_BICUBIC,
        nullptr,
        nullptr,
        nullptr
    ));
    if (!scaler || av_frame_make_writable(&to) < 0) {
        return exhausted("out of memory");
    }
    const std::array<const std::uint8_t*, 1> planes{from.bgr.data()};
    const std::array<int, 1> strides{from.width * 3};
    sws_scale(
        scaler.get(),
        planes.data(),
        strides.data(),
        0,
        from.height,
        static_cast<std::uint8_t* const*>(to.data),
        static_cast<const int*>(to.linesize)
    );
    return {};
}

}  // namespace

class FilmWriter::Impl {
public:
    Status open(const std::string& path, const Frame& first, double fps) {
        av_log_set_level(AV_LOG_QUIET);
        AVFormatContext* output = nullptr;
        const int code = avformat_alloc_output_context2(&output, nullptr, nullptr, path.c_str());
        if (code < 0) {
            return invalid_argument("no film format of this name; use .mp4");
        }
        output_.reset(output);
        ticks_ = kTicks / fps;
        size_ = {first.width, first.height};
        if (Status ready = open_encoder(fps); !ready) {
            return ready;
        }
        AVStream* stream = avformat_new_stream(output, nullptr);
        if (stream == nullptr ||
            avcodec_parameters_from_context(stream->codecpar, encoder_.get()) < 0) {
            return exhausted("out of memory");
        }
        stream->time_base = encoder_->time_base;
        if (Status opened =
                checked(avio_open(&output->pb, path.c_str(), AVIO_FLAG_WRITE), "writing");
            !opened) {
            return opened;
        }
        return checked(avformat_write_header(output, nullptr), "writing");
    }

    Status add(const Frame& frame) {
        if (frame.width != size_.first || frame.height != size_.second) {
            return invalid_argument("the size of the picture changed");
        }
        if (Status converted = convert(frame, *picture_); !converted) {
            return converted;
        }
        picture_->pts = std::llround(ticks_ * static_cast<double>(pictures_++));
        return encode(picture_.get());
    }

    Status finish() {
        if (Status drained = encode(nullptr); !drained) {
            return drained;
        }
        return checked(av_write_trailer(output_.get()), "writing");
    }

private:
    std::unique_ptr<AVFormatContext, OutputFree> output_;
    AvPtr<AVCodecContext> encoder_;
    AvPtr<AVFrame> picture_;
    AvPtr<AVPacket> packet_{av_packet_alloc()};
    std::pair<int, int> size_;
    double ticks_ = 0;  // a picture
    std::int64_t pictures_ = 0;

    Status open_encoder(double fps) {
        const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_H264);
        codec = codec != nullptr ? codec : avcodec_find_encoder(AV_CODEC_ID_MPEG4);
        encoder_.reset(codec != nullptr ? avcodec_alloc_context3(codec) : nullptr);
        if (!encoder_) {
            return unavailable("this libav can encode neither H.264 nor MPEG-4");
        }
        encoder_->width = size_.first / 2 * 2;  // both codecs halve the colours
        encoder_->height = size_.second / 2 * 2;
        encoder_->pix_fmt = AV_PIX_FMT_YUV420P;
        encoder_->time_base = {1, kTicks};
        encoder_->framerate = {static_cast<int>(std::lround(fps * kTicks)), kTicks};
        encoder_->thread_count = 1;
        encoder_->bit_rate = 2'000'000;  // MPEG-4; H.264 goes by quality
        if ((output_->oformat->flags & AVFMT_GLOBALHEADER) != 0) {
            encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
        }
        AVDictionary* options = nullptr;
        av_dict_set(&options, "crf", kQuality, 0);
        av_dict_set(&options, "preset", "veryfast", 0);
        const int code = avcodec_open2(encoder_.get(), codec, &options);
        av_dict_free(&options);
        picture_ = make_frame(encoder_->width, encoder_->height, encoder_->pix_fmt);
        return picture_ ? checked(code, "encoder") : Status(exhausted("out of memory"));
    }

    // Null: nothing more comes.
    Status encode(const AVFrame* picture) {
        if (Status sent = checked(avcodec_send_frame(encoder_.get(), picture), "encoding"); !sent) {
            return sent;
        }
        while (avcodec_receive_packet(encoder_.get(), packet_.get()) == 0) {
            av_packet_rescale_ts(
                packet_.get(), encoder_->time_base, output_->streams[0]->time_base
            );
            const int code = av_interleaved_write_frame(output_.get(), packet_.get());
            if (Status written = checked(code, "writing"); !written) {
                return written;
            }
        }
        return {};
    }
};

FilmWriter::FilmWriter(std::string path, double fps) : path_(std::move(path)), fps_(fps) {}
FilmWriter::~FilmWriter() = default;

Status FilmWriter::add(const Frame& frame) {
    if (!impl_) {
        impl_ = std::make_unique<Impl>();
        if (Status opened = impl_->open(path_, frame, fps_); !opened) {
            return opened.error().during(path_);
        }
    }
    const Status added = impl_->add(frame);
    return added ? added : Status(added.error().during(path_));
}

Status FilmWriter::finish() {
    if (!impl_) {
        return corrupt(path_ + ": not a single picture");
    }
    const Status finished = impl_->finish();
    impl_.reset();
    return finished ? finished : Status(finished.error().during(path_));
}

Status write_png(const std::string& path, const Frame& frame) {
    const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_PNG);
    const AvPtr<AVCodecContext> encoder(codec != nullptr ? avcodec_alloc_context3(codec) : nullptr);
    const AvPtr<AVFrame> picture = make_frame(frame.width, frame.height, AV_PIX_FMT_RGB24);
    const AvPtr<AVPacket> packet(av_packet_alloc());
    if (!encoder || !picture || !packet) {
        return unavailable(path + ": this libav cannot write PNG");
    }
    encoder->width = frame.width;
    encoder->height = frame.height;
    encoder->pix_fmt = AV_PIX_FMT_RGB24;
    encoder->time_base = {1, 1};
    if (Status converted = convert(frame, *picture); !converted) {
        return converted.error().during(path);
    }
    const bool encoded = avcodec_open2(encoder.get(), codec, nullptr) == 0 &&
                         avcodec_send_frame(encoder.get(), picture.get()) == 0 &&
                         avcodec_receive_packet(encoder.get(), packet.get()) == 0;
    if (!encoded) {
        return unavailable(path + ": PNG: the picture cannot be encoded");
    }
    std::ofstream file(path, std::ios::binary);
    for (int i = 0; i < packet->size; ++i) {
        file.put(static_cast<char>(packet->data[i]));
    }
    file.close();
    return file ? Status() : Status(unavailable(path + ": cannot be written"));
}

}  // namespace cxedge::camera
