// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_throughput/ndt7_flow.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <openssl/rand.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plugins/_devices/http_client_url.hpp"
#include "plugins/_probes/tcp_counters.hpp"

namespace cxedge::plugins::throughput {
namespace {

using probes::ProbeResult;

constexpr std::string_view kNdt7 = "net.measurementlab.ndt.v7";
constexpr std::size_t kReadBytes = 65'536;
// The specification begins with messages of 8 KiB; a message at a time is in user space.
constexpr std::size_t kMessageBytes = 8'192;
constexpr std::size_t kMostUnsent = 65'536;
// Answers to pings go behind what an upload has waiting.
constexpr std::size_t kMostWithPongs = 2 * kMostUnsent;
constexpr const char* kOldestTls = "1.2";  // RFC 8996

std::string random_bytes(std::size_t size) {
    std::string bytes(size, '\0');
    auto* const begin = reinterpret_cast<unsigned char*>(bytes.data());
    static_cast<void>(::RAND_bytes(begin, static_cast<int>(size)));
    return bytes;
}

}  // namespace

std::optional<Ndt7Plan> ndt7_plan(const std::string& address, Way way) {
    if (!is_ndt7(address)) {
        return std::nullopt;
    }
    const bool secure = address.starts_with("wss:");
    const auto origin =
        devices::http_origin((secure ? "https" : "http") + address.substr(address.find(':')));
    if (!origin) {
        return std::nullopt;
    }
    return Ndt7Plan{origin->host, static_cast<std::uint16_t>(origin->port), secure, way};
}

Ndt7Flow::Ndt7Flow(
    Ndt7Plan plan,
    const ThroughputSettings& settings,
    const probes::ProbeContext& context,
    Events events
)
    : plan_(std::move(plan)),
      settings_(settings),
      context_(context),
      events_(std::move(events)),
      reader_(
          {[this](std::string_view part) { came_ += part.size(); },
           [this](WsOpcode opcode, std::string_view payload) {
               on_control(opcode, payload);
           }}
      ) {}

void Ndt7Flow::begin() {
    probes::DialRequest request;
    request.host = plan_.host;
    request.port = plan_.port;
    request.family = probes::family_of(settings_.family);
    request.timeout = events_.time_left();
    dial_.emplace(context_, std::move(request), [this](probes::Dialled dialled) {
        this->dialled(std::move(dialled));
    });
}

void Ndt7Flow::dialled(probes::Dialled dialled) {
    if (dialled.result != ProbeResult::ok) {
        end({dialled.result, dialled.step, dialled.detail});
        return;
    }
    fd_ = std::move(dialled.fd);
    address_ = dialled.address.text();
    readable_ = context_.loop.when_readable(fd_.get(), [this] { on_readable(); });
    limit_ = context_.loop.after(events_.time_left(), [this] {
        end({ProbeResult::timeout, step(), "the server did not go on in time"});
    });
    if (plan_.secure) {
        begin_tls();
    } else {
        begin_upgrade();
    }
}

void Ndt7Flow::begin_tls() {
    trust_.emplace(settings_.ca_file, kOldestTls);
    if (const std::string& wrong = trust_->refresh(); !wrong.empty()) {
        end({ProbeResult::tls_error, "tls", wrong});
        return;
    }
    tls_.emplace(*trust_, probes::TlsName{plan_.host, {}});
    static_cast<void>(take_cipher({}));
    static_cast<void>(push());
}

void Ndt7Flow::begin_upgrade() {
    key_ = websocket_key();
    const bool named_port = plan_.port != (plan_.secure ? 443 : 80);
    const bool v6 = plan_.host.find(':') != std::string::npos;
    const std::string host = (v6 ? "[" + plan_.host + "]" : plan_.host) +
                             (named_port ? ":" + std::to_string(plan_.port) : "");
    const char* const path = plan_.way == Way::down ? "/ndt/v7/download" : "/ndt/v7/upload";
    send(upgrade_request(host, path, kNdt7, key_));
}

// ---- Bytes

// False: over. What came and went is spent as the kernel counts it, and no more is allowed to be on
// its way than half of what is left.
bool Ndt7Flow::settle() {
    const auto counters = fd_ ? probes::tcp_counters(fd_.get()) : std::nullopt;
    const std::uint64_t total = counters ? counters->received + counters->sent : spent_;
    const bool within = total <= spent_ || context_.meter.spend_stream(total - spent_);
    spent_ = std::max(spent_, total);
    if (!within) {
        end({ProbeResult::capped, "transfer", "the budget of bytes or packets is used up"});
        return false;
    }
    hold_back();
    return true;
}

// The ledger is asked again when an eighth of what it said is gone.
void Ndt7Flow::hold_back() {
    const bool known = left_ && spent_ - spent_then_ <= *left_ / 8;
    if (!limited_ || known || !fd_) {
        return;
    }
    left_ = context_.meter.bytes_left();
    spent_then_ = spent_;
    limited_ = left_.has_value();
    if (left_) {
        probes::limit_ahead(fd_.get(), *left_ / 2);
    }
}

void Ndt7Flow::on_readable() {
    std::array<char, kReadBytes> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    const ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        broken(got == 0 ? 0 : errno);
        return;
    }
    const std::uint64_t before = came_;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
    if (!(tls_ ? take_cipher(bytes) : take_plain(bytes)) || !settle()) {
        return;
    }
    if (plan_.way == Way::down && came_ > before && !events_.came(came_ - before)) {
        over_ = true;
        readable_.cancel();
        return;
    }
    static_cast<void>(push());
}

bool Ndt7Flow::take_cipher(std::string_view bytes) {
    tls_->feed(bytes);
    const auto state = tls_open_ ? probes::TlsSession::State::open : tls_->advance();
    unsent_ += tls_->take();
    if (state == probes::TlsSession::State::failed) {
        end({ProbeResult::tls_error, "tls", tls_->error()});
        return false;
    }
    if (state == probes::TlsSession::State::handshaking) {
        return true;
    }
    if (!std::exchange(tls_open_, true)) {
        const probes::TlsVerdict verdict = tls_->verdict();
        if (settings_.tls_verify && verdict.result != ProbeResult::ok) {
            end({verdict.result, "tls", verdict.detail});
            return false;
        }
        begin_upgrade();
    }
    std::string plain;
    if (!tls_->read(plain)) {
        broken(0);
        return false;
    }
    return !over_ && take_plain(plain);
}

bool Ndt7Flow::take_plain(std::string_view bytes) {
    if (!open_) {
        return take_upgrade(bytes);
    }
    if (!reader_.feed(bytes)) {
        end({ProbeResult::body_mismatch, "server", reader_.problem()});
    }
    return !over_;
}

bool Ndt7Flow::take_upgrade(std::string_view bytes) {
    head_ += bytes;
    const std::size_t size = upgrade_head(head_);
    if (size == 0 && head_.size() < kLargestUpgrade) {
        return true;
    }
    const Status upgraded = check_upgrade(std::string_view(head_).substr(0, size), key_, kNdt7);
    if (!upgraded) {
        const bool answered = upgrade_status(head_) != 0;
        const auto result = answered ? ProbeResult::bad_status : ProbeResult::body_mismatch;
        end({result, "server", upgraded.error().message});
        return false;
    }
    open_ = true;
    const std::string rest = head_.substr(size);
    head_.clear();
    load_more();
    return take_plain(rest);
}

void Ndt7Flow::on_control(WsOpcode opcode, std::string_view payload) {
    // Not every ping needs an answer of its own (RFC 6455 section 5.5.3), and a server that reads
    // none of them may not fill our memory.
    if (opcode == WsOpcode::ping && unsent_.size() < kMostWithPongs) {
        send(frame(WsOpcode::pong, payload, websocket_mask()));
    } else if (opcode == WsOpcode::close) {
        server_ended();
    }
}

void Ndt7Flow::send(std::string_view plain) {
    if (!tls_) {
        unsent_ += plain;
    } else if (tls_->write(plain)) {
        unsent_ += tls_->take();
    } else {
        broken(0);
        return;
    }
    await_room();
}

void Ndt7Flow::await_room() {
    if (!writable_ && !over_) {
        writable_ = context_.loop.when_writable(fd_.get(), [this] { on_writable(); });
    }
}

void Ndt7Flow::on_writable() {
    load_more();
    if (push() && unsent_.empty() && !has_more()) {
        writable_ = {};
    }
}

// False: over.
bool Ndt7Flow::push() {
    if (over_ || unsent_.empty()) {
        return !over_;
    }
    const ssize_t sent = ::send(fd_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        broken(errno);
        return false;
    }
    unsent_.erase(0, static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
    if (!unsent_.empty()) {
        await_room();
    }
    return settle();
}

// ---- Uploads

bool Ndt7Flow::has_more() const {
    return open_ && !over_ && plan_.way == Way::up && queued_ < settings_.max_bytes();
}

void Ndt7Flow::load_more() {
    while (unsent_.size() < kMostUnsent && has_more()) {
        send(next_message());
        queued_ += kMessageBytes;
    }
}

// The payload is noise, and noise that is masked is other noise: the same serves all frames.
std::string Ndt7Flow::next_message() {
    if (noise_.empty()) {
        noise_ = random_bytes(kMessageBytes);
    }
    return frame_head(WsOpcode::binary, kMessageBytes, websocket_mask()) + noise_;
}

std::uint64_t Ndt7Flow::moved() const {
    if (plan_.way == Way::down) {
        return came_;
    }
    const std::uint64_t waiting = unsent_.size() + (fd_ ? probes::unacknowledged(fd_.get()) : 0);
    return queued_ - std::min(queued_, waiting);
}

std::uint32_t Ndt7Flow::retransmits() const {
    const auto counters = fd_ ? probes::tcp_counters(fd_.get()) : std::nullopt;
    return counters ? counters->retransmits : 0;
}

double Ndt7Flow::round_trip_s() const {
    const bool comes = fd_ && plan_.way == Way::down;
    const auto counters = comes ? probes::tcp_counters(fd_.get()) : std::nullopt;
    return counters ? std::chrono::duration<double>(counters->round_trip).count() : 0;
}

std::optional<std::uint64_t> Ndt7Flow::arrived() const {
    const bool comes = fd_ && plan_.way == Way::down;
    const auto counters = comes ? probes::tcp_counters(fd_.get()) : std::nullopt;
    return counters ? std::optional(counters->arrived) : std::nullopt;
}

// ---- Ends

// The step that is under way, once it is connected.
std::string Ndt7Flow::step() const {
    return open_ ? "transfer" : plan_.secure && !tls_open_ ? "tls" : "server";
}

// As it does after ten seconds.
void Ndt7Flow::server_ended() {
    const bool moves = moved() > 0;
    end(moves ? FlowEnd()
              : FlowEnd{ProbeResult::body_mismatch, "server", "the server moves nothing"});
}

// 0: the other side closed.
void Ndt7Flow::broken(int error) {
    if (open_ && error == 0) {
        server_ended();
        return;
    }
    const std::string why =
        error == 0 ? "the server closed the connection" : std::generic_category().message(error);
    const auto result = error == 0 ? ProbeResult::refused : probes::result_of_errno(error);
    end({result, step(), why});
}

void Ndt7Flow::end(FlowEnd how) {
    if (std::exchange(over_, true)) {
        return;
    }
    readable_.cancel();
    writable_.cancel();
    limit_.cancel();
    events_.end(std::move(how));
}

}  // namespace cxedge::plugins::throughput
