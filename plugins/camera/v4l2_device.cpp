// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/v4l2_device.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

namespace cxedge::camera {
namespace {

constexpr std::uint32_t kBuffers = 4;
constexpr std::uint32_t kWidth = 640;
constexpr std::uint32_t kHeight = 480;
constexpr std::chrono::milliseconds kPollSlice{200};  // how soon a stop is noticed

int control(int fd, unsigned long request, void* argument) {
    int result = -1;
    do {
        result = ::ioctl(fd, request, argument);
    } while (result < 0 && errno == EINTR);
    return result;
}

std::uint32_t fourcc(V4l2Format format) {
    return format == V4l2Format::yuyv ? V4L2_PIX_FMT_YUYV : V4L2_PIX_FMT_MJPEG;
}

v4l2_buffer empty_buffer(std::uint32_t index) {
    v4l2_buffer buffer{};
    buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    buffer.memory = V4L2_MEMORY_MMAP;
    buffer.index = index;
    return buffer;
}

}  // namespace

Status V4l2Device::open(const std::string& path) {
    close();
    fd_.reset(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!fd_) {
        return system_error("open", errno);
    }
    Status status = check_capabilities();
    if (status) {
        status = choose_mode();
    }
    if (status) {
        status = map_buffers();
    }
    if (status) {
        status = start_streaming();
    }
    if (!status) {
        close();
    }
    return status;
}

Status V4l2Device::check_capabilities() {
    v4l2_capability found{};
    if (control(fd_.get(), VIDIOC_QUERYCAP, &found) < 0) {
        return errno == ENOTTY || errno == EINVAL ? invalid_argument("not a V4L2 device")
                                                  : system_error("VIDIOC_QUERYCAP", errno);
    }
    const bool per_node = (found.capabilities & V4L2_CAP_DEVICE_CAPS) != 0;
    const std::uint32_t abilities = per_node ? found.device_caps : found.capabilities;
    if ((abilities & V4L2_CAP_VIDEO_CAPTURE) == 0) {
        return invalid_argument("does not capture video (another node of the same camera may)");
    }
    if ((abilities & V4L2_CAP_STREAMING) == 0) {
        return invalid_argument("cannot stream into memory");
    }
    return {};
}

bool V4l2Device::try_mode(V4l2Format format) {
    v4l2_format wanted{};
    wanted.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    wanted.fmt.pix.width = kWidth;
    wanted.fmt.pix.height = kHeight;
    wanted.fmt.pix.pixelformat = fourcc(format);
    wanted.fmt.pix.field = V4L2_FIELD_ANY;
    const bool taken = control(fd_.get(), VIDIOC_S_FMT, &wanted) == 0 &&
                       wanted.fmt.pix.pixelformat == fourcc(format);
    if (taken) {
        mode_.format = format;
        mode_.width = static_cast<int>(wanted.fmt.pix.width);
        mode_.height = static_cast<int>(wanted.fmt.pix.height);
        mode_.stride = std::max(static_cast<int>(wanted.fmt.pix.bytesperline), mode_.width * 2);
    }
    return taken;
}

Status V4l2Device::choose_mode() {
    if (try_mode(V4l2Format::yuyv) || try_mode(V4l2Format::mjpeg)) {
        return {};
    }
    return errno == EBUSY ? unavailable("in use by another program")
                          : invalid_argument("offers neither YUYV nor MJPEG");
}

Status V4l2Device::map_buffers() {
    v4l2_requestbuffers request{};
    request.count = kBuffers;
    request.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    request.memory = V4L2_MEMORY_MMAP;
    if (control(fd_.get(), VIDIOC_REQBUFS, &request) < 0) {
        return system_error("VIDIOC_REQBUFS", errno);
    }
    for (std::uint32_t i = 0; i < request.count; ++i) {
        if (Status mapped = map_buffer(i); !mapped) {
            return mapped;
        }
    }
    return mappings_.size() < 2 ? Status(unavailable("no memory for pictures")) : Status();
}

Status V4l2Device::map_buffer(std::uint32_t index) {
    v4l2_buffer buffer = empty_buffer(index);
    if (control(fd_.get(), VIDIOC_QUERYBUF, &buffer) < 0) {
        return system_error("VIDIOC_QUERYBUF", errno);
    }
    void* start = ::mmap(
        nullptr, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), buffer.m.offset
    );
    if (start == MAP_FAILED) {
        return system_error("mmap", errno);
    }
    mappings_.push_back({start, buffer.length});
    return give_back(index);
}

Status V4l2Device::give_back(std::uint32_t index) {
    v4l2_buffer buffer = empty_buffer(index);
    return control(fd_.get(), VIDIOC_QBUF, &buffer) < 0 ? Status(system_error("VIDIOC_QBUF", errno))
                                                        : Status();
}

Status V4l2Device::start_streaming() {
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    if (control(fd_.get(), VIDIOC_STREAMON, &type) < 0) {
        return system_error("VIDIOC_STREAMON", errno);
    }
    streaming_ = true;
    return {};
}

Result<V4l2Picture> V4l2Device::wait(
    const Clock& clock, std::chrono::milliseconds timeout, const std::atomic<bool>& stop
) {
    if (on_loan_ >= 0) {
        const auto index = static_cast<std::uint32_t>(on_loan_);
        on_loan_ = -1;
        if (Status returned = give_back(index); !returned) {
            return returned.error();
        }
    }
    const SteadyTime deadline = clock.steady_now() + timeout;
    while (!stop.load() && clock.steady_now() < deadline) {
        pollfd ready{fd_.get(), POLLIN, 0};
        const int count = ::poll(&ready, 1, static_cast<int>(kPollSlice.count()));
        if (count < 0 && errno != EINTR) {
            return system_error("poll", errno);
        }
        if (count > 0) {
            return take();
        }
    }
    return unavailable(
        stop.load() ? std::string("stopped")
                    : "no picture within " + std::to_string(timeout.count()) + " ms"
    );
}

Result<V4l2Picture> V4l2Device::take() {
    v4l2_buffer buffer = empty_buffer(0);
    if (control(fd_.get(), VIDIOC_DQBUF, &buffer) < 0) {
        return errno == ENODEV ? unavailable("the camera was unplugged")
                               : system_error("VIDIOC_DQBUF", errno);
    }
    if (buffer.index >= mappings_.size()) {
        return unavailable("the driver returned an unknown buffer");
    }
    on_loan_ = static_cast<int>(buffer.index);
    const Mapping& mapping = mappings_[buffer.index];
    const std::size_t length = std::min<std::size_t>(buffer.bytesused, mapping.length);
    const std::int64_t time =
        static_cast<std::int64_t>(buffer.timestamp.tv_sec) * 1'000'000 + buffer.timestamp.tv_usec;
    return V4l2Picture{{static_cast<const std::uint8_t*>(mapping.start), length}, time};
}

void V4l2Device::close() {
    if (streaming_) {
        int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
        control(fd_.get(), VIDIOC_STREAMOFF, &type);
        streaming_ = false;
    }
    for (const Mapping& mapping : mappings_) {
        ::munmap(mapping.start, mapping.length);
    }
    mappings_.clear();
    on_loan_ = -1;
    fd_.reset();
}

}  // namespace cxedge::camera
