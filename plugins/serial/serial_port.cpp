// SPDX-License-Identifier: Apache-2.0
#include "plugins/serial/serial_port.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>

namespace cxedge::plugins {
namespace {

struct Baud {
    std::int64_t number;
    speed_t speed;
};

constexpr Baud kBauds[] = {
    {50, B50},
    {75, B75},
    {110, B110},
    {134, B134},
    {150, B150},
    {200, B200},
    {300, B300},
    {600, B600},
    {1'200, B1200},
    {1'800, B1800},
    {2'400, B2400},
    {4'800, B4800},
    {9'600, B9600},
    {19'200, B19200},
    {38'400, B38400},
    {57'600, B57600},
    {115'200, B115200},
    {230'400, B230400},
    {460'800, B460800},
    {500'000, B500000},
    {576'000, B576000},
    {921'600, B921600},
    {1'000'000, B1000000},
    {1'152'000, B1152000},
    {1'500'000, B1500000},
    {2'000'000, B2000000},
    {2'500'000, B2500000},
    {3'000'000, B3000000},
    {3'500'000, B3500000},
    {4'000'000, B4000000},
};

const Baud* find_baud(std::int64_t number) {
    const auto* const found =
        std::find_if(std::begin(kBauds), std::end(kBauds), [&](const Baud& baud) {
            return baud.number == number;
        });
    return found != std::end(kBauds) ? found : nullptr;
}

tcflag_t size_flag(std::int64_t data_bits) {
    constexpr tcflag_t kSizes[] = {CS5, CS6, CS7, CS8};
    return kSizes[static_cast<std::size_t>(data_bits - 5)];
}

tcflag_t parity_flags(const std::string& parity) {
    if (parity == "none") {
        return 0;
    }
    const tcflag_t sticky = parity == "mark" || parity == "space" ? CMSPAR : 0U;
    const tcflag_t odd = parity == "odd" || parity == "mark" ? PARODD : 0U;
    return PARENB | sticky | odd;
}

void apply(const LineSettings& settings, termios& line) {
    ::cfmakeraw(&line);
    line.c_cflag &= ~static_cast<tcflag_t>(CSIZE | PARENB | PARODD | CMSPAR | CSTOPB | CRTSCTS);
    line.c_cflag |= CLOCAL | CREAD | size_flag(settings.data_bits) | parity_flags(settings.parity);
    line.c_cflag |= settings.stop_bits == 2 ? CSTOPB : 0U;
    line.c_cflag |= settings.flow == "rtscts" ? CRTSCTS : 0U;
    line.c_iflag &= ~static_cast<tcflag_t>(IXON | IXOFF | IXANY | INPCK | IGNPAR | PARMRK);
    line.c_iflag |= settings.flow == "xonxoff" ? IXON | IXOFF : 0U;
    // A byte of wrong parity becomes 0: no line with that fits.
    line.c_iflag |= settings.parity == "none" ? 0U : INPCK;
    line.c_cc[VMIN] = 1;  // else "nothing" looks like the end
    line.c_cc[VTIME] = 0;
    const Baud* const baud = find_baud(settings.baud);
    if (baud != nullptr) {
        ::cfsetspeed(&line, baud->speed);
    }
}

// Nobody else, by both of the usual ways: other programs, and other sources of this agent (also
// where it runs as root, whom TIOCEXCL does not stop).
Status take_for_us(const std::string& path, int port) {
    if (::flock(port, LOCK_EX | LOCK_NB) != 0) {
        return unavailable(path + " is in use by another process");
    }
    return ::ioctl(port, TIOCEXCL) == 0 ? Status() : Status(system_error(path, errno));
}

}  // namespace

bool is_standard_baud(std::int64_t baud) {
    return find_baud(baud) != nullptr;
}

Result<UniqueFd> open_serial_port(const LineSettings& settings) {
    const std::string& path = settings.port;
    // Not blocking, or a line without a carrier would hold everything up.
    UniqueFd port(::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    if (!port) {
        return system_error(path, errno);
    }
    termios line{};
    if (::tcgetattr(port.get(), &line) != 0) {
        return errno == ENOTTY ? invalid_argument(path + " is no serial port")
                               : system_error(path, errno);
    }
    if (const Status ours = take_for_us(path, port.get()); !ours) {
        return ours.error();
    }
    apply(settings, line);
    if (::tcsetattr(port.get(), TCSANOW, &line) != 0) {
        return errno == EINVAL ? invalid_argument(path + " cannot be set so")
                               : system_error(path, errno);
    }
    drop_input(port);
    return port;
}

void drop_input(const UniqueFd& port) {
    ::tcflush(port.get(), TCIFLUSH);
}

}  // namespace cxedge::plugins
