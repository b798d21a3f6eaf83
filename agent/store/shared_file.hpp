// SPDX-License-Identifier: Apache-2.0
// A file of fixed size, mapped MAP_SHARED: what the process stored there is there for the next one,
// whatever ended the first. Thread: the owner decides.
#pragma once

#include <cstddef>
#include <string>

#include "agent/base/result.hpp"

namespace cxedge::store {

class SharedFile {
public:
    // Opens or creates `path` (mode 0600) with exactly `bytes`, all of them allocated: a full file
    // system is an error here and never a SIGBUS later. `fresh`: what it held is dropped.
    static Result<SharedFile> open(const std::string& path, std::size_t bytes, bool fresh);
    // An open file of at least `bytes`, as it is; the descriptor stays the caller's.
    static Result<SharedFile> map(int file, std::size_t bytes);
    // The size of `path`; 0 when there is no such regular file.
    static std::size_t size_of(const std::string& path);
    // Memory of the process only, for when there is no usable file.
    static Result<SharedFile> anonymous(std::size_t bytes);

    SharedFile() = default;
    SharedFile(SharedFile&& other) noexcept;
    SharedFile& operator=(SharedFile&& other) noexcept;
    SharedFile(const SharedFile&) = delete;
    SharedFile& operator=(const SharedFile&) = delete;
    ~SharedFile();

    [[nodiscard]] char* data() const { return data_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    // Takes its pages out of the process's memory until they are touched again; the content stays.
    void rest() const;

private:
    SharedFile(char* data, std::size_t size, bool has_file)
        : data_(data), size_(size), has_file_(has_file) {}
    char* data_ = nullptr;
    std::size_t size_ = 0;
    bool has_file_ = false;
};

}  // namespace cxedge::store
