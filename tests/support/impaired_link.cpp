// SPDX-License-Identifier: Apache-2.0
#include "tests/support/impaired_link.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace cxedge::test {
namespace {

using SteadyClock = std::chrono::steady_clock;
using SteadyTime = SteadyClock::time_point;
using std::chrono::microseconds;
using std::chrono::nanoseconds;

// A timer wakes a thread some microseconds late; the rest is waited for awake.
constexpr auto kAwake = microseconds(40);
// A flood in one direction must not hold up what is due in the other.
constexpr int kBatch = 32;
constexpr int kLargestPacket = 65536;
constexpr int kSmallestIpv6Mtu = 1280;
// Packets in the interface, for when this thread has to wait for a processor.
constexpr const char* kInterfaceQueue = "10000";

struct Fate {
    bool lost = false;
    bool duplicated = false;
    bool held_back = false;
    double lateness = 0;  // share of the jitter
};

class Dice {
public:
    Dice(const Impairment& impairment, Direction direction) : odds_(impairment) {
        // The two directions are not to lose the same packets.
        std::seed_seq seed{impairment.seed, static_cast<std::uint32_t>(direction)};
        engine_.seed(seed);
    }
    // As many throws for every packet: what is set besides changes nothing about the loss.
    Fate next() {
        const bool lost = lose(uniform());
        const bool duplicated = uniform() < odds_.duplicate;
        const bool held_back = uniform() < odds_.reorder;
        return {lost, duplicated, held_back, uniform()};
    }

private:
    double uniform() { return static_cast<double>(engine_() >> 11U) * 0x1p-53; }
    bool lose(double thrown) {
        if (odds_.burst <= 1 || odds_.loss >= 1) {
            return thrown < odds_.loss;
        }
        const double end = 1 / odds_.burst;
        const double begin = end * odds_.loss / (1 - odds_.loss);
        losing_ = losing_ ? thrown >= end : thrown < begin;
        return losing_;
    }

    Impairment odds_;
    std::mt19937_64 engine_;
    bool losing_ = false;
};

bool is_share(double value) {
    return value >= 0 && value <= 1;
}

const Impairment& checked(const Impairment& wanted) {
    const bool shares =
        is_share(wanted.loss) && is_share(wanted.duplicate) && is_share(wanted.reorder);
    // Between two bursts lies at least one packet.
    const bool bursts =
        wanted.burst <= 1 || wanted.loss >= 1 || wanted.loss / (1 - wanted.loss) <= wanted.burst;
    const bool times = wanted.delay.count() >= 0 && wanted.jitter.count() >= 0 &&
                       wanted.reorder_by.count() >= 0 && wanted.queue.count() >= 0;
    if (!shares || !bursts || !times || wanted.rate_kbit < 0) {
        throw std::invalid_argument("no line can be impaired like that");
    }
    return wanted;
}

// Neighbours that look for each other and for routers use multicast.
bool is_unicast(const std::vector<char>& packet) {
    const auto byte = [&packet](std::size_t at) {
        return at < packet.size() ? static_cast<unsigned char>(packet[at]) : 0xFFU;
    };
    switch (byte(0) >> 4U) {
        case 4:
            return byte(16) < 224;
        case 6:
            return byte(24) != 0xFF;
        default:
            return false;
    }
}

UniqueFd open_tun(const std::string& device) {
    UniqueFd tun(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
    ifreq request{};
    device.copy(request.ifr_name, IFNAMSIZ - 1);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (!tun || ::ioctl(tun.get(), TUNSETIFF, &request) != 0) {
        throw std::system_error(errno, std::generic_category(), "making " + device);
    }
    return tun;
}

std::string hex(int number) {
    std::ostringstream out;
    out << std::hex << number;
    return out.str();
}

timespec to_timespec(nanoseconds duration) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(duration);
    return {seconds.count(), static_cast<long>((duration - seconds).count())};
}

std::size_t index_of(Direction direction) {
    return direction == Direction::a_to_b ? 0 : 1;
}

// The interface's count of packets that found its queue full; `text` is /proc/net/dev.
std::uint64_t dropped_by(const std::string& device, const std::string& text) {
    constexpr int kBefore = 11;  // 8 columns of received packets, 3 of sent ones
    std::istringstream in(text.substr(std::min(text.size(), text.find(device + ':'))));
    std::string ignored;
    std::getline(in, ignored, ':');
    for (int i = 0; i < kBefore; ++i) {
        in >> ignored;
    }
    std::uint64_t count = 0;
    in >> count;
    return count;
}

}  // namespace

// One direction. The forwarding thread moves packets; others ask and set.
class ImpairedLink::Path {
public:
    Path(Direction direction, const Impairment& impairment)
        : direction_(direction), impairment_(checked(impairment)), dice_(impairment, direction) {}

    void set(const Impairment& impairment) {
        const std::lock_guard lock(mutex_);
        impairment_ = checked(impairment);
        dice_ = Dice(impairment, direction_);
    }
    Truth truth() const {
        const std::lock_guard lock(mutex_);
        return truth_;
    }
    bool await(std::uint64_t packets, std::chrono::milliseconds patience) const {
        std::unique_lock lock(mutex_);
        return moved_.wait_for(lock, patience, [&] {
            return truth_.in >= packets &&
                   truth_.in + truth_.duplicated == truth_.forwarded + truth_.dropped;
        });
    }
    std::vector<AppliedDelay> delays() const {
        const std::lock_guard lock(mutex_);
        return {delays_.begin(), delays_.end()};
    }

    // The forwarding thread's.
    void take(int from);
    void hand_over(int to);
    std::optional<SteadyTime> next_due() const {
        return waiting_.empty() ? std::nullopt : std::optional(waiting_.begin()->first);
    }

private:
    struct Packet {
        SteadyTime taken;
        std::uint64_t number = 0;
        bool copy = false;
        std::vector<char> bytes;
    };

    void admit(SteadyTime now, std::vector<char> bytes);
    std::optional<SteadyTime> leave_queue(SteadyTime now, std::size_t bytes);
    SteadyTime arrival(SteadyTime sent, const Fate& fate);
    void record(const Packet& packet, SteadyTime now);

    const Direction direction_;
    mutable std::mutex mutex_;
    mutable std::condition_variable moved_;
    Impairment impairment_;
    Dice dice_;
    Truth truth_;
    std::deque<AppliedDelay> delays_;
    SteadyTime line_free_;
    SteadyTime last_arrival_;
    std::uint64_t latest_ = 0;                   // number of a packet handed over
    std::multimap<SteadyTime, Packet> waiting_;  // by the time when they are due
};

void ImpairedLink::Path::take(int from) {
    std::array<char, kLargestPacket> buffer;  // NOLINT: filled by read
    for (int i = 0; i < kBatch; ++i) {
        const ssize_t size = ::read(from, buffer.data(), buffer.size());
        if (size <= 0) {
            return;
        }
        std::vector<char> bytes(buffer.data(), buffer.data() + size);
        if (is_unicast(bytes)) {
            admit(SteadyClock::now(), std::move(bytes));
        }
    }
}

void ImpairedLink::Path::admit(SteadyTime now, std::vector<char> bytes) {
    const std::lock_guard lock(mutex_);
    ++truth_.in;
    const Fate fate = dice_.next();
    const bool lost = fate.lost || impairment_.black_hole;
    const auto sent = lost ? std::nullopt : leave_queue(now, bytes.size());
    if (!sent) {
        truth_.overflowed += lost ? 0U : 1U;
        ++truth_.dropped;
        moved_.notify_all();
        return;
    }
    const SteadyTime due = arrival(*sent, fate);
    Packet packet{now, truth_.in, false, std::move(bytes)};
    const auto place = waiting_.emplace(due, std::move(packet));
    if (fate.duplicated) {
        ++truth_.duplicated;
        waiting_.emplace(due, place->second)->second.copy = true;
    }
}

// Nothing: there is no room.
std::optional<SteadyTime> ImpairedLink::Path::leave_queue(SteadyTime now, std::size_t bytes) {
    if (impairment_.rate_kbit == 0) {
        return now;
    }
    const SteadyTime begin = std::max(now, line_free_);
    if (begin - now > impairment_.queue) {
        return std::nullopt;
    }
    line_free_ =
        begin + nanoseconds(static_cast<std::int64_t>(bytes) * 8'000'000 / impairment_.rate_kbit);
    return line_free_;
}

SteadyTime ImpairedLink::Path::arrival(SteadyTime sent, const Fate& fate) {
    const auto jitter = fate.lateness * nanoseconds(impairment_.jitter);
    const SteadyTime due =
        sent + impairment_.delay + std::chrono::duration_cast<nanoseconds>(jitter);
    last_arrival_ = std::max(last_arrival_, due);
    if (!fate.held_back) {
        return last_arrival_;
    }
    return last_arrival_ + impairment_.reorder_by;
}

void ImpairedLink::Path::hand_over(int to) {
    for (int i = 0; i < kBatch && !waiting_.empty(); ++i) {
        const SteadyTime now = SteadyClock::now();
        if (waiting_.begin()->first > now) {
            return;
        }
        // Written under the lock: whoever has the packet finds it in the truth.
        const std::lock_guard lock(mutex_);
        const Packet& packet = waiting_.begin()->second;
        if (::write(to, packet.bytes.data(), packet.bytes.size()) < 0) {
            ++truth_.dropped;  // the interface is down
        } else {
            record(packet, now);
        }
        moved_.notify_all();
        waiting_.erase(waiting_.begin());
    }
}

void ImpairedLink::Path::record(const Packet& packet, SteadyTime now) {
    ++truth_.forwarded;
    truth_.bytes += packet.bytes.size();
    truth_.reordered += !packet.copy && packet.number < latest_ ? 1U : 0U;
    latest_ = std::max(latest_, packet.number);
    if (delays_.size() == kDelaysKept) {
        delays_.pop_front();
    }
    const auto delay = std::chrono::floor<microseconds>(now - packet.taken);
    delays_.push_back({packet.taken, delay});
}

bool ImpairedLink::available() {
    return ::access("/dev/net/tun", R_OK | W_OK) == 0 && NetNamespace::available();
}

ImpairedLink::ImpairedLink(
    const NetNamespace& a,
    const NetNamespace& b,
    const Impairment& a_to_b,
    const Impairment& b_to_a,
    const LinkOptions& options
)
    : options_(options), stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    paths_[0] = std::make_unique<Path>(Direction::a_to_b, a_to_b);
    paths_[1] = std::make_unique<Path>(Direction::b_to_a, b_to_a);
    ports_[0] = make_port(a, End::a);
    ports_[1] = make_port(b, End::b);
    watched_ = {
        {{ports_[0].tun.get(), POLLIN, 0},
         {ports_[1].tun.get(), POLLIN, 0},
         {stop_.get(), POLLIN, 0}}};
    thread_ = std::thread([this] { run(); });
    const sched_param lowest{::sched_get_priority_min(SCHED_FIFO)};
    real_time_ = ::pthread_setschedparam(thread_.native_handle(), SCHED_FIFO, &lowest) == 0;
}

ImpairedLink::~ImpairedLink() {
    stopping_ = true;
    ::eventfd_write(stop_.get(), 1);
    thread_.join();
}

std::string ImpairedLink::device() const {
    return "wan" + std::to_string(options_.subnet);
}

std::string ImpairedLink::ipv4(End end) const {
    return "10.78." + std::to_string(options_.subnet) + (end == End::a ? ".1" : ".2");
}

std::string ImpairedLink::ipv6(End end) const {
    const std::string net = options_.subnet == 0 ? "fd78" : "fd78:0:0:" + hex(options_.subnet);
    return net + (end == End::a ? "::1" : "::2");
}

ImpairedLink::Port ImpairedLink::make_port(const NetNamespace& there, End end) const {
    Port out;
    {
        const NetNamespace::Inside inside(there);
        out.tun = open_tun(device());
        out.counters.reset(::open("/proc/thread-self/net/dev", O_RDONLY | O_CLOEXEC));
    }
    const std::string mtu = std::to_string(options_.mtu);
    there.ip({"link", "set", "dev", device(), "mtu", mtu, "txqueuelen", kInterfaceQueue});
    there.add_address(device(), ipv4(end) + "/24");
    const bool ipv6_on = there.sysctl("ipv6/conf/default/disable_ipv6") == "0";
    if (ipv6_on && options_.mtu >= kSmallestIpv6Mtu) {
        there.add_address(device(), ipv6(end) + "/64");
    }
    there.ip({"link", "set", "dev", device(), "up"});
    return out;
}

ImpairedLink::Path& ImpairedLink::path(Direction direction) const {
    return *paths_.at(index_of(direction));
}

void ImpairedLink::set(Direction direction, const Impairment& impairment) {
    path(direction).set(impairment);
}

Truth ImpairedLink::truth(Direction direction) const {
    return path(direction).truth();
}

bool ImpairedLink::await(
    Direction direction, std::uint64_t packets, std::chrono::milliseconds patience
) const {
    return path(direction).await(packets, patience);
}

std::vector<AppliedDelay> ImpairedLink::delays(Direction direction) const {
    return path(direction).delays();
}

std::uint64_t ImpairedLink::missed(Direction direction) const {
    std::string text(kLargestPacket, '\0');
    const int counters = ports_.at(index_of(direction)).counters.get();
    const ssize_t size = ::pread(counters, text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, size)));
    return dropped_by(device(), text);
}

void ImpairedLink::run() {
    ::prctl(PR_SET_TIMERSLACK, 1UL);  // where there is no real-time priority
    while (!stopping_) {
        wait();
        paths_[0]->take(ports_[0].tun.get());
        paths_[1]->take(ports_[1].tun.get());
        paths_[0]->hand_over(ports_[1].tun.get());
        paths_[1]->hand_over(ports_[0].tun.get());
    }
}

// Who never sleeps must not have real-time priority: the kernel's own threads would starve.
void ImpairedLink::step_back() {
    if (std::exchange(stepped_back_, true)) {
        return;
    }
    constexpr int kMostUrgent = -20;
    const sched_param none{0};
    ::sched_setscheduler(0, SCHED_OTHER, &none);
    ::setpriority(PRIO_PROCESS, 0, kMostUrgent);  // of this thread alone, on Linux
}

// For a packet, the end, or until shortly before one is due.
void ImpairedLink::wait() {
    if (awake_) {
        step_back();
        return;
    }
    std::optional<SteadyTime> due = paths_[0]->next_due();
    if (const auto other = paths_[1]->next_due(); other && (!due || *other < *due)) {
        due = other;
    }
    const auto pause = due ? *due - SteadyClock::now() - kAwake : nanoseconds(0);
    if (due && pause.count() <= 0) {
        return;
    }
    const timespec limit = to_timespec(pause);
    ::ppoll(watched_.data(), watched_.size(), due ? &limit : nullptr, nullptr);
    for (pollfd& each : watched_) {
        // An interface that somebody has deleted would say so for ever.
        each.fd = (each.revents & POLLERR) != 0 ? -1 : each.fd;
    }
}

std::chrono::microseconds percentile(const std::vector<AppliedDelay>& delays, double share) {
    if (delays.empty()) {
        return microseconds(0);
    }
    std::vector<microseconds> sorted;
    for (const AppliedDelay& applied : delays) {
        sorted.push_back(applied.delay);
    }
    const auto last = static_cast<double>(sorted.size() - 1);
    const auto nth = sorted.begin() + static_cast<std::ptrdiff_t>(share * last);
    std::nth_element(sorted.begin(), nth, sorted.end());
    return *nth;
}

}  // namespace cxedge::test
