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

}  // namespace

std::shared_ptr<void> trusted_store(const std::string& ca_file) {
    static const DefaultPaths kDefault = default_paths();
    return ca_file.empty() ? shelf().find(kDefault.file, kDefault.directory)
                           : shelf().find(ca_file, {});
}

void trust(void* context, void* store) {
    ::SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(context), static_cast<X509_STORE*>(store));
}

}  // namespace cxedge::probes
