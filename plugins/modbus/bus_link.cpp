// SPDX-License-Identifier: Apache-2.0
#include "plugins/modbus/bus_link.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

#include <fmt/core.h>
#include <modbus/modbus.h>
#include <sys/socket.h>

namespace cxedge::plugins {
namespace {

struct FreeModbus {
    void operator()(modbus_t* modbus) const {
        ::modbus_close(modbus);
        ::modbus_free(modbus);
    }
};
using ModbusHandle = std::unique_ptr<modbus_t, FreeModbus>;

std::string text_of(int error) {
    return error > MODBUS_ENOBASE ? std::string(::modbus_strerror(error))
                                  : std::generic_category().message(error);
}

// What an exception code means to whoever maintains the map of registers.
ReadAnswer exception_answer(int error) {
    switch (error) {
        case EMBXILFUN:
            return {ReadFault::exception, "exception 1: the device has no such table", {}};
        case EMBXILADD:
            return {ReadFault::refused, "exception 2: the device has no such address", {}};
        case EMBXILVAL:
            return {ReadFault::refused, "exception 3: the device refuses this number of them", {}};
        case EMBXSFAIL:
            return {ReadFault::exception, "exception 4: the device failed", {}};
        case EMBXACK:
            return {ReadFault::exception, "exception 5: the device is still working on it", {}};
        case EMBXSBUSY:
            return {ReadFault::exception, "exception 6: the device is busy", {}};
        case EMBXNACK:
            return {ReadFault::exception, "exception 7: the device cannot do this", {}};
        case EMBXMEMPAR:
            return {ReadFault::exception, "exception 8: the device's memory has an error", {}};
        case EMBXGPATH:
            return {ReadFault::gateway, "exception 10: the gateway has no way to the device", {}};
        case EMBXGTAR:
            return {ReadFault::gateway, "exception 11: the device does not answer its gateway", {}};
        default:
            return {ReadFault::exception, "the device answers with an unknown exception", {}};
    }
}

// The connection is gone: making it anew may be all that is needed.
bool is_connection_error(int error) {
    static constexpr int kErrors[] = {
        ECONNRESET, EPIPE, EBADF, ENOTCONN, ECONNABORTED, EIO, ENXIO, ENODEV};
    return std::find(std::begin(kErrors), std::end(kErrors), error) != std::end(kErrors);
}

// Noise, or a device that can give less than what was asked.
bool is_short_answer(int error) {
    return error == EMBBADDATA || error == EMBMDATA;
}

constexpr const char* kUrlShape = "must be tcp://host or tcp://host:port";

// ":502", or nothing.
std::string parse_port(std::string_view tail, BusAddress& address) {
    if (tail.empty()) {
        return "";
    }
    const std::string_view digits = tail.substr(1);
    int port = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    const bool whole = read.ec == std::errc{} && read.ptr == digits.data() + digits.size();
    address.port = std::string(digits);
    return tail.front() == ':' && whole && port >= 1 && port <= 65'535
               ? ""
               : "the port must be 1 to 65535";
}

std::string parse_host(std::string_view rest, BusAddress& address) {
    const std::size_t quote = !rest.empty() && rest.front() == '[' ? 1 : 0;  // an IPv6 address
    const std::size_t end = std::min(rest.find(quote != 0 ? ']' : ':'), rest.size());
    if (end + quote > rest.size() || end == quote) {
        return kUrlShape;
    }
    address.host = std::string(rest.substr(quote, end - quote));
    if (address.host.find('/') != std::string::npos) {
        return kUrlShape;
    }
    return parse_port(rest.substr(end + quote), address);
}

}  // namespace

std::string parse_bus_url(const std::string& url, BusAddress& address) {
    constexpr std::string_view kScheme = "tcp://";
    if (url.rfind(kScheme, 0) != 0) {
        return kUrlShape;
    }
    return parse_host(std::string_view(url).substr(kScheme.size()), address);
}

class BusLink::Context {
public:
    explicit Context(const BusAddress& address)
        : modbus_(
              address.serial.empty()
                  ? ::modbus_new_tcp_pi(address.host.c_str(), address.port.c_str())
                  : ::modbus_new_rtu(
                        address.serial.c_str(),
                        address.baud,
                        address.parity,
                        address.data_bits,
                        address.stop_bits
                    )
          ) {
        if (modbus_) {
            constexpr std::uint32_t kMicro = 1'000'000;
            const auto wait = static_cast<std::uint32_t>(address.timeout.count()) * 1'000;
            ::modbus_set_error_recovery(modbus_.get(), MODBUS_ERROR_RECOVERY_NONE);
            ::modbus_set_response_timeout(modbus_.get(), wait / kMicro, wait % kMicro);
            // None between bytes: the whole answer has to come within the response timeout, or a
            // device that drips would hold the bus for minutes.
            ::modbus_set_byte_timeout(modbus_.get(), 0, 0);
        }
    }
    [[nodiscard]] modbus_t* get() const { return modbus_.get(); }

private:
    ModbusHandle modbus_;
};

BusLink::BusLink(BusAddress address) : address_(std::move(address)) {}

BusLink::~BusLink() {
    close();
}

std::string BusLink::open() {
    if (context_) {
        return "";
    }
    auto fresh = std::make_unique<Context>(address_);
    if (fresh->get() == nullptr) {
        return text_of(errno);
    }
    if (::modbus_connect(fresh->get()) != 0) {
        // libmodbus leaves EINPROGRESS behind when a connection takes longer than the timeout.
        return errno == EINPROGRESS ? "it does not answer" : text_of(errno);
    }
    if (address_.rs485 && ::modbus_rtu_set_serial_mode(fresh->get(), MODBUS_RTU_RS485) != 0) {
        return "the serial driver has no RS-485 mode: set rs485 = false for an adapter that "
               "switches by itself";
    }
    const std::lock_guard lock(fd_mutex_);
    context_ = std::move(fresh);
    fd_ = ::modbus_get_socket(context_->get());
    used_ = false;
    return "";
}

void BusLink::close() {
    const std::lock_guard lock(fd_mutex_);
    fd_ = -1;
    context_.reset();
}

void BusLink::abort() {
    aborted_ = true;
    const std::lock_guard lock(fd_mutex_);
    if (fd_ >= 0) {
        // A select(2) on a socket returns at once; on a serial port it ends with the timeout.
        ::shutdown(fd_, SHUT_RDWR);
    }
}

ReadAnswer BusLink::read(int unit, const ReadRequest& request, bool again) {
    return request.by_word ? read_by_word(unit, request, again) : read_some(unit, request, again);
}

// A value of several registers may change between two requests. If the first one is the same
// before and after, its carry did not happen meanwhile.
ReadAnswer BusLink::read_by_word(int unit, const ReadRequest& request, bool again) {
    ReadRequest first{request.table, request.start, 1, false, request.clears, {}};
    for (int round = 0; round < 2; ++round) {
        ReadAnswer answer = read_words(unit, request, again);
        if (answer.fault != ReadFault::none || request.clears || request.count == 1) {
            return answer;
        }
        ReadAnswer after = read_some(unit, first, again);
        if (after.fault != ReadFault::none) {
            return after;
        }
        if (after.words.front() == answer.words.front()) {
            return answer;
        }
    }
    return {ReadFault::exception, "the value changes faster than its registers can be read", {}};
}

ReadAnswer BusLink::read_words(int unit, const ReadRequest& request, bool again) {
    ReadAnswer answer;
    ReadRequest one{request.table, request.start, 1, false, request.clears, {}};
    for (std::uint16_t i = 0; i < request.count; ++i) {
        one.start = static_cast<std::uint16_t>(request.start + i);
        ReadAnswer word = read_some(unit, one, again);
        if (word.fault != ReadFault::none) {
            return word;
        }
        answer.words.push_back(word.words.front());
    }
    return answer;
}

ReadAnswer BusLink::read_some(int unit, const ReadRequest& request, bool again) {
    ReadAnswer answer;
    for (int attempt = 0; attempt < 2; ++attempt) {
        if (aborted_) {
            return {ReadFault::bus, "stopped", {}};
        }
        if (const std::string problem = open(); !problem.empty()) {
            return {ReadFault::bus, problem, {}};
        }
        // Gateways close connections on which nothing happens; that is not an error.
        const bool may_be_stale = used_;
        answer = exchange(unit, request);
        const bool lost_connection = context_ == nullptr && answer.fault == ReadFault::bus;
        if (answer.fault == ReadFault::none ||
            !((lost_connection && may_be_stale) || (again && answer.fault == ReadFault::silent))) {
            break;
        }
    }
    if (answer.fault == ReadFault::bus) {
        // The way is there, but the other side hangs up when asked.
        answer = {ReadFault::silent, "the connection was closed instead of an answer", {}};
    }
    return answer;
}

ReadAnswer BusLink::exchange(int unit, const ReadRequest& request) {
    modbus_t* const modbus = context_->get();
    if (::modbus_set_slave(modbus, unit) != 0) {
        return {ReadFault::exception, "no such id on this bus", {}};
    }
    if (!address_.serial.empty()) {
        ::modbus_flush(modbus);  // a late answer is not this one's
    }
    ReadAnswer answer;
    answer.words.resize(request.count);
    std::vector<std::uint8_t> bits(is_bits(request.table) ? request.count : 0);
    int got = -1;
    switch (request.table) {
        case RegisterTable::holding:
            got =
                ::modbus_read_registers(modbus, request.start, request.count, answer.words.data());
            break;
        case RegisterTable::input:
            got = ::modbus_read_input_registers(
                modbus, request.start, request.count, answer.words.data()
            );
            break;
        case RegisterTable::coil:
            got = ::modbus_read_bits(modbus, request.start, request.count, bits.data());
            break;
        case RegisterTable::discrete:
            got = ::modbus_read_input_bits(modbus, request.start, request.count, bits.data());
            break;
    }
    if (got != request.count) {
        return failed(got < 0 ? errno : EMBBADDATA, request.count);
    }
    used_ = true;
    std::copy(bits.begin(), bits.end(), answer.words.begin());
    return answer;
}

ReadAnswer BusLink::failed(int error, std::size_t asked) {
    if (error >= EMBXILFUN && error <= EMBXGTAR) {
        used_ = true;
        return exception_answer(error);
    }
    if (is_connection_error(error)) {
        close();
        return {ReadFault::bus, text_of(error), {}};
    }
    // What comes late would be taken for the answer to the next request: begin with a new
    // connection. A serial port is flushed instead.
    if (address_.serial.empty()) {
        close();
    }
    if (is_short_answer(error) && asked > 1) {
        return {ReadFault::refused, "the answer does not have the length that was asked for", {}};
    }
    return error == ETIMEDOUT ? ReadAnswer{ReadFault::silent, "no answer", {}}
                              : ReadAnswer{ReadFault::silent, "a garbled answer", {}};
}

}  // namespace cxedge::plugins
