// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/dnn_model.hpp"

#include <algorithm>
#include <utility>

#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>

#include "plugins/camera/dnn_activation.hpp"
#include "plugins/camera/model_file.hpp"

namespace cxedge::camera {
namespace {

constexpr double kPadding = 114;  // grey, as the network was trained with
// Weaker ones are noise even for a track that is already followed.
constexpr double kLeastScore = 0.1;

// OpenCV reports whatever it dislikes by an exception: file, line, and what it was about.
Error unusable(const cv::Exception& problem) {
    std::string what = problem.err.empty() ? problem.what() : problem.err;
    std::replace(what.begin(), what.end(), '\n', ' ');
    return invalid_argument("OpenCV cannot run this network: " + what);
}

cv::Rect rounded(const Box& part, cv::Size limit) {
    const cv::Rect wanted(
        cvRound(part.x), cvRound(part.y), cvRound(part.width), cvRound(part.height)
    );
    return wanted & cv::Rect({0, 0}, limit);
}

}  // namespace

class DnnModel::Impl {
public:
    Impl(const cv::dnn::Net& net, YoloxShape shape)
        : net_(net),  // a handle
          shape_(shape),
          canvas_(shape.height, shape.width, CV_8UC3, cv::Scalar::all(kPadding)) {
        net_.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
        net_.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
    }

    // Runs once on grey: shows whether OpenCV agrees with what the file says.
    Status try_out() {
        run();
        const bool fits = output_.total() == shape_.cells() * shape_.values();
        return fits && output_.type() == CV_32F
                   ? Status()
                   : Status(invalid_argument("its output is not what the file announces"));
    }

    std::vector<Detection> find(const Frame& frame, const Box& part) {
        auto* data = const_cast<std::uint8_t*>(frame.bgr.data());  // only read from
        const cv::Mat picture(frame.height, frame.width, CV_8UC3, data);
        const cv::Rect region = rounded(part, picture.size());
        if (region.empty()) {
            return {};
        }
        const double scale = fit(picture(region));
        run();
        std::vector<Detection> found = people_of(output_.ptr<float>(), shape_, kLeastScore);
        for (Detection& each : found) {
            each.box = {
                region.x + each.box.x / scale,
                region.y + each.box.y / scale,
                each.box.width / scale,
                each.box.height / scale};
        }
        return found;
    }

    [[nodiscard]] const YoloxShape& shape() const { return shape_; }

private:
    cv::dnn::Net net_;
    YoloxShape shape_;
    cv::Mat canvas_;
    cv::Mat blob_;
    cv::Mat output_;

    // Puts the region into the upper left of the canvas, as large as fits; returns the scale.
    double fit(const cv::Mat& region) {
        const double scale =
            std::min(double(shape_.width) / region.cols, double(shape_.height) / region.rows);
        const cv::Size size(
            std::clamp(cvRound(region.cols * scale), 1, shape_.width),
            std::clamp(cvRound(region.rows * scale), 1, shape_.height)
        );
        canvas_.setTo(cv::Scalar::all(kPadding));
        cv::Mat place = canvas_({{0, 0}, size});
        cv::resize(region, place, size, 0, 0, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
        return scale;
    }

    void run() {
        cv::dnn::blobFromImage(canvas_, blob_);
        net_.setInput(blob_);
        output_ = net_.forward();
    }
};

DnnModel::DnnModel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DnnModel::~DnnModel() = default;

Result<std::unique_ptr<DnnModel>> DnnModel::load(const ModelChoice& choice) {
    const Result<std::string> bytes = read_model_file(choice.path, choice.sha256);
    if (!bytes) {
        return bytes.error();
    }
    const Result<OnnxGraph> graph = read_onnx(*bytes);
    if (!graph) {
        return graph.error().during(choice.path);
    }
    const Result<YoloxShape> shape = yolox_shape(*graph);
    if (!shape) {
        return shape.error().during(choice.path);
    }
    // One camera, one thread: cost stays measurable, cameras share the cores by themselves.
    cv::setNumThreads(1);
    // What OpenCV dislikes is told once, by the error below.
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    register_fast_activations();
    try {
        const std::string fused = fuse_swish(*bytes, *graph);
        auto impl =
            std::make_unique<Impl>(cv::dnn::readNetFromONNX(fused.data(), fused.size()), *shape);
        if (Status ran = impl->try_out(); !ran) {
            return ran.error().during(choice.path);
        }
        return std::unique_ptr<DnnModel>(new DnnModel(std::move(impl)));
    } catch (const cv::Exception& problem) {
        return unusable(problem).during(choice.path);
    }
}

std::vector<Detection> DnnModel::find(const Frame& frame, const Box& part) {
    return impl_->find(frame, part);
}

const YoloxShape& DnnModel::shape() const {
    return impl_->shape();
}

}  // namespace cxedge::camera
