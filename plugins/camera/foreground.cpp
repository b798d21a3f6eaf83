// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/foreground.hpp"

#include <algorithm>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/background_segm.hpp>

namespace cxedge::camera {
namespace {

constexpr int kRandomSeed = 20261122;  // any; fixed, so that a clip always gives the same counts
// How long something must stand still to become background: longer than a person waits at a till.
constexpr double kMemoryS = 50;
// Until the model has seen this much it learns faster, to forget who stood in the first picture.
constexpr double kWarmUpS = 5;
constexpr double kDistance2 = 400;  // OpenCV's default: 20 grey levels in three channels
constexpr int kForeground = 255;    // shadows are marked 127

int odd_size(double share, int side) {
    return std::max(3, static_cast<int>(share * side) | 1);
}

}  // namespace

class Foreground::Impl {
public:
    Impl() {
        cv::setNumThreads(1);
        cv::setRNGSeed(kRandomSeed);
        model_ = cv::createBackgroundSubtractorKNN(500, kDistance2, true);
    }

    const ForegroundMask& update(const Frame& frame, int min_pixels) {
        // OpenCV wants a mutable pointer and only reads from it.
        auto* data = const_cast<std::uint8_t*>(frame.bgr.data());
        const cv::Mat picture(frame.height, frame.width, CV_8UC3, data);
        if (picture.size() != mask_.size()) {
            begin(picture.size());
        }
        model_->apply(picture, mask_, learning_rate(frame));
        clean();
        label(min_pixels);
        return result_;
    }

private:
    cv::Ptr<cv::BackgroundSubtractorKNN> model_;
    cv::Mat mask_;
    cv::Mat labels_;
    cv::Mat statistics_;
    cv::Mat centroids_;
    cv::Mat close_kernel_;
    ForegroundMask result_;
    std::chrono::microseconds first_{0};
    std::chrono::microseconds last_{0};
    bool started_ = false;

    void begin(cv::Size size) {
        started_ = false;
        // People are taller than wide: gaps between head, trunk and legs are bridged, gaps between
        // neighbours less so.
        const cv::Size kernel(odd_size(0.009, size.width), odd_size(0.03, size.height));
        close_kernel_ = cv::getStructuringElement(cv::MORPH_RECT, kernel);
    }

    double learning_rate(const Frame& frame) {
        if (!started_) {
            started_ = true;
            first_ = last_ = frame.time;
            return 1;
        }
        const double step = std::chrono::duration<double>(frame.time - last_).count();
        const double age = std::chrono::duration<double>(frame.time - first_).count();
        last_ = frame.time;
        return std::clamp(step / std::clamp(2 * age, kWarmUpS, kMemoryS), 1e-4, 0.5);
    }

    void clean() {
        cv::threshold(mask_, mask_, kForeground - 1, kForeground, cv::THRESH_BINARY);
        cv::medianBlur(mask_, mask_, 3);
        cv::morphologyEx(mask_, mask_, cv::MORPH_CLOSE, close_kernel_);
    }

    void label(int min_pixels) {
        const int count = cv::connectedComponentsWithStats(
            mask_, labels_, statistics_, centroids_, 8, CV_16U, cv::CCL_DEFAULT
        );
        result_.width = mask_.cols;
        result_.height = mask_.rows;
        result_.patches.clear();
        int pixels = 0;
        for (int i = 1; i < count; ++i) {
            const auto stat = [&](int column) {
                return statistics_.at<int>(i, column);
            };
            pixels += stat(cv::CC_STAT_AREA);
            if (stat(cv::CC_STAT_AREA) < min_pixels) {
                continue;
            }
            const cv::Rect box(
                stat(cv::CC_STAT_LEFT),
                stat(cv::CC_STAT_TOP),
                stat(cv::CC_STAT_WIDTH),
                stat(cv::CC_STAT_HEIGHT)
            );
            result_.patches.push_back(
                {{double(box.x), double(box.y), double(box.width), double(box.height)},
                 stat(cv::CC_STAT_AREA),
                 i}
            );
        }
        result_.share = pixels / std::max(1.0, double(mask_.total()));
        const auto* begin = labels_.ptr<std::uint16_t>();
        result_.labels.assign(begin, begin + labels_.total());
    }
};

Foreground::Foreground() : impl_(std::make_unique<Impl>()) {}
Foreground::~Foreground() = default;

const ForegroundMask& Foreground::update(const Frame& frame, int min_pixels) {
    return impl_->update(frame, min_pixels);
}

}  // namespace cxedge::camera
