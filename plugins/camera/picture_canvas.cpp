// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/picture_canvas.hpp"

#include <algorithm>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace cxedge::camera {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
// Of a letter, at a picture 640 pixels wide.
constexpr double kLetter = 0.45;
constexpr double kUsualWidth = 640;
// A broken coordinate must not overflow an int.
constexpr double kFarAway = 1e6;

cv::Mat picture_of(Frame& frame) {
    return {frame.height, frame.width, CV_8UC3, frame.bgr.data()};
}

cv::Point place(Point p) {
    return {
        cvRound(std::clamp(p.x, -kFarAway, kFarAway)),
        cvRound(std::clamp(p.y, -kFarAway, kFarAway))};
}

cv::Scalar paint(Colour colour) {
    return {double(colour.blue), double(colour.green), double(colour.red)};
}

}  // namespace

void PictureCanvas::path(const std::vector<Point>& corners, Colour colour) {
    cv::Mat picture = picture_of(frame_);
    for (std::size_t i = 0; i + 1 < corners.size(); ++i) {
        cv::line(picture, place(corners[i]), place(corners[i + 1]), paint(colour), 2, cv::LINE_AA);
    }
}

void PictureCanvas::arrow(Point from, Point to, Colour colour) {
    cv::Mat picture = picture_of(frame_);
    cv::arrowedLine(picture, place(from), place(to), paint(colour), 2, cv::LINE_AA, 0, 0.3);
}

void PictureCanvas::box(const Box& box, Colour colour) {
    cv::Mat picture = picture_of(frame_);
    cv::rectangle(
        picture, place({box.x, box.y}), place({box.right(), box.bottom()}), paint(colour), 1
    );
}

void PictureCanvas::text(const std::string& text, Point at, Colour colour) {
    cv::Mat picture = picture_of(frame_);
    const double letter = kLetter * std::max(1.0, frame_.width / kUsualWidth);
    int base = 0;
    const cv::Size size = cv::getTextSize(text, kFont, letter, 1, &base);
    const cv::Point corner = place(at);
    const cv::Rect ground(
        corner.x, corner.y - size.height - base, size.width, size.height + 2 * base
    );
    const cv::Rect visible = ground & cv::Rect({0, 0}, picture.size());
    if (!visible.empty()) {
        cv::Mat part = picture(visible);
        part *= 0.4;
    }
    cv::putText(picture, text, corner, kFont, letter, paint(colour), 1, cv::LINE_AA);
}

}  // namespace cxedge::camera
