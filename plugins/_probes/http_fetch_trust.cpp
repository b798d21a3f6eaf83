// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/http_fetch_trust.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <utility>

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/stat.h>

#include "agent/base/socket_address.hpp"

#include "plugins/_probes/http_fetch_easy.hpp"

namespace cxedge::probes {
namespace {

using Store = std::shared_ptr<X509_STORE>;

// By which a file is known to be the one that was read.
using FileState = std::tuple<ino_t, off_t, time_t, long>;

FileState file_state(const std::string& path) {
    struct stat file {};
    if (path.empty() || ::stat(path.c_str(), &file) != 0) {
        return {};
    }
    return {file.st_ino, file.st_size, file.st_mtim.tv_sec, file.st_mtim.tv_nsec};
}

const char* or_null(const std::string& text) {
    return text.empty() ? nullptr : text.c_str();
}

Store read_store(const std::string& file, const std::string& directory) {
    Store store(::X509_STORE_new(), ::X509_STORE_free);
    if (!store ||
        ::X509_STORE_load_locations(store.get(), or_null(file), or_null(directory)) != 1) {
        return nullptr;
    }
    // A certificate that somebody put there is trusted, whoever signed it: so does libcurl.
    ::X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
    return store;
}

// One a file, for the life of the process; read again when it changes. Those who wait for their
// handshake keep the one before.
class StoreShelf {
public:
    Store find(const std::string& file, const std::string& directory) {
        const std::lock_guard lock(mutex_);
        const FileState now = file_state(file);
        Kept& kept = kept_[{file, directory}];
        if (!kept.store || kept.read_from != now) {
            kept = {read_store(file, directory), now};
        }
        return kept.store;
    }

private:
    struct Kept {
        Store store;
        FileState read_from;
    };
    std::mutex mutex_;
    std::map<std::pair<std::string, std::string>, Kept> kept_;
};

StoreShelf& shelf() {
    static StoreShelf shelf;
    return shelf;
}

struct DefaultPaths {
    std::string file;
    std::string directory;
};

DefaultPaths default_paths() {
    const FetchEasy easy;
    return easy ? DefaultPaths{easy.text(CURLINFO_CAINFO), easy.text(CURLINFO_CAPATH)}
                : DefaultPaths();
}

using KeptCheck = std::shared_ptr<NameCheck>;

// NOLINTNEXTLINE(readability-named-parameter,readability-function-size): CRYPTO_EX_free's
void free_check(void*, void* kept, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<KeptCheck*>(kept);  // NOLINT(cppcoreguidelines-owning-memory): OpenSSL's
}

int check_index() {
    static const int kIndex = ::SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_check);
    return kIndex;
}

NameCheck& check_of(X509_STORE_CTX* store) {
    const auto* const ssl = static_cast<SSL*>(
        ::X509_STORE_CTX_get_ex_data(store, ::SSL_get_ex_data_X509_STORE_CTX_idx())
    );
    return **static_cast<KeptCheck*>(::SSL_CTX_get_ex_data(::SSL_get_SSL_CTX(ssl), check_index()));
}

// What OpenSSL calls with each thing that it finds. A wrong name does not end it here: libcurl sees
// it again, by its own rules.
int note_name(int good, X509_STORE_CTX* store) {
    const int error = ::X509_STORE_CTX_get_error(store);
    if (good == 1 ||
        (error != X509_V_ERR_HOSTNAME_MISMATCH && error != X509_V_ERR_IP_ADDRESS_MISMATCH)) {
        return good;
    }
    check_of(store).other_name = true;
    ::X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

}  // namespace

std::shared_ptr<void> trusted_store(const std::string& ca_file) {
    static const DefaultPaths kDefault = default_paths();
    return ca_file.empty() ? shelf().find(kDefault.file, kDefault.directory)
                           : shelf().find(ca_file, {});
}

void trust(void* context, void* store) {
    ::SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(context), static_cast<X509_STORE*>(store));
}

void watch_name(void* context, std::shared_ptr<NameCheck> check) {
    auto* const of_connection = static_cast<SSL_CTX*>(context);
    const std::string host = check->host.substr(0, check->host.find_last_not_of('.') + 1);
    auto kept = std::make_unique<KeptCheck>(std::move(check));
    if (::SSL_CTX_set_ex_data(of_connection, check_index(), kept.get()) != 1) {
        return;  // then only the first fault is told
    }
    static_cast<void>(kept.release());
    X509_VERIFY_PARAM* const wanted = ::SSL_CTX_get0_param(of_connection);
    if (SocketAddress::parse(host)) {
        ::X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str());
    } else {
        ::X509_VERIFY_PARAM_set1_host(wanted, host.c_str(), host.size());
    }
    ::SSL_CTX_set_verify(of_connection, ::SSL_CTX_get_verify_mode(of_connection), note_name);
}

}  // namespace cxedge::probes
