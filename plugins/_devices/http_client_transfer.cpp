// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/http_client_transfer.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <curl/curl.h>
#include <fmt/core.h>

#include "agent/base/freed.hpp"

#include "plugins/_devices/http_client_words.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

constexpr std::size_t kMostHeadBytes = 65'536;

using Lines = std::unique_ptr<curl_slist, Freed<&::curl_slist_free_all>>;

void append(Lines& lines, const std::string& line) {
    if (curl_slist* const longer = ::curl_slist_append(lines.get(), line.c_str())) {
        static_cast<void>(lines.release());
        lines.reset(longer);
    }
}

bool sends_type(const HttpAccess& access) {
    return std::any_of(access.headers.begin(), access.headers.end(), [](const auto& header) {
        return lower(header.first) == "content-type";
    });
}

std::string type_of_body(std::string_view body) {
    const std::string_view text = trimmed(body);
    const char first = text.empty() ? ' ' : text.front();
    if (first == '<') {
        return "Content-Type: application/xml";
    }
    return first == '{' || first == '[' ? "Content-Type: application/json"
                                        : "Content-Type: application/x-www-form-urlencoded";
}

// "HTTP/1.1 200 OK" -> 200; 0: not such a line.
int status_of(std::string_view line) {
    const std::size_t blank = line.find(' ');
    int status = 0;
    if (line.starts_with("HTTP/") && blank != std::string_view::npos) {
        std::from_chars(line.data() + blank + 1, line.data() + line.size(), status);
    }
    return status;
}

bool is_success(int status) {
    constexpr int kHundred = 100;
    return status / kHundred == 2;
}

}  // namespace

class HttpTransfer::Impl {
public:
    Impl(const HttpAccess& access, Order order) : order_(std::move(order)) {
        constexpr std::size_t kKib = 1024;
        most_bytes_ = static_cast<std::size_t>(access.max_body_kib) * kKib;
    }

private:
    friend class HttpTransfer;

    bool prepare(const HttpAccess& access) {
        // Never cleaned up: other users of libcurl in this process may still run then.
        static const CURLcode kReady = ::curl_global_init(CURL_GLOBAL_DEFAULT);
        easy_.reset(kReady == CURLE_OK ? ::curl_easy_init() : nullptr);
        if (!easy_) {
            return false;
        }
        set_basics(access);
        set_addresses();
        set_request(access);
        set_trust(access);
        set_callbacks();
        return true;
    }

    template <class Value>
    void set(CURLoption option, Value value) {
        ::curl_easy_setopt(easy_.get(), option, value);
    }

    void set_basics(const HttpAccess& access) {
        set(CURLOPT_URL, order_.url.c_str());
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_FOLLOWLOCATION, 0L);  // HttpExchange does: names, credentials
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_PROXY, "");  // not that of the environment: devices are in the store
        set(CURLOPT_TCP_KEEPALIVE, 1L);
        set(CURLOPT_USERAGENT, "cxedge");
        set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(access.connect_timeout.count()));
        if (!order_.endless) {
            set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(most_bytes_));
        }
    }

    // libcurl must not look up names itself (http_client_names.hpp).
    void set_addresses() {
        if (order_.origin.numeric) {
            return;
        }
        std::string line = fmt::format("{}:{}:", order_.origin.host, order_.origin.port);
        for (const std::string& address : order_.addresses) {
            const bool v6 = address.find(':') != std::string::npos;
            line += line.back() == ':' ? "" : ",";
            line += v6 ? fmt::format("[{}]", address) : address;
        }
        append(addresses_, line);
        set(CURLOPT_RESOLVE, addresses_.get());
    }

    void set_request(const HttpAccess& access) {
        append(headers_, "Expect:");  // many devices do not know 100-continue
        if (order_.trusted) {
            for (const auto& [name, value] : access.headers) {
                // "Name;" is how libcurl wants a header without value.
                append(headers_, fmt::format("{}{}{}", name, value.empty() ? ";" : ": ", value));
            }
        }
        if (order_.method != "GET") {
            set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(order_.body.size()));
            set(CURLOPT_POSTFIELDS, order_.body.c_str());
            set(CURLOPT_CUSTOMREQUEST, order_.method == "POST" ? nullptr : order_.method.c_str());
            if (!sends_type(access)) {
                append(headers_, type_of_body(order_.body));
            }
        }
        set(CURLOPT_HTTPHEADER, headers_.get());
        if (order_.trusted && !access.user.empty()) {
            set(CURLOPT_USERNAME, access.user.c_str());
            set(CURLOPT_PASSWORD, order_.password.c_str());
            set(CURLOPT_HTTPAUTH, static_cast<long>(ways_to_sign_in(access.auth)));
        }
    }

    static unsigned long ways_to_sign_in(const std::string& auth) {
        if (auth == "basic") {
            return CURLAUTH_BASIC;
        }
        return auth == "digest" ? CURLAUTH_DIGEST : CURLAUTH_BASIC | CURLAUTH_DIGEST;
    }

    void set_trust(const HttpAccess& access) {
        constexpr long kNameAndAll = 2;
        set(CURLOPT_SSL_VERIFYPEER, access.tls_verify ? 1L : 0L);
        set(CURLOPT_SSL_VERIFYHOST, access.tls_verify ? kNameAndAll : 0L);
        if (!access.ca_file.empty()) {
            set(CURLOPT_CAINFO, access.ca_file.c_str());
        }
    }

    void set_callbacks() {
        set(CURLOPT_WRITEFUNCTION, &Impl::on_body);
        set(CURLOPT_WRITEDATA, this);
        set(CURLOPT_HEADERFUNCTION, &Impl::on_header);
        set(CURLOPT_HEADERDATA, this);
    }

    static std::size_t on_body(char* bytes, std::size_t one, std::size_t size, void* self) {
        return static_cast<Impl*>(self)->take_body({bytes, one * size}) ? one * size : 0;
    }
    static std::size_t on_header(char* bytes, std::size_t one, std::size_t size, void* self) {
        return static_cast<Impl*>(self)->take_header({bytes, one * size}) ? one * size : 0;
    }

    // False ends the transfer. What an error page says is nobody's business.
    bool take_body(std::string_view bytes) {
        if (!is_success(status_)) {
            return false;
        }
        too_large_ = !order_.endless && bytes_.size() + bytes.size() > most_bytes_;
        if (!too_large_) {
            bytes_ += bytes;
        }
        return !too_large_;
    }

    bool take_header(std::string_view line) {
        head_bytes_ += line.size();
        if (head_bytes_ > kMostHeadBytes) {
            return false;
        }
        line = trimmed(line);
        if (const int status = status_of(line); status != 0) {  // of several: the last one counts
            status_ = status;
            complete_ = false;
            location_.clear();
            content_type_.clear();
        }
        complete_ = complete_ || line.empty();
        const std::size_t colon = std::min(line.find(':'), line.size());
        const std::string name = lower(line.substr(0, colon));
        const std::string_view value = trimmed(line.substr(std::min(colon + 1, line.size())));
        if (name == "location") {
            location_ = value;
        } else if (name == "content-type") {
            content_type_ = value;
        }
        return true;
    }

    template <class Value>
    [[nodiscard]] Value info(CURLINFO what) const {
        Value value{};
        ::curl_easy_getinfo(easy_.get(), what, &value);
        return value;
    }

    [[nodiscard]] bool connected() const {
        return info<curl_off_t>(CURLINFO_PRETRANSFER_TIME_T) > 0 || status_ != 0;
    }

    [[nodiscard]] Status outcome(int code) const {
        const std::string who = order_.origin.name();
        if (too_large_) {
            return unavailable(who + ": the answer is larger than max_body_kib");
        }
        if (head_bytes_ > kMostHeadBytes) {
            return unavailable(who + ": the answer's head has no end");
        }
        if (complete_ && !is_success(status_)) {
            return unavailable(who + ": " + words_for_status(status_));
        }
        if (code == CURLE_OK) {
            return {};
        }
        HttpEnding ending{code, 0, connected(), info<long>(CURLINFO_SSL_VERIFYRESULT)};
        ending.os_error = static_cast<int>(info<long>(CURLINFO_OS_ERRNO));
        return unavailable(who + ": " + words_for(ending));
    }

    const Order order_;
    std::size_t most_bytes_ = 0;
    Lines addresses_;
    Lines headers_;
    std::unique_ptr<CURL, Freed<&::curl_easy_cleanup>> easy_;
    std::string bytes_;
    std::string content_type_;
    std::string location_;
    std::size_t head_bytes_ = 0;
    int status_ = 0;
    bool complete_ = false;
    bool too_large_ = false;
};

HttpTransfer::HttpTransfer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpTransfer::~HttpTransfer() = default;

std::unique_ptr<HttpTransfer> HttpTransfer::make(const HttpAccess& access, Order order) {
    auto impl = std::make_unique<Impl>(access, std::move(order));
    if (!impl->prepare(access)) {
        return nullptr;
    }
    return std::unique_ptr<HttpTransfer>(new HttpTransfer(std::move(impl)));
}

void* HttpTransfer::easy() const {
    return impl_->easy_.get();
}

const HttpOrigin& HttpTransfer::origin() const {
    return impl_->order_.origin;
}

bool HttpTransfer::begun() const {
    return impl_->complete_ && is_success(impl_->status_);
}

const std::string& HttpTransfer::content_type() const {
    return impl_->content_type_;
}

std::string HttpTransfer::take_bytes() {
    return std::exchange(impl_->bytes_, {});
}

const std::string& HttpTransfer::location() const {
    return impl_->location_;
}

int HttpTransfer::status() const {
    return impl_->status_;
}

bool HttpTransfer::connected() const {
    return impl_->connected();
}

Status HttpTransfer::outcome(int code) const {
    return impl_->outcome(code);
}

}  // namespace cxedge::devices
