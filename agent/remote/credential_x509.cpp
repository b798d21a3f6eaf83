// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/credential_x509.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "agent/base/freed.hpp"
#include "agent/base/ids.hpp"

namespace cxedge::remote {
namespace {

// A box without a battery for its clock starts at the time of its last shutdown.
constexpr std::chrono::minutes kBackdated{5};
constexpr int kSerialBytes = 16;  // RFC 5280 4.1.2.2: at most 20, and positive
// NIST SP 800-57 part 1, table 4: less is not acceptable.
constexpr int kMinSecurityBits = 112;
constexpr long kVersion3 = 2;  // of a certificate; counted from 0

using BioPtr = std::unique_ptr<BIO, Freed<&BIO_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<&X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Freed<&X509_REQ_free>>;
using DigestPtr = std::unique_ptr<EVP_MD_CTX, Freed<&EVP_MD_CTX_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Freed<&X509_STORE_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, Freed<&X509_STORE_CTX_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freed<&X509_EXTENSION_free>>;

// A key with a pass phrase is no key: nobody is there to type it.
int refuse_to_ask(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) {
    return 0;
}

BioPtr bytes_of(std::string_view text) {
    return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

X509Ptr certificate_in(std::string_view pem) {
    const BioPtr bytes = bytes_of(pem);
    return X509Ptr(PEM_read_bio_X509(bytes.get(), nullptr, &refuse_to_ask, nullptr));
}

KeyPtr key_in(std::string_view pem) {
    const BioPtr bytes = bytes_of(pem);
    return KeyPtr(PEM_read_bio_PrivateKey(bytes.get(), nullptr, &refuse_to_ask, nullptr));
}

RequestPtr request_in(std::string_view der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const auto* const begin = at;
    RequestPtr request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
    return at == begin + der.size() ? std::move(request) : nullptr;
}

// What OpenSSL had to say about its last failure, for people; its queue is then empty.
Error openssl_error(const std::string& what) {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return corrupt(reason == nullptr ? what : what + ": " + reason);
}

std::string text_of(BIO* memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string common_name_of(X509_NAME* name) {
    std::string text(256, '\0');
    int size =
        X509_NAME_get_text_by_NID(name, NID_commonName, text.data(), static_cast<int>(text.size()));
    if (size < 0) {
        X509_NAME_oneline(name, text.data(), static_cast<int>(text.size()));
        size = static_cast<int>(text.find('\0'));
    }
    text.resize(static_cast<std::size_t>(size));
    return text;
}

Result<WallTime> asn1_time(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) {
        return corrupt("has a time that cannot be read");
    }
    return from_unix_ms(std::int64_t{::timegm(&parts)} * 1000);
}

// Like asn1_time, without a time_t: that of OpenSSL may have other bits than ours
// (cross/README.md).
bool set_asn1_time(ASN1_TIME* to, WallTime time) {
    constexpr std::size_t kToSeconds = 19;  // 2026-11-23T12:00:00
    std::string text = iso8601(time).substr(0, kToSeconds);
    text.erase(
        std::remove_if(
            text.begin(), text.end(), [](char c) { return c == '-' || c == ':' || c == 'T'; }
        ),
        text.end()
    );
    return ASN1_TIME_set_string_X509(to, (text + "Z").c_str()) == 1;
}

// X509_V_OK, or what OpenSSL says of a certificate out of its time.
int time_verdict(const X509* certificate, WallTime now) {
    const auto from = asn1_time(X509_get0_notBefore(certificate));
    const auto to = asn1_time(X509_get0_notAfter(certificate));
    if (!from || now < *from) {
        return from ? X509_V_ERR_CERT_NOT_YET_VALID : X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD;
    }
    if (!to || now >= *to) {
        return to ? X509_V_ERR_CERT_HAS_EXPIRED : X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD;
    }
    return X509_V_OK;
}

// Of a whole chain: the first that is not X509_V_OK.
int time_verdict(const STACK_OF(X509) * chain, WallTime now) {
    int verdict = X509_V_OK;
    for (int i = 0; verdict == X509_V_OK && i < sk_X509_num(chain); ++i) {
        verdict = time_verdict(sk_X509_value(chain, i), now);
    }
    return verdict;
}

// SHA-256 over the SubjectPublicKeyInfo.
std::string fingerprint_of(X509_PUBKEY* key) {
    unsigned char* der = nullptr;
    const int size = i2d_X509_PUBKEY(key, &der);
    if (size <= 0) {
        return {};
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    EVP_Digest(der, static_cast<std::size_t>(size), digest.data(), &length, EVP_sha256(), nullptr);
    OPENSSL_free(der);
    return to_hex(std::string_view(reinterpret_cast<const char*>(digest.data()), length));
}

bool set_common_name(X509_NAME* name, const std::string& text) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    const int size = static_cast<int>(text.size());
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, bytes, size, -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int what, const char* value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, what, value));
    return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// RFC 5280 4.2.1: for a TLS client and nothing else.
bool add_client_extensions(X509* certificate, X509* issuer) {
    return add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
           add_extension(certificate, issuer, NID_ext_key_usage, "clientAuth") &&
           add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
           add_extension(certificate, issuer, NID_authority_key_identifier, "keyid");
}

bool set_random_serial(X509* certificate) {
    std::array<unsigned char, kSerialBytes> bytes{};
    if (RAND_bytes(bytes.data(), kSerialBytes) != 1) {
        return false;
    }
    bytes[0] &= 0x7fU;
    BIGNUM* number = BN_bin2bn(bytes.data(), kSerialBytes, nullptr);
    const bool set = number != nullptr &&
                     BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
    BN_free(number);
    return set;
}

bool set_validity(X509* certificate, WallTime now, std::chrono::seconds lifetime) {
    return set_asn1_time(X509_getm_notBefore(certificate), now - kBackdated) &&
           set_asn1_time(X509_getm_notAfter(certificate), now + lifetime);
}

template <class Write>
Result<std::string> as_text(const char* what, Write write) {
    const BioPtr memory(BIO_new(BIO_s_mem()));
    if (memory == nullptr || write(memory.get()) != 1) {
        return openssl_error(what);
    }
    return text_of(memory.get());
}

Result<StorePtr> store_of(const std::string& anchors_pem) {
    StorePtr store(X509_STORE_new());
    const BioPtr bytes = bytes_of(anchors_pem);
    int added = 0;
    for (;;) {
        const X509Ptr next(PEM_read_bio_X509(bytes.get(), nullptr, &refuse_to_ask, nullptr));
        if (next == nullptr) {
            break;
        }
        added += X509_STORE_add_cert(store.get(), next.get());
    }
    ERR_clear_error();  // the end of the text counts as one
    if (added == 0) {
        return invalid_argument("holds no certificate in PEM form");
    }
    // A certificate that is listed itself needs no issuer.
    X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
    return store;
}

// The part of a PEM text from `begin` to its matching end line; empty: none from `at` on.
std::string_view pem_block(std::string_view text, std::string_view label, std::size_t at) {
    const std::string begin = "-----BEGIN " + std::string(label) + "-----";
    const std::string end = "-----END " + std::string(label) + "-----";
    const std::size_t from = text.find(begin, at);
    const std::size_t to = from == std::string_view::npos ? from : text.find(end, from);
    return to == std::string_view::npos ? std::string_view()
                                        : text.substr(from, to + end.size() - from);
}

}  // namespace

Result<Certificate> parse_certificate(const std::string& pem, const std::string& key_pem) {
    const X509Ptr certificate = certificate_in(pem);
    if (certificate == nullptr) {
        ERR_clear_error();
        return corrupt("holds no certificate in PEM form");
    }
    const auto begin = asn1_time(X509_get0_notBefore(certificate.get()));
    const auto end = asn1_time(X509_get0_notAfter(certificate.get()));
    if (!begin || !end) {
        return begin ? end.error() : begin.error();
    }
    const KeyPtr key = key_in(key_pem);
    const bool fits = key != nullptr && X509_check_private_key(certificate.get(), key.get()) == 1;
    ERR_clear_error();
    return Certificate{
        common_name_of(X509_get_subject_name(certificate.get())),
        *begin,
        *end,
        fits,
        fingerprint_of(X509_get_X509_PUBKEY(certificate.get()))};
}

Result<std::string> make_private_key() {
    const KeyPtr key(EVP_EC_gen("P-256"));
    if (key == nullptr) {
        return openssl_error("making a key");
    }
    return as_text("writing a key", [&](BIO* out) {
        return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
}

Result<std::string> make_certificate_request(
    const std::string& key_pem, const std::string& common_name
) {
    const KeyPtr key = key_in(key_pem);
    const RequestPtr request(X509_REQ_new());
    const bool made = key != nullptr && request != nullptr &&
                      set_common_name(X509_REQ_get_subject_name(request.get()), common_name) &&
                      X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
                      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0;
    if (!made) {
        return openssl_error("making a certificate request");
    }
    return as_text("writing a certificate request", [&](BIO* out) {
        return i2d_X509_REQ_bio(out, request.get());
    });
}

Result<CertificateRequest> parse_certificate_request(std::string_view der) {
    const RequestPtr request = request_in(der);
    EVP_PKEY* key = request == nullptr ? nullptr : X509_REQ_get0_pubkey(request.get());
    if (key == nullptr) {
        return openssl_error("is no certificate request");
    }
    if (X509_REQ_verify(request.get(), key) != 1) {
        return openssl_error("is not signed by its own key");
    }
    if (EVP_PKEY_get_security_bits(key) < kMinSecurityBits) {
        return corrupt("its key is too weak");
    }
    return CertificateRequest{
        common_name_of(X509_REQ_get_subject_name(request.get())),
        fingerprint_of(X509_REQ_get_X509_PUBKEY(request.get()))};
}

Result<std::string> sign_with_key(const std::string& key_pem, std::string_view bytes) {
    const KeyPtr key = key_in(key_pem);
    const DigestPtr digest(EVP_MD_CTX_new());
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    std::size_t size = 0;
    const bool begun =
        key != nullptr && digest != nullptr &&
        EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
        EVP_DigestSign(digest.get(), nullptr, &size, data, bytes.size()) == 1;
    std::string signature(size, '\0');
    auto* out = reinterpret_cast<unsigned char*>(signature.data());
    if (!begun || EVP_DigestSign(digest.get(), out, &size, data, bytes.size()) != 1) {
        return openssl_error("signing");
    }
    signature.resize(size);
    return signature;
}

Status verify_with_certificate(
    const std::string& certificate_pem, std::string_view bytes, std::string_view signature
) {
    const X509Ptr certificate = certificate_in(certificate_pem);
    EVP_PKEY* key = certificate == nullptr ? nullptr : X509_get0_pubkey(certificate.get());
    const DigestPtr digest(EVP_MD_CTX_new());
    const bool good =
        key != nullptr && digest != nullptr &&
        EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
        EVP_DigestVerify(
            digest.get(),
            reinterpret_cast<const unsigned char*>(signature.data()),
            signature.size(),
            reinterpret_cast<const unsigned char*>(bytes.data()),
            bytes.size()
        ) == 1;
    ERR_clear_error();
    return good ? Status() : Status(corrupt("is not signed by the key of its certificate"));
}

Status check_chain(const std::string& pem, const std::string& anchors_pem, WallTime now) {
    auto store = store_of(anchors_pem);
    if (!store) {
        return store.error();
    }
    const X509Ptr certificate = certificate_in(pem);
    const StoreContextPtr context(X509_STORE_CTX_new());
    if (certificate == nullptr || context == nullptr ||
        X509_STORE_CTX_init(context.get(), store->get(), certificate.get(), nullptr) != 1) {
        return openssl_error("holds no certificate");
    }
    X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_NO_CHECK_TIME);
    const int verdict = X509_verify_cert(context.get()) == 1
                            ? time_verdict(X509_STORE_CTX_get0_chain(context.get()), now)
                            : X509_STORE_CTX_get_error(context.get());
    ERR_clear_error();
    return verdict == X509_V_OK ? Status()
                                : Status(corrupt(X509_verify_cert_error_string(verdict)));
}

Status check_issuer(const Issuer& issuer) {
    const X509Ptr certificate = certificate_in(issuer.certificate_pem);
    const KeyPtr key = key_in(issuer.key_pem);
    const bool fits = certificate != nullptr && key != nullptr &&
                      X509_check_private_key(certificate.get(), key.get()) == 1;
    ERR_clear_error();
    if (!fits) {
        return corrupt("the CA's certificate and key cannot be read, or do not belong together");
    }
    return X509_check_ca(certificate.get()) > 0
               ? Status()
               : Status(invalid_argument("the certificate is not one of a CA"));
}

Result<std::string> issue_certificate(
    const Issuer& issuer,
    std::string_view request_der,
    const std::string& common_name,
    WallTime now,
    std::chrono::seconds lifetime
) {
    const X509Ptr authority = certificate_in(issuer.certificate_pem);
    const KeyPtr authority_key = key_in(issuer.key_pem);
    const RequestPtr request = request_in(request_der);
    const X509Ptr certificate(X509_new());
    const bool readable = authority != nullptr && authority_key != nullptr && request != nullptr;
    if (!readable || certificate == nullptr) {
        return openssl_error("reading what a certificate is made of");
    }
    X509* made = certificate.get();
    const bool done = X509_set_version(made, kVersion3) == 1 && set_random_serial(made) &&
                      set_validity(made, now, lifetime) &&
                      set_common_name(X509_get_subject_name(made), common_name) &&
                      X509_set_issuer_name(made, X509_get_subject_name(authority.get())) == 1 &&
                      X509_set_pubkey(made, X509_REQ_get0_pubkey(request.get())) == 1 &&
                      add_client_extensions(made, authority.get()) &&
                      X509_sign(made, authority_key.get(), EVP_sha256()) > 0;
    if (!done) {
        return openssl_error("making a certificate");
    }
    return as_text("writing a certificate", [&](BIO* out) {
        return PEM_write_bio_X509(out, made);
    });
}

std::string certificates_of(const std::string& text) {
    std::string found;
    const std::string_view whole(text);
    std::size_t at = 0;
    for (auto block = pem_block(whole, "CERTIFICATE", at); !block.empty();
         block = pem_block(whole, "CERTIFICATE", at)) {
        found.append(block).push_back('\n');
        at = static_cast<std::size_t>(block.data() - whole.data()) + block.size();
    }
    return found;
}

std::string private_key_of(const std::string& text) {
    for (const std::string_view label : {"PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"}) {
        const std::string_view block = pem_block(text, label, 0);
        if (!block.empty()) {
            return std::string(block) + "\n";
        }
    }
    return {};
}

}  // namespace cxedge::remote
