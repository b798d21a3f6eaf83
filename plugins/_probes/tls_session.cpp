// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/tls_session.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <map>
#include <stdexcept>
#include <tuple>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/stat.h>

#include "agent/base/printable.hpp"
#include "agent/base/socket_address.hpp"

#include "plugins/_probes/tls_session_certificate.hpp"

namespace cxedge::probes {

// Of the certificates of one session.
struct TlsFindings {
    std::string host;
    std::vector<TlsFault> faults;
};

namespace {

constexpr std::size_t kMostAtOnce = 16'384;  // a record's text (RFC 8446 section 5.1)

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Ssl = std::unique_ptr<SSL, decltype(&SSL_free)>;

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

// That the issuer is unknown is said already.
bool follows_from_another(int error) {
    return error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE ||
           error == X509_V_ERR_CERT_UNTRUSTED;
}

// What OpenSSL calls while it looks at certificates.
int note_fault(int good, X509_STORE_CTX* store) {
    if (good == 1) {
        return 1;
    }
    const auto* const ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* const findings = static_cast<TlsFindings*>(SSL_get_app_data(ssl));
    const int error = X509_STORE_CTX_get_error(store);
    if (!follows_from_another(error)) {
        TlsFault fault = tls_fault(error, X509_STORE_CTX_get_current_cert(store), findings->host);
        const bool known = std::any_of(
            findings->faults.begin(),
            findings->faults.end(),
            [&](const TlsFault& other) { return other.text == fault.text; }
        );
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

// Where SSL_CTX_set_default_verify_paths() reads; its directory is looked at with each handshake.
std::string system_ca_file() {
    const char* const chosen = ::secure_getenv(X509_get_default_cert_file_env());
    return chosen != nullptr ? chosen : X509_get_default_cert_file();
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
        const FileMark mark = mark_of(ca_file_.empty() ? system_ca_file() : ca_file_);
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
        // What is in the file is trusted, also an authority below another (as curl --cacert does).
        X509_STORE_set_flags(SSL_CTX_get_cert_store(context_.get()), X509_V_FLAG_PARTIAL_CHAIN);
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
        const void* const alpn_bytes = alpn;
        peer.alpn = printable({static_cast<const char*>(alpn_bytes), alpn_size});
        if (const X509* const leaf = SSL_get0_peer_certificate(ssl_.get())) {
            peer.subject = full_subject_of(leaf);
            peer.issuer = issuer_of(leaf);
            peer.leaf_expires = expires_at(leaf);
            peer.chain_expires = std::min(peer.leaf_expires, chain_expires());
        }
        return peer;
    }

    [[nodiscard]] TlsVerdict verdict() const {
        TlsVerdict verdict;
        bool other = !trust_problem_.empty();
        verdict.detail = trust_problem_;
        for (const TlsFault& fault : findings_.faults) {
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
        if (SocketAddress::parse(name.host)) {
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
        // Ours of what the server has chosen, or the server's of what we have offered.
        if (of_ssl && (reason == SSL_R_UNSUPPORTED_PROTOCOL ||
                       reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION)) {
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
            used != nullptr && std::all_of(
                                   findings_.faults.begin(),
                                   findings_.faults.end(),
                                   [](const TlsFault& fault) { return fault.of_age; }
                               );
        std::int64_t first = std::numeric_limits<std::int64_t>::max();
        for (int i = 0; i < sk_X509_num(sent); ++i) {
            const X509* const each = sk_X509_value(sent, i);
            if (!trusted || holds(used, each)) {
                first = std::min(first, expires_at(each));
            }
        }
        return first;
    }

    TlsFindings findings_;
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
