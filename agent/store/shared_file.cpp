// SPDX-License-Identifier: Apache-2.0
#include "agent/store/shared_file.hpp"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"

namespace cxedge::store {
namespace {

Status make_size(const UniqueFd& file, const std::string& path, std::size_t bytes, bool fresh) {
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) {
        return system_error(path, errno);
    }
    if (!S_ISREG(info.st_mode)) {
        return invalid_argument(path + " is not a regular file; remove it");
    }
    const auto size = static_cast<off_t>(bytes);
    const bool emptied = fresh ? ::ftruncate(file.get(), 0) == 0 : true;
    if (!emptied || ::ftruncate(file.get(), size) != 0) {
        return system_error("sizing " + path, errno);
    }
    const int refused = ::posix_fallocate(file.get(), 0, size);
    if (refused == ENOSPC) {
        return exhausted("no room for " + path + ": its file system is full");
    }
    return refused == 0 ? Status() : Status(system_error("allocating " + path, refused));
}

// Null: errno says why.
char* map_bytes(int file, std::size_t bytes, int flags) {
    void* const data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, file, 0);
    return data == MAP_FAILED ? nullptr : static_cast<char*>(data);
}

}  // namespace

Result<SharedFile> SharedFile::open(const std::string& path, std::size_t bytes, bool fresh) {
    const UniqueFd file(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kPrivateFile)
    );
    if (!file) {
        return system_error(path, errno);
    }
    if (Status sized = make_size(file, path, bytes, fresh); !sized) {
        return sized.error();
    }
    auto mapped = map(file.get(), bytes);
    return mapped ? std::move(mapped) : mapped.error().during(path);
}

Result<SharedFile> SharedFile::map(int file, std::size_t bytes) {
    char* const data = map_bytes(file, bytes, MAP_SHARED);
    return data == nullptr ? Result<SharedFile>(system_error("mapping", errno))
                           : SharedFile(data, bytes, true);
}

std::size_t SharedFile::size_of(const std::string& path) {
    struct stat info {};
    const bool regular = ::lstat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
    return regular ? static_cast<std::size_t>(info.st_size) : 0;
}

Result<SharedFile> SharedFile::anonymous(std::size_t bytes) {
    char* const data = map_bytes(-1, bytes, MAP_PRIVATE | MAP_ANONYMOUS);
    return data == nullptr ? Result<SharedFile>(system_error("mapping memory", errno))
                           : SharedFile(data, bytes, false);
}

SharedFile::SharedFile(SharedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      has_file_(other.has_file_) {}

SharedFile& SharedFile::operator=(SharedFile&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(has_file_, other.has_file_);
    return *this;
}

SharedFile::~SharedFile() {
    if (data_ != nullptr) {
        ::munmap(data_, size_);
    }
}

void SharedFile::rest() const {
    if (has_file_) {  // private pages would lose their content
        ::madvise(data_, size_, MADV_DONTNEED);
    }
}

}  // namespace cxedge::store
