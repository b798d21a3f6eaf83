// SPDX-License-Identifier: Apache-2.0
// Compiled with its own flags (CMakeLists.txt): without them gcc does not vectorise these loops.
#include "plugins/camera/dnn_activation.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <mutex>

#include <opencv2/dnn/all_layers.hpp>
#include <opencv2/dnn/layer.details.hpp>

namespace cxedge::camera {
namespace {

// e^x: 2^n by the exponent bits, 2^f for -0.5 <= f <= 0.5 by the first terms of its series;
// relative error under 2e-6, what the network's own arithmetic loses.
inline float fast_exp(float x) {
    constexpr float kLog2E = 1.44269504F;
    constexpr float kLargest = 87;  // e^87 still is a float
    const float t = std::min(std::max(x, -kLargest), kLargest) * kLog2E;
    const auto n = static_cast<std::int32_t>(t + (t < 0 ? -0.5F : 0.5F));
    const float f = t - static_cast<float>(n);
    float p = 1.5403530e-4F;  // ln(2)^k / k!, from k = 6 down
    p = p * f + 1.3333558e-3F;
    p = p * f + 9.6181291e-3F;
    p = p * f + 5.5504109e-2F;
    p = p * f + 2.4022651e-1F;
    p = p * f + 6.9314718e-1F;
    p = p * f + 1.0F;
    const std::int32_t bits = (n + 127) * (1 << 23);
    float power = 0;
    std::memcpy(&power, &bits, sizeof power);
    return p * power;
}

struct Sigmoid {
    static float of(float x) { return 1.0F / (1.0F + fast_exp(-x)); }
};
struct Swish {
    static float of(float x) { return x / (1.0F + fast_exp(-x)); }
};

// Always inlined: becomes code of the caller, for the processor that the caller is compiled for.
template <class Function>
[[gnu::always_inline]] inline void each(float* values, int count) {
    for (int i = 0; i < count; ++i) {
        values[i] = Function::of(values[i]);
    }
}

#ifdef __x86_64__
// The program is built for every x86-64; on those with AVX2 this is four times as fast.
template <class Function>
[[gnu::target("avx2,fma")]] void each_wide(float* values, int count) {
    each<Function>(values, count);
}

bool wide() {
    static const bool kWide = static_cast<bool>(__builtin_cpu_supports("avx2")) &&
                              static_cast<bool>(__builtin_cpu_supports("fma"));
    return kWide;
}
#endif

template <class Function>
void apply_in_place(float* values, int count) {
#ifdef __x86_64__
    if (wide()) {
        each_wide<Function>(values, count);
        return;
    }
#endif
    each<Function>(values, count);
}

template <class Function>
class FastActivation final : public cv::dnn::ActivationLayer {
public:
    explicit FastActivation(const cv::dnn::LayerParams& parameters) { setParamsFrom(parameters); }

    bool getMemoryShapes(
        const std::vector<cv::dnn::MatShape>& inputs,
        int required,
        std::vector<cv::dnn::MatShape>& outputs,
        std::vector<cv::dnn::MatShape>& internals
    ) const override {
        Layer::getMemoryShapes(inputs, required, outputs, internals);
        return true;  // in place
    }

    void forward(
        cv::InputArrayOfArrays inputs,
        cv::OutputArrayOfArrays outputs,
        cv::OutputArrayOfArrays /*internals*/
    ) override {
        std::vector<cv::Mat> from;
        std::vector<cv::Mat> to;
        inputs.getMatVector(from);
        outputs.getMatVector(to);
        for (std::size_t i = 0; i < from.size(); ++i) {
            apply(from[i].ptr<float>(), to[i].ptr<float>(), static_cast<int>(from[i].total()));
        }
    }

    // What a convolution calls with the numbers it has just made: `planes` of outPlaneSize each,
    // of which the first `length` are ready.
    // The parameters are OpenCV's.
    // NOLINTNEXTLINE(readability-function-size)
    void forwardSlice(
        const float* from, float* to, int length, std::size_t plane_size, int first, int end
    ) const override {
        for (int channel = first; channel < end; ++channel) {
            apply(from, to, length);
            from += plane_size;
            to += plane_size;
        }
    }

private:
    // One pointer in the loop: with two, the compiler's check for overlap would send the usual
    // case, in place, to the scalar version.
    static void apply(const float* from, float* to, int count) {
        if (from != to) {
            std::copy_n(from, count, to);
        }
        apply_in_place<Function>(to, count);
    }
};

template <class Function>
cv::Ptr<cv::dnn::Layer> make(cv::dnn::LayerParams& parameters) {
    return cv::makePtr<FastActivation<Function>>(parameters);
}

}  // namespace

void register_fast_activations() {
    static std::once_flag once;
    std::call_once(once, [] {
        cv::dnn::LayerFactory::registerLayer("Sigmoid", make<Sigmoid>);
        cv::dnn::LayerFactory::registerLayer("Swish", make<Swish>);
    });
}

}  // namespace cxedge::camera
