// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/credential_files.hpp"

#include <unistd.h>

#include "agent/base/durable_file.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge::remote {
namespace {

constexpr std::size_t kMaxCredentialBytes = 256U << 10U;
constexpr std::size_t kMaxSerialFile = 4096;

// Without the NUL that ends a device tree's text, and the newline of others.
std::string first_word_of(const std::string& path) {
    auto text = load_file(path, kMaxSerialFile);
    return text ? text->substr(0, text->find_first_of(std::string("\0\r\n ", 4))) : std::string();
}

}  // namespace

Result<Credential> CredentialFiles::load(const std::string& path) {
    auto pem = load_file(path, kMaxCredentialBytes);
    if (!pem) {
        return pem.error();
    }
    auto certificate = parse_certificate(*pem, *pem);
    if (!certificate) {
        return certificate.error().during(path);
    }
    if (!certificate->fits_key) {
        return corrupt(path + ": the key in it is missing, or is not the certificate's");
    }
    return Credential{std::move(*pem), std::move(*certificate)};
}

Status CredentialFiles::write(const std::string& path, const std::string& text) const {
    if (Status made = make_private_directory(directory_); !made) {
        return made;
    }
    return replace_file(path, text, kPrivateFile);
}

Result<std::string> CredentialFiles::next_key() const {
    if (auto kept = load_file(next_key_path(), kMaxCredentialBytes); kept) {
        // One that a damaged file system left unreadable cannot be asked with.
        if (make_certificate_request(*kept, "box")) {
            return kept;
        }
    }
    auto made = make_private_key();
    if (!made) {
        return made;
    }
    const Status written = write(next_key_path(), *made);
    return written ? std::move(made) : Result<std::string>(written.error());
}

Status CredentialFiles::keep_candidate(
    const std::string& certificate_pem, const std::string& key_pem
) const {
    const std::string both = certificates_of(certificate_pem) + private_key_of(key_pem);
    Status written = write(candidate(), both);
    return written ? remove_file(next_key_path()) : written;
}

Status CredentialFiles::adopt() const {
    if (auto present = load_file(node(), kMaxCredentialBytes); present) {
        if (Status kept = write(previous(), *present); !kept) {
            return kept;
        }
    }
    return move_file(candidate(), node());
}

Status CredentialFiles::fall_back() const {
    return move_file(previous(), node());
}

Status CredentialFiles::forget_previous() const {
    return remove_file(previous());
}

Status CredentialFiles::drop_candidate() const {
    return remove_file(candidate());
}

Status CredentialFiles::keep_first_desired(const std::string& envelope) const {
    return write(first_desired(), envelope);
}

std::string box_serial(const std::string& root) {
    for (const char* path : {"proc/device-tree/serial-number", "etc/machine-id"}) {
        std::string serial = first_word_of(root + path);
        if (!serial.empty()) {
            return serial;
        }
    }
    return {};
}

}  // namespace cxedge::remote
