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
constexpr double kDistance2 = 400;      // OpenCV's default: 20 grey levels in three channels
constexpr int kForeground = 255;        // shadows are marked 127
constexpr double kLeastPatch = 0.0003;  // of the picture

int odd_size(double share, int side) {
    return std::max(3, static_cast<int>(share * side) | 1);
}

}  // namespace

class Foreground::Impl {
public:
    explicit Impl(int width) : width_(width) {
        cv::setNumThreads(1);
        cv::setRNGSeed(kRandomSeed);
        model_ = cv::createBackgroundSubtractorKNN(500, kDistance2, true);
    }

    const ForegroundMask& update(const Frame& frame) {
        // OpenCV wants a mutable pointer and only reads from it.
        auto* data = const_cast<std::uint8_t*>(frame.bgr.data());
        const cv::Mat picture(frame.height, frame.width, CV_8UC3, data);
        const cv::Mat& small = reduced(picture);
        if (small.size() != mask_.size()) {
            begin(small.size());
        }
        model_->apply(small, mask_, learning_rate(frame));
        clean();
        label(static_cast<int>(kLeastPatch * static_cast<double>(mask_.total())));
        return result_;
    }

private:
    int width_;
    cv::Ptr<cv::BackgroundSubtractorKNN> model_;
    cv::Mat small_;
    cv::Mat mask_;
    cv::Mat labels_;
    cv::Mat statistics_;
    cv::Mat centroids_;
    cv::Mat close_kernel_;
    ForegroundMask result_;
    std::chrono::microseconds first_{0};
    std::chrono::microseconds last_{0};
    bool started_ = false;

    const cv::Mat& reduced(const cv::Mat& picture) {
        result_.reduction = std::max(1.0, double(picture.cols) / width_);
        if (picture.cols <= width_) {
            return picture;
        }
        const cv::Size size(width_, cvRound(picture.rows / result_.reduction));
        cv::resize(picture, small_, size, 0, 0, cv::INTER_AREA);
        return small_;
    }

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

Foreground::Foreground(int width) : impl_(std::make_unique<Impl>(width)) {}
Foreground::~Foreground() = default;

const ForegroundMask& Foreground::update(const Frame& frame) {
    return impl_->update(frame);
}

double ForegroundMask::share_in(const Box& box) const {
    const int x0 = std::clamp(static_cast<int>(box.x), 0, width);
    const int x1 = std::clamp(static_cast<int>(box.right()), 0, width);
    const int y0 = std::clamp(static_cast<int>(box.y), 0, height);
    const int y1 = std::clamp(static_cast<int>(box.bottom()), 0, height);
    std::ptrdiff_t set = 0;
    for (int y = y0; y < y1; ++y) {
        const auto row = labels.begin() + std::ptrdiff_t{y} * width;
        set += std::count_if(row + x0, row + x1, [](std::uint16_t label) { return label != 0; });
    }
    const std::ptrdiff_t all = std::ptrdiff_t{x1 - x0} * (y1 - y0);
    return all > 0 ? static_cast<double>(set) / static_cast<double>(all) : 0;
}

}  // namespace cxedge::camera
