// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/tls_session.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <stdexcept>
#include <tuple>

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "agent/base/clock.hpp"

#include "plugins/_probes/address.hpp"

namespace cxedge::probes {
namespace {

constexpr std::size_t kMostAtOnce = 16'384;  // a record's text (RFC 8446 section 5.1)

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Ssl = std::unique_ptr<SSL, decltype(&SSL_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Names = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;

int protocol_of(const std::string& version) {
    static const std::map<std::string, int> kProtocols{
        {"1.0", TLS1_VERSION},
        {"1.1", TLS1_1_VERSION},
        {"1.2", TLS1_2_VERSION},
        {"1.3", TLS1_3_VERSION}};
    return kProtocols.at(version);
}

// The latest error of the library, without its file and line; empties its list.
std::string library_words() {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "unknown reason" : reason;
}

std::int64_t unix_time(const ASN1_TIME* time) {
    const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> epoch(
        ASN1_TIME_set(nullptr, 0), ASN1_TIME_free
    );
    int days = 0;
    int seconds = 0;
    constexpr std::int64_t kSecondsADay = 86'400;
    return epoch && ASN1_TIME_diff(&days, &seconds, epoch.get(), time) == 1
               ? days * kSecondsADay + seconds
               : 0;
}

std::string day_of(const ASN1_TIME* time) {
    return iso8601(from_unix_ms(unix_time(time) * 1000));
}

std::string printed(const X509_NAME* name) {
    const Bio text(BIO_new(BIO_s_mem()), BIO_free);
    X509_NAME_print_ex(text.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(text.get(), &bytes);
    return size > 0 ? std::string(bytes, static_cast<std::size_t>(size)) : std::string();
}

// The common name, or all of it where there is none.
std::string short_name(const X509_NAME* name) {
    std::array<char, 256> text{};
    const int size = X509_NAME_get_text_by_NID(
        const_cast<X509_NAME*>(name),  // NOLINT(cppcoreguidelines-pro-type-const-cast): OpenSSL 3.0
        NID_commonName,
        text.data(),
        static_cast<int>(text.size())
    );
    return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : printed(name);
}

std::string subject_of(const X509* certificate) {
    return short_name(X509_get_subject_name(certificate));
}

std::string issuer_of(const X509* certificate) {
    return short_name(X509_get_issuer_name(certificate));
}

std::string text_of_name(const GENERAL_NAME* name) {
    if (name->type != GEN_DNS) {
        return {};
    }
    const unsigned char* const bytes = ASN1_STRING_get0_data(name->d.dNSName);
    return {
        reinterpret_cast<const char*>(bytes),
        static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))};
}

// Some of the names that it is for.
std::string names_of(const X509* certificate) {
    constexpr int kMostNames = 3;
    const Names names(
        static_cast<GENERAL_NAMES*>(
            X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)
        ),
        GENERAL_NAMES_free
    );
    std::string all;
    for (int i = 0; i < std::min(sk_GENERAL_NAME_num(names.get()), kMostNames); ++i) {
        const std::string one = text_of_name(sk_GENERAL_NAME_value(names.get(), i));
        all += (all.empty() || one.empty() ? "" : ", ") + one;
    }
    return all.empty() ? subject_of(certificate) : all;
}

// Something wrong with a certificate.
struct Fault {
    bool of_age = false;
    std::string text;
};

Fault fault_of(int error, const X509* certificate, const std::string& host) {
    switch (error) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return {
                true,
                fmt::format(
                    "the certificate of {} ran out at {}",
                    subject_of(certificate),
                    day_of(X509_get0_notAfter(certificate))
                )};
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return {
                true,
                fmt::format(
                    "the certificate of {} is valid from {} only; is the box's clock right?",
                    subject_of(certificate),
                    day_of(X509_get0_notBefore(certificate))
                )};
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return {
                false,
                fmt::format("the certificate is for {}, not for {}", names_of(certificate), host)};
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return {false, "the certificate is self-signed, and not trusted here (ca_file)"};
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            return {
                false,
                fmt::format(
                    "the issuer {} is not trusted here (ca_file)", subject_of(certificate)
                )};
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
            return {
                false,
                fmt::format(
                    "the issuer {} is unknown here (ca_file), or the server does not send all of "
                    "its chain",
                    issuer_of(certificate)
                )};
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
            return {
                false,
                fmt::format(
                    "the signature of {} is not that of the issuer known here under this name",
                    subject_of(certificate)
                )};
        default:
            return {false, X509_verify_cert_error_string(error)};
    }
}

// That the issuer is unknown is said already.
bool follows_from_another(int error) {
    return error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE ||
           error == X509_V_ERR_CERT_UNTRUSTED;
}

// What OpenSSL calls while it looks at certificates.
struct Findings {
    std::string host;
    std::vector<Fault> faults;
};

int note_fault(int good, X509_STORE_CTX* store) {
    if (good == 1) {
        return 1;
    }
    const auto* const ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* const findings = static_cast<Findings*>(SSL_get_app_data(ssl));
    const int error = X509_STORE_CTX_get_error(store);
    if (!follows_from_another(error)) {
        Fault fault = fault_of(error, X509_STORE_CTX_get_current_cert(store), findings->host);
        const bool known =
            std::any_of(findings->faults.begin(), findings->faults.end(), [&](const Fault& other) {
                return other.text == fault.text;
            });
        if (!known) {
            findings->faults.push_back(std::move(fault));
        }
    }
    return 1;  // on: what else is wrong, and how long it takes
}

bool holds(const STACK_OF(X509) * chain, const X509* certificate) {
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        if (X509_cmp(sk_X509_value(chain, i), certificate) == 0) {
            return true;
        }
    }
    return false;
}

// Lengths before each name (RFC 7301 section 3.1).
std::string alpn_wire(const std::vector<std::string>& protocols) {
    std::string wire;
    for (const std::string& each : protocols) {
        wire += static_cast<char>(each.size());
        wire += each;
    }
    return wire;
}

// A file's state: another one when it was written or replaced.
using FileMark = std::tuple<dev_t, ino_t, off_t, std::int64_t, std::int64_t>;
FileMark mark_of(const std::string& path) {
    struct stat state {};
    if (::stat(path.c_str(), &state) != 0) {
        return {};
    }
    return {state.st_dev, state.st_ino, state.st_size, state.st_mtim.tv_sec, state.st_mtim.tv_nsec};
}

}  // namespace

const std::vector<std::string>& tls_versions() {
    static const std::vector<std::string> kVersions{"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
    return kVersions;
}

// ---- TlsTrust

class TlsTrust::Impl {
public:
    Impl(std::string ca_file, int protocol) : ca_file_(std::move(ca_file)), protocol_(protocol) {}

    const std::string& refresh() {
        const FileMark mark = ca_file_.empty() ? FileMark() : mark_of(ca_file_);
        if (!context_ || mark != mark_) {
            mark_ = mark;
            load();
        }
        return problem_;
    }
    [[nodiscard]] SSL_CTX* context() const { return context_.get(); }
    [[nodiscard]] const std::string& problem() const { return problem_; }

private:
    void load() {
        context_.reset(SSL_CTX_new(TLS_client_method()));
        if (!context_) {
            throw std::runtime_error("OpenSSL: " + library_words());
        }
        if (protocol_ < TLS1_2_VERSION) {
            SSL_CTX_set_security_level(context_.get(), 0);
        }
        SSL_CTX_set_min_proto_version(context_.get(), protocol_);
        SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
        SSL_CTX_set_mode(context_.get(), SSL_MODE_RELEASE_BUFFERS);
        load_trusted();
    }

    void load_trusted() {
        const bool loaded = ca_file_.empty()
                                ? SSL_CTX_set_default_verify_paths(context_.get()) == 1
                                : SSL_CTX_load_verify_file(context_.get(), ca_file_.c_str()) == 1;
        problem_ = loaded ? "" : "ca_file " + ca_file_ + " cannot be read: " + library_words();
    }

    std::string ca_file_;
    int protocol_;
    Context context_{nullptr, SSL_CTX_free};
    FileMark mark_;
    std::string problem_;
};

TlsTrust::TlsTrust(std::string ca_file, const std::string& min_version)
    : impl_(std::make_unique<Impl>(std::move(ca_file), protocol_of(min_version))) {
    refresh();
}

TlsTrust::~TlsTrust() = default;

const std::string& TlsTrust::refresh() {
    return impl_->refresh();
}

// ---- TlsSession

class TlsSession::Impl {
public:
    Impl(const TlsTrust::Impl& trust, const TlsName& name)
        : ssl_(SSL_new(trust.context()), SSL_free), trust_problem_(trust.problem()) {
        BIO* const in = BIO_new(BIO_s_mem());
        BIO* const out = BIO_new(BIO_s_mem());
        if (!ssl_ || in == nullptr || out == nullptr) {
            BIO_free(in);
            BIO_free(out);
            throw std::runtime_error("OpenSSL: " + library_words());
        }
        BIO_set_mem_eof_return(in, -1);  // nothing there yet, not the end
        SSL_set_bio(ssl_.get(), in, out);
        findings_.host = name.host;
        SSL_set_app_data(ssl_.get(), &findings_);
        SSL_set_verify(ssl_.get(), SSL_VERIFY_NONE, note_fault);
        set_name(name);
    }

    State advance() {
        if (state_ != State::handshaking) {
            return state_;
        }
        ERR_clear_error();
        const int done = SSL_connect(ssl_.get());
        if (done == 1) {
            return state_ = State::open;
        }
        const int reason = SSL_get_error(ssl_.get(), done);
        if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) {
            error_ = handshake_words();
            state_ = State::failed;
        }
        return state_;
    }

    void feed(std::string_view bytes) {
        BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
    }

    std::string take() {
        BIO* const out = SSL_get_wbio(ssl_.get());
        std::string bytes(BIO_ctrl_pending(out), '\0');
        const int got = BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
        bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return bytes;
    }

    bool write(std::string_view text) {
        ERR_clear_error();
        return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) > 0;
    }

    // False also where the server says good-bye: nothing more will come.
    bool read(std::string& text) {
        std::array<char, kMostAtOnce> chunk{};
        ERR_clear_error();
        int got = SSL_read(ssl_.get(), chunk.data(), static_cast<int>(chunk.size()));
        while (got > 0) {
            text.append(chunk.data(), static_cast<std::size_t>(got));
            got = SSL_read(ssl_.get(), chunk.data(), static_cast<int>(chunk.size()));
        }
        const int reason = SSL_get_error(ssl_.get(), got);
        return reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE;
    }

    [[nodiscard]] const std::string& error() const { return error_; }

    [[nodiscard]] TlsPeer peer() const {
        TlsPeer peer;
        peer.version = SSL_get_version(ssl_.get());
        peer.cipher = SSL_get_cipher_name(ssl_.get());
        peer.group = group();
        const unsigned char* alpn = nullptr;
        unsigned int alpn_size = 0;
        SSL_get0_alpn_selected(ssl_.get(), &alpn, &alpn_size);
        peer.alpn.assign(alpn, alpn + alpn_size);
        if (const X509* const leaf = SSL_get0_peer_certificate(ssl_.get())) {
            peer.subject = printed(X509_get_subject_name(leaf));
            peer.issuer = issuer_of(leaf);
            peer.leaf_expires = unix_time(X509_get0_notAfter(leaf));
            peer.chain_expires = std::min(peer.leaf_expires, chain_expires());
        }
        return peer;
    }

    [[nodiscard]] TlsVerdict verdict() const {
        TlsVerdict verdict;
        bool other = !trust_problem_.empty();
        verdict.detail = trust_problem_;
        for (const Fault& fault : findings_.faults) {
            other = other || !fault.of_age;
            verdict.detail += (verdict.detail.empty() ? "" : "; ") + fault.text;
        }
        if (!verdict.detail.empty()) {
            verdict.result = other ? ProbeResult::tls_error : ProbeResult::cert_expired;
        }
        return verdict;
    }

private:
    void set_name(const TlsName& name) {
        X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl_.get());
        if (Address::parse(name.host)) {
            X509_VERIFY_PARAM_set1_ip_asc(wanted, name.host.c_str());
        } else {
            std::string host = name.host.substr(0, name.host.find_last_not_of('.') + 1);
            SSL_ctrl(
                ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data()
            );
            X509_VERIFY_PARAM_set1_host(wanted, host.c_str(), host.size());
        }
        const std::string alpn = alpn_wire(name.alpn);
        if (!alpn.empty()) {
            SSL_set_alpn_protos(
                ssl_.get(),
                reinterpret_cast<const unsigned char*>(alpn.data()),
                static_cast<unsigned int>(alpn.size())
            );
        }
    }

    [[nodiscard]] std::string handshake_words() const {
        const unsigned long code = ERR_peek_last_error();
        const int reason = ERR_GET_REASON(code);
        const bool of_ssl = ERR_GET_LIB(code) == ERR_LIB_SSL;
        if (of_ssl && (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST)) {
            ERR_clear_error();
            return "what answers there does not speak TLS";
        }
        if (of_ssl && reason == SSL_R_UNSUPPORTED_PROTOCOL) {
            ERR_clear_error();
            return "the server only speaks versions of TLS older than min_version";
        }
        return "the handshake failed: " + library_words();
    }

    [[nodiscard]] std::string group() const {
        const auto id = static_cast<int>(SSL_get_negotiated_group(ssl_.get()));
        const char* const name = id == 0 ? nullptr : SSL_group_to_name(ssl_.get(), id);
        return name == nullptr ? "" : name;
    }

    [[nodiscard]] std::int64_t chain_expires() const {
        const STACK_OF(X509)* const sent = SSL_get_peer_cert_chain(ssl_.get());
        const STACK_OF(X509)* const used = SSL_get0_verified_chain(ssl_.get());
        const bool trusted =
            used != nullptr &&
            std::all_of(findings_.faults.begin(), findings_.faults.end(), [](const Fault& fault) {
                return fault.of_age;
            });
        std::int64_t first = std::numeric_limits<std::int64_t>::max();
        for (int i = 0; i < sk_X509_num(sent); ++i) {
            const X509* const each = sk_X509_value(sent, i);
            if (!trusted || holds(used, each)) {
                first = std::min(first, unix_time(X509_get0_notAfter(each)));
            }
        }
        return first;
    }

    Findings findings_;
    Ssl ssl_;
    std::string trust_problem_;
    State state_ = State::handshaking;
    std::string error_;
};

TlsSession::TlsSession(const TlsTrust& trust, const TlsName& name)
    : impl_(std::make_unique<Impl>(trust.impl(), name)) {}

TlsSession::~TlsSession() = default;

TlsSession::State TlsSession::advance() {
    return impl_->advance();
}

void TlsSession::feed(std::string_view bytes) {
    impl_->feed(bytes);
}

std::string TlsSession::take() {
    return impl_->take();
}

bool TlsSession::write(std::string_view text) {
    return impl_->write(text);
}

bool TlsSession::read(std::string& text) {
    return impl_->read(text);
}

const std::string& TlsSession::error() const {
    return impl_->error();
}

TlsPeer TlsSession::peer() const {
    return impl_->peer();
}

TlsVerdict TlsSession::verdict() const {
    return impl_->verdict();
}

}  // namespace cxedge::probes
