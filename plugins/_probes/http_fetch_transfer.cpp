// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/http_fetch_transfer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

#include <curl/curl.h>
#include <fmt/core.h>

#include "plugins/_devices/text.hpp"
#include "plugins/_probes/http_fetch_easy.hpp"
#include "plugins/_probes/http_fetch_noise.hpp"
#include "plugins/_probes/http_fetch_trust.hpp"

namespace cxedge::probes {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
using std::chrono::duration_cast;
using std::chrono::microseconds;

constexpr std::size_t kMostFetchHead = 65'536;
constexpr long kFirstFinalStatus = 200;
// Of an answer that only leads on; more than any that is meant for people.
constexpr std::uint64_t kMostRedirectBody = 65'536;

microseconds since(SteadyTime begin) {
    return duration_cast<microseconds>(std::chrono::steady_clock::now() - begin);
}

// "HTTP/1.1 200 OK" -> 200; 0: not such a line.
long status_of_line(std::string_view line) {
    const std::size_t blank = line.find(' ');
    long status = 0;
    if (line.starts_with("HTTP/") && blank != std::string_view::npos) {
        std::from_chars(line.data() + blank + 1, line.data() + line.size(), status);
    }
    return status;
}

bool leads_on(long status) {
    constexpr long kRedirects[] = {301, 302, 303, 307, 308};  // RFC 9110 15.4
    return std::find(std::begin(kRedirects), std::end(kRedirects), status) != std::end(kRedirects);
}

}  // namespace

class FetchTransfer::Impl {
public:
    Impl(
        const Shared& shared,
        std::shared_ptr<const FetchRequest> request,
        Order order,
        OnBytes on_bytes
    )
        : shared_(shared),
          request_(std::move(request)),
          order_(std::move(order)),
          on_bytes_(std::move(on_bytes)),
          name_(std::make_shared<NameCheck>(NameCheck{order_.host})) {}

    bool prepare() {
        if (!easy_) {
            return false;
        }
        set_basics();
        set_request();
        set_trust();
        set_callbacks();
        return true;
    }

private:
    friend class FetchTransfer;

    template <class Value>
    void set(CURLoption option, Value value) {
        ::curl_easy_setopt(easy_.get(), option, value);
    }

    void set_basics() {
        set(CURLOPT_URL, order_.url.c_str());
        set(CURLOPT_ERRORBUFFER, words_.data());
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_FOLLOWLOCATION, 0L);  // FetchJob does: names, times
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_PROXY, "");  // the line is tested, not a proxy of the environment
        set(CURLOPT_USERAGENT, "cxedge");
        // Shared out over the addresses, so that one that is dead leaves time for the others.
        set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(order_.timeout.count()));
        set(CURLOPT_FRESH_CONNECT, request_->new_connection || order_.alone ? 1L : 0L);
        set(CURLOPT_FORBID_REUSE, order_.alone ? 1L : 0L);
        easy_.set_addresses(order_.host, order_.port, order_.addresses);
    }

    void set_request() {
        easy_.add_header("Expect:");  // no waiting for "100 Continue": it would be in the times
        if (order_.with_headers) {
            for (const auto& [name, value] : request_->headers) {
                // "Name;" is how libcurl wants a header without value.
                easy_.add_header(
                    value.empty() ? fmt::format("{};", name) : fmt::format("{}: {}", name, value)
                );
            }
        }
        if (!request_->range.empty()) {
            set(CURLOPT_RANGE, request_->range.c_str());
        }
        set_body();
        if (order_.method == "HEAD") {
            set(CURLOPT_NOBODY, 1L);
        } else if (order_.method != (to_send_ > 0 ? "POST" : "GET")) {
            set(CURLOPT_CUSTOMREQUEST, order_.method.c_str());
        }
        easy_.use_headers();
    }

    void set_body() {
        to_send_ = order_.with_body ? size_of_body() : 0;
        const bool sends = order_.method == "POST" || order_.method == "PUT";
        if (to_send_ > 0) {
            set(CURLOPT_POST, 1L);
            set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(to_send_));
            if (!has_header("content-type")) {
                easy_.add_header("Content-Type: application/octet-stream");
            }
        } else if (sends && !has_header("content-length")) {
            easy_.add_header("Content-Length: 0");  // RFC 9110 8.6; else some answer 411
        }
    }

    [[nodiscard]] std::uint64_t size_of_body() const {
        return request_->send_bytes > 0 ? request_->send_bytes : request_->body.size();
    }

    // `name` in lower case.
    [[nodiscard]] bool has_header(std::string_view name) const {
        const auto& headers = request_->headers;
        return order_.with_headers && std::any_of(headers.begin(), headers.end(), [=](auto& each) {
                   return devices::lower(each.first) == name;
               });
    }

    void set_trust() {
        constexpr long kNameAndAll = 2;
        if (!order_.tls) {
            return;
        }
        set(CURLOPT_SSL_VERIFYPEER, request_->tls_verify ? 1L : 0L);
        set(CURLOPT_SSL_VERIFYHOST, request_->tls_verify ? kNameAndAll : 0L);
        store_ = request_->tls_verify ? trusted_store(request_->ca_file) : nullptr;
        knows_trusted_ = store_ != nullptr || !request_->tls_verify;
        // Each handshake is a whole one: what it takes is to be compared with the next run's.
        set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
        set(CURLOPT_SSL_CTX_FUNCTION, &Impl::on_handshake);
        set(CURLOPT_SSL_CTX_DATA, this);
        // Not read again by libcurl, nor remembered: it would take a store that was ours for its
        // own and have later connections trust the same, whatever they ask for.
        set(CURLOPT_CA_CACHE_TIMEOUT, 0L);
        set(CURLOPT_CAINFO, static_cast<const char*>(nullptr));
        set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }

    void set_callbacks() {
        set(CURLOPT_WRITEFUNCTION, &Impl::on_body);
        set(CURLOPT_WRITEDATA, this);
        set(CURLOPT_HEADERFUNCTION, &Impl::on_header);
        set(CURLOPT_HEADERDATA, this);
        set(CURLOPT_READFUNCTION, &Impl::on_read);
        set(CURLOPT_READDATA, this);
        set(CURLOPT_SEEKFUNCTION, &Impl::on_seek);
        set(CURLOPT_SEEKDATA, this);
        set(CURLOPT_PREREQFUNCTION, &Impl::on_request);
        set(CURLOPT_PREREQDATA, this);
        set(CURLOPT_OPENSOCKETFUNCTION, &Impl::on_open);
        set(CURLOPT_OPENSOCKETDATA, this);
        // Connections outlive the request that opened them.
        set(CURLOPT_CLOSESOCKETFUNCTION, &Impl::on_close);
        set(CURLOPT_CLOSESOCKETDATA, &shared_.sockets);
    }

    // ---- Call backs of libcurl.

    static std::size_t on_body(char* bytes, std::size_t one, std::size_t size, void* self) {
        return static_cast<Impl*>(self)->take_body({bytes, one * size}) ? one * size : 0;
    }
    static std::size_t on_header(char* bytes, std::size_t one, std::size_t size, void* self) {
        return static_cast<Impl*>(self)->take_header({bytes, one * size}) ? one * size : 0;
    }
    static std::size_t on_read(char* to, std::size_t one, std::size_t size, void* self) {
        return static_cast<Impl*>(self)->give_body(to, one * size);
    }
    static int on_seek(void* self, curl_off_t offset, int origin) {
        if (origin != SEEK_SET) {
            return CURL_SEEKFUNC_CANTSEEK;
        }
        static_cast<Impl*>(self)->sent_ = static_cast<std::uint64_t>(offset);
        return CURL_SEEKFUNC_OK;
    }
    static int on_request(void* self, char* to, char* from, int to_port, int from_port) {
        static_cast<void>(to);
        static_cast<void>(to_port);
        static_cast<Impl*>(self)->ask(from, from_port);
        return CURL_PREREQFUNC_OK;
    }
    static CURLcode on_handshake(CURL* easy, void* context, void* self) {
        static_cast<void>(easy);
        auto& impl = *static_cast<Impl*>(self);
        impl.connected_at_ = std::chrono::steady_clock::now();
        if (impl.store_ != nullptr) {
            trust(context, impl.store_.get());
            watch_name(context, impl.name_);
        }
        return impl.knows_trusted_ ? CURLE_OK : CURLE_SSL_CACERT_BADFILE;
    }
    static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address) {
        static_cast<void>(purpose);
        return static_cast<Impl*>(self)->open(*address);
    }
    static int on_close(void* sockets, curl_socket_t fd) {
        static_cast<FetchSockets*>(sockets)->close(fd);
        return 0;
    }

    curl_socket_t open(const curl_sockaddr& address) {
        fd_ = shared_.sockets.open(address.family, address.socktype, address.protocol);
        opened_at_ = opened_at_.value_or(std::chrono::steady_clock::now());
        open_error_ = fd_ < 0 ? errno : 0;
        return fd_ < 0 ? CURL_SOCKET_BAD : fd_;
    }

    // There is a connection. It need not be the one that was opened last: of several addresses the
    // first that answers wins (RFC 8305).
    void ask(std::string_view from, int port) {
        asked_at_ = std::chrono::steady_clock::now();
        open_error_ = 0;
        const bool v6 = from.find(':') != std::string_view::npos;
        fd_ = shared_.sockets.find(v6 ? AF_INET6 : AF_INET, port);
    }

    bool take_header(std::string_view line) {
        head_bytes_ += line.size();
        if (head_bytes_ > kMostFetchHead || abandoned_) {
            return false;
        }
        line = devices::trimmed(line);
        // Of several the last one counts; 1xx only say that an answer will come.
        if (const long status = status_of_line(line); status >= kFirstFinalStatus) {
            status_ = status;
            location_.clear();
            content_type_.clear();
        }
        const std::size_t colon = std::min(line.find(':'), line.size());
        const std::string name = devices::lower(line.substr(0, colon));
        const std::string_view value =
            devices::trimmed(line.substr(std::min(colon + 1, line.size())));
        if (name == "location") {
            location_ = value;
        } else if (name == "content-type") {
            content_type_ = value;
        }
        return true;
    }

    // False ends the transfer.
    bool take_body(std::string_view bytes) {
        if (abandoned_) {
            return false;
        }
        shared_.sockets.settle();
        const std::uint64_t most = request_->max_bytes;
        if (most > 0 && received_ + bytes.size() >= most) {
            bytes = bytes.substr(0, static_cast<std::size_t>(most - received_));
            enough_ = true;
        }
        received_ += bytes.size();
        if (!redirect().empty()) {
            enough_ = enough_ || received_ >= kMostRedirectBody;
        } else if (on_bytes_ && !bytes.empty()) {
            tell_bytes(bytes);
        }
        return !enough_ && !shared_.sockets.capped();
    }

    void tell_bytes(std::string_view bytes) {
        ++shared_.in_curl;
        const bool more = on_bytes_(bytes);
        --shared_.in_curl;
        enough_ = enough_ || !more || abandoned_;
    }

    std::size_t give_body(char* to, std::size_t room) {
        const std::uint64_t wanted = std::min<std::uint64_t>(room, to_send_ - sent_);
        const auto size =
            static_cast<std::size_t>(abandoned_ ? 0 : shared_.sockets.hand_over(wanted));
        if (size < wanted && size == 0) {
            return CURL_READFUNC_ABORT;
        }
        if (request_->send_bytes > 0) {
            noise_.fill(to, size);
        } else {
            request_->body.copy(to, size, static_cast<std::size_t>(sent_));
        }
        sent_ += size;
        if (sent_ == to_send_) {
            sent_at_ = std::chrono::steady_clock::now();
        }
        return size;
    }

    // ---- What came of it.

    [[nodiscard]] std::string redirect() const {
        return order_.follow && leads_on(status_) ? location_ : std::string();
    }

    [[nodiscard]] bool reused() const {
        return asked_at_ && easy_.number(CURLINFO_NUM_CONNECTS) == 0;
    }

    [[nodiscard]] std::string step() const {
        if (status_ != 0 || (asked_at_ && sent_ < to_send_)) {
            return "transfer";
        }
        if (asked_at_) {
            return "server";
        }
        return connected_at_ ? "tls" : "connect";
    }

    [[nodiscard]] FetchVerdict verdict(int code) {
        ended_ = true;
        if (enough_) {
            return {};
        }
        if (head_bytes_ > kMostFetchHead) {
            return {ProbeResult::bad_status, "server", "the head of the answer has no end"};
        }
        FetchEnding ending;
        ending.code = code;
        ending.os_error = static_cast<int>(easy_.number(CURLINFO_OS_ERRNO));
        ending.verified = easy_.number(CURLINFO_SSL_VERIFYRESULT);
        ending.step = step();
        ending.words = words_.data();
        ending.other_name = name_->other_name;
        ending.no_socket = open_error_ != 0;
        ending.os_error = ending.no_socket ? open_error_ : ending.os_error;
        return verdict_of(ending);
    }

    [[nodiscard]] std::optional<FetchProgress> progress() const {
        // libcurl tells the socket of a connection that was there before, not yet one of its own.
        const int fd = fd_ >= 0 ? fd_ : easy_.socket();
        const std::optional<TcpCounters> counters =
            asked_at_ && fd >= 0 ? tcp_counters(fd) : std::nullopt;
        if (!counters) {
            return std::nullopt;
        }
        return FetchProgress{
            sent_ - std::min(sent_, unacknowledged(fd)),
            counters->retransmits,
            counters->round_trip,
            counters->arrived};
    }

    // Time that it took to hand over the body of the request.
    [[nodiscard]] microseconds upload() const {
        if (to_send_ == 0 || !asked_at_) {
            return microseconds(0);
        }
        return duration_cast<microseconds>(
            sent_at_.value_or(std::chrono::steady_clock::now()) - *asked_at_
        );
    }

    [[nodiscard]] microseconds ended() const {
        return ended_ ? easy_.mark(CURLINFO_TOTAL_TIME_T) : since(begun_);
    }

    // libcurl's are marks since the beginning (CURLINFO_*_TIME_T); 0: not reached.
    void tell_times(FetchTimes& times) const {
        const microseconds none(0);
        const microseconds named = easy_.mark(CURLINFO_NAMELOOKUP_TIME_T);
        const microseconds connected = easy_.mark(CURLINFO_CONNECT_TIME_T);
        const microseconds shaken = easy_.mark(CURLINFO_APPCONNECT_TIME_T);
        // Of one that does not come to its end libcurl says nothing.
        if (connected == none && connected_at_ && opened_at_) {
            times.connect += duration_cast<microseconds>(*connected_at_ - *opened_at_);
        }
        const microseconds asked = easy_.mark(CURLINFO_PRETRANSFER_TIME_T);
        const microseconds answered = easy_.mark(CURLINFO_STARTTRANSFER_TIME_T);
        if (!reused()) {
            times.connect += connected > none ? std::max(none, connected - named) : none;
            times.tls += shaken > none ? std::max(none, shaken - connected) : none;
        }
        if (status_ == 0) {
            times.transfer += upload();
            return;
        }
        times.ttfb += std::max(none, answered - asked - upload());
        times.transfer += upload() + std::max(none, ended() - answered);
    }

    void tell(FetchReply& reply) const {
        tell_times(reply.times);
        reply.status = status_;
        reply.url = order_.url;
        reply.content_type = content_type_;
        reply.location = leads_on(status_) ? location_ : std::string();
        reply.received = received_;
        reply.sent = sent_;
        reply.reused = reused();
        reply.retransmits = shared_.sockets.retransmits(fd_ >= 0 ? fd_ : easy_.socket());
        reply.address = easy_.text(CURLINFO_PRIMARY_IP);
        if (reply.address.empty() && !order_.addresses.empty()) {
            reply.address = order_.addresses.front().text();
        }
    }

    const Shared shared_;
    const std::shared_ptr<const FetchRequest> request_;
    const Order order_;
    OnBytes on_bytes_;
    std::array<char, CURL_ERROR_SIZE> words_{};  // libcurl's, as long as easy_
    FetchEasy easy_;
    FetchNoise noise_;
    const SteadyTime begun_ = std::chrono::steady_clock::now();
    std::optional<SteadyTime> opened_at_;
    std::optional<SteadyTime> connected_at_;  // TCP; of https only
    std::optional<SteadyTime> asked_at_;
    std::optional<SteadyTime> sent_at_;
    std::uint64_t to_send_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t received_ = 0;
    std::size_t head_bytes_ = 0;
    long status_ = 0;
    std::string location_;
    std::string content_type_;
    int fd_ = -1;  // the last one opened; once asked_at_, that of the connection
    int open_error_ = 0;
    std::shared_ptr<NameCheck> name_;
    std::shared_ptr<void> store_;  // of OpenSSL, until the handshake has its own hold on it
    bool knows_trusted_ = true;
    bool enough_ = false;
    bool ended_ = false;
    bool abandoned_ = false;
};

FetchTransfer::FetchTransfer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FetchTransfer::~FetchTransfer() = default;

std::unique_ptr<FetchTransfer> FetchTransfer::make(
    const Shared& shared, std::shared_ptr<const FetchRequest> request, Order order, OnBytes on_bytes
) {
    auto impl =
        std::make_unique<Impl>(shared, std::move(request), std::move(order), std::move(on_bytes));
    if (!impl->prepare()) {
        return nullptr;
    }
    return std::unique_ptr<FetchTransfer>(new FetchTransfer(std::move(impl)));
}

void* FetchTransfer::easy() const {
    return impl_->easy_.get();
}

void FetchTransfer::abandon() {
    impl_->abandoned_ = true;
}

long FetchTransfer::status() const {
    return impl_->status_;
}

std::string FetchTransfer::redirect() const {
    return impl_->redirect();
}

std::optional<FetchProgress> FetchTransfer::progress() const {
    return impl_->progress();
}

std::string FetchTransfer::step() const {
    return impl_->step();
}

FetchVerdict FetchTransfer::verdict(int code) {
    return impl_->verdict(code);
}

void FetchTransfer::tell(FetchReply& reply) const {
    impl_->tell(reply);
}

}  // namespace cxedge::probes
