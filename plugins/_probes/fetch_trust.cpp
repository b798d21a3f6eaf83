// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/fetch_trust.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <utility>

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/stat.h>

namespace cxedge::probes {
namespace {

struct FreeStore {
    void operator()(X509_STORE* store) const { ::X509_STORE_free(store); }
};
using Store = std::unique_ptr<X509_STORE, FreeStore>;

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
    Store store(::X509_STORE_new());
    if (!store ||
        ::X509_STORE_load_locations(store.get(), or_null(file), or_null(directory)) != 1) {
        return nullptr;
    }
    return store;
}

// One a file, for the life of the process; read again when it changes.
class StoreShelf {
public:
    X509_STORE* find(const std::string& file, const std::string& directory) {
        const std::lock_guard lock(mutex_);
        const FileState now = file_state(file);
        Kept& kept = kept_[{file, directory}];
        if (!kept.store || kept.read_from != now) {
            kept = {read_store(file, directory), now};
        }
        return kept.store.get();
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

std::string default_path(CURL* easy, CURLINFO which) {
    const char* path = nullptr;
    ::curl_easy_getinfo(easy, which, &path);
    return path == nullptr ? std::string() : path;
}

}  // namespace

void* trusted_store(void* easy, const std::string& ca_file) {
    if (!ca_file.empty()) {
        return shelf().find(ca_file, {});
    }
    return shelf().find(default_path(easy, CURLINFO_CAINFO), default_path(easy, CURLINFO_CAPATH));
}

void trust(void* context, void* store) {
    ::SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(context), static_cast<X509_STORE*>(store));
}

}  // namespace cxedge::probes
