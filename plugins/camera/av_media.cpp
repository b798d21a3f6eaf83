// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/av_media.hpp"

#include <algorithm>
#include <array>

namespace cxedge::camera {
namespace {

// Pictures beyond this are an error of the stream, not a camera: 16K wide.
constexpr int kMaxSide = 16384;
// A live picture is dropped when it comes this late; what follows is dropped until it is on time.
constexpr std::chrono::milliseconds kTooLate{500};
constexpr std::chrono::milliseconds kOnTime{150};

int even(int value) {
    return std::max(2, value / 2 * 2);
}

AVRational square_microseconds() {
    return {1, 1'000'000};
}

}  // namespace

std::string av_text(int code) {
    std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
    av_strerror(code, text.data(), text.size());
    return text.data();
}

Status AvScaler::prepare(const AVFrame& picture, int width, int height) {
    const auto format = static_cast<AVPixelFormat>(picture.format);
    // Area averaging: nearest or bilinear sampling at a large reduction aliases, and moving
    // aliases look like motion.
    context_.reset(sws_getContext(
        picture.width,
        picture.height,
        format,
        width,
        height,
        AV_PIX_FMT_BGR24,
        SWS_AREA,
        nullptr,
        nullptr,
        nullptr
    ));
    if (!context_) {
        return corrupt("the picture format cannot be converted");
    }
    from_width_ = picture.width;
    from_height_ = picture.height;
    from_format_ = picture.format;
    return {};
}

Status AvScaler::to_frame(const AVFrame& picture, Frame& frame) {
    if (picture.width <= 0 || picture.height <= 0 || picture.width > kMaxSide ||
        picture.height > kMaxSide) {
        return corrupt("impossible picture size");
    }
    const int width = even(std::min(width_, picture.width));
    const int height =
        even(static_cast<int>(static_cast<std::int64_t>(picture.height) * width / picture.width));
    const bool changed = picture.width != from_width_ || picture.height != from_height_ ||
                         picture.format != from_format_;
    if (changed || !context_) {
        if (Status ready = prepare(picture, width, height); !ready) {
            return ready;
        }
    }
    frame.width = width;
    frame.height = height;
    frame.bgr.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
    const std::array<std::uint8_t*, 1> planes{frame.bgr.data()};
    const std::array<int, 1> strides{width * 3};
    sws_scale(
        context_.get(),
        static_cast<const std::uint8_t* const*>(picture.data),
        static_cast<const int*>(picture.linesize),
        0,
        picture.height,
        planes.data(),
        strides.data()
    );
    frame.source_width = picture.width;
    frame.source_height = picture.height;
    mask_.apply(frame);
    return {};
}

Status AvDecoder::open(const AVCodecParameters& parameters) {
    return open(avcodec_find_decoder(parameters.codec_id), &parameters);
}

Status AvDecoder::open(AVCodecID codec) {
    av_log_set_level(AV_LOG_QUIET);
    return open(avcodec_find_decoder(codec), nullptr);
}

Status AvDecoder::open(const AVCodec* codec, const AVCodecParameters* parameters) {
    if (codec == nullptr) {
        return invalid_argument("no decoder for this video codec");
    }
    context_.reset(avcodec_alloc_context3(codec));
    if (!context_ || !frame_) {
        return exhausted("out of memory");
    }
    if (parameters != nullptr && avcodec_parameters_to_context(context_.get(), parameters) < 0) {
        return corrupt("unusable codec parameters");
    }
    context_->thread_count = 1;
    const int code = avcodec_open2(context_.get(), codec, nullptr);
    if (code < 0) {
        return corrupt("decoder: " + av_text(code));
    }
    drained_ = false;
    return {};
}

void AvDecoder::send(const AVPacket* packet) {
    if (avcodec_send_packet(context_.get(), packet) < 0 && packet != nullptr) {
        ++broken_;
    }
}

const AVFrame* AvDecoder::receive() {
    const int code = avcodec_receive_frame(context_.get(), frame_.get());
    if (code == 0) {
        return frame_.get();
    }
    drained_ = code == AVERROR_EOF;
    if (code != AVERROR(EAGAIN) && code != AVERROR_EOF) {
        ++broken_;
    }
    return nullptr;
}

AvInput::AvInput(
    const Clock& clock, const std::atomic<bool>& stop, std::chrono::milliseconds timeout
)
    : clock_(clock), stop_(stop), timeout_(timeout) {
    // libav would print addresses with passwords, and a line for every damaged block.
    av_log_set_level(AV_LOG_QUIET);
}

int AvInput::interrupted(void* self) {
    const auto* input = static_cast<const AvInput*>(self);
    return input->stop_.load() || input->clock_.steady_now() > input->deadline_ ? 1 : 0;
}

Error AvInput::failure(int code) const {
    if (stop_.load()) {
        return unavailable("stopped");
    }
    // libav reports an interruption by various codes, so the time decides.
    if (code == AVERROR_EXIT || clock_.steady_now() > deadline_) {
        return unavailable("no answer within " + std::to_string(timeout_.count()) + " ms");
    }
    if (code == AVERROR_HTTP_UNAUTHORIZED || code == AVERROR_HTTP_FORBIDDEN) {
        return invalid_argument(av_text(code));
    }
    if (code == AVERROR(ENOENT) || code == AVERROR(EACCES)) {
        return not_found(av_text(code));
    }
    return code == AVERROR_INVALIDDATA ? corrupt("not a film, or damaged: " + av_text(code))
                                       : unavailable(av_text(code));
}

Status AvInput::open(const std::string& url, const AVInputFormat* format, AVDictionary* options) {
    close();
    AVFormatContext* context = avformat_alloc_context();
    if (context == nullptr || !packet_) {
        av_dict_free(&options);
        return exhausted("out of memory");
    }
    context->interrupt_callback = {&AvInput::interrupted, this};
    restart_deadline();
    // Frees the context itself when it fails.
    const int code = avformat_open_input(&context, url.c_str(), format, &options);
    av_dict_free(&options);
    if (code < 0) {
        return failure(code);
    }
    format_.reset(context);
    return choose_stream();
}

Status AvInput::choose_stream() {
    restart_deadline();
    const int probed = avformat_find_stream_info(format_.get(), nullptr);
    if (probed < 0) {
        return failure(probed);
    }
    stream_ = av_find_best_stream(format_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
    if (stream_ < 0) {
        return corrupt("no video stream");
    }
    for (unsigned i = 0; i < format_->nb_streams; ++i) {
        const bool wanted = static_cast<int>(i) == stream_;
        format_->streams[i]->discard = wanted ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    }
    at_end_ = false;
    skipping_ = false;
    arrivals_ = {};
    return decoder_.open(*format_->streams[stream_]->codecpar);
}

void AvInput::close() {
    decoder_.close();
    format_.reset();
    stream_ = -1;
}

// True: the packet in hand is to be dropped. Decoding goes on at a picture that needs no other.
bool AvInput::is_backlog() {
    const std::int64_t stamp = packet_->dts != AV_NOPTS_VALUE ? packet_->dts : packet_->pts;
    if (!live_ || stamp == AV_NOPTS_VALUE) {
        return false;
    }
    lag_ = arrivals_.update(
        clock_.steady_now(),
        av_rescale_q(stamp, format_->streams[stream_]->time_base, square_microseconds())
    );
    const bool key = (packet_->flags & AV_PKT_FLAG_KEY) != 0;
    skipping_ = lag_ > kTooLate || (skipping_ && (lag_ > kOnTime || !key));
    return skipping_;
}

// Gives the decoder one more packet of our stream, or tells it that none will come.
Status AvInput::feed() {
    restart_deadline();
    while (true) {
        av_packet_unref(packet_.get());
        const int code = av_read_frame(format_.get(), packet_.get());
        if (code == AVERROR_EOF) {
            at_end_ = true;
            decoder_.send(nullptr);
            return {};
        }
        if (code < 0) {
            return failure(code);
        }
        if (packet_->stream_index == stream_ && !is_backlog()) {
            decoder_.send(packet_.get());
            return {};
        }
    }
}

Result<AvInput::Picture> AvInput::read() {
    if (!format_) {
        return unavailable("not open");
    }
    while (true) {
        if (const AVFrame* frame = decoder_.receive(); frame != nullptr) {
            return Picture{frame, stamp_of(*frame)};
        }
        if (at_end_) {
            return Picture{};
        }
        if (Status fed = feed(); !fed) {
            return fed.error();
        }
    }
}

std::optional<std::int64_t> AvInput::stamp_of(const AVFrame& frame) const {
    if (frame.best_effort_timestamp == AV_NOPTS_VALUE) {
        return std::nullopt;
    }
    return av_rescale_q(
        frame.best_effort_timestamp, format_->streams[stream_]->time_base, square_microseconds()
    );
}

std::optional<std::chrono::microseconds> AvInput::frame_period() const {
    if (!format_) {
        return std::nullopt;
    }
    const AVRational rate = av_guess_frame_rate(format_.get(), format_->streams[stream_], nullptr);
    if (rate.num <= 0 || rate.den <= 0) {
        return std::nullopt;
    }
    return std::chrono::microseconds(av_rescale(1'000'000, rate.den, rate.num));
}

}  // namespace cxedge::camera
