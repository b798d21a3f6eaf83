// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "agent/base/unique_fd.hpp"
#include "agent/ctl/csv_lines.hpp"
#include "agent/ctl/json_lines.hpp"
#include "agent/ctl/receive_output.hpp"
#include "agent/ctl/terminal.hpp"

namespace cxedge::ctl {
namespace {

constexpr mode_t kFileMode = 0644;

Status write_at_end(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            return system_error("writing", errno);
        }
        text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return {};
}

// A new file is there after a power cut only when its directory says so.
Status sync_directory_of(const std::string& path) {
    const std::string directory = std::filesystem::path(path).parent_path().string();
    const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) {
        return system_error(directory, errno);
    }
    return {};
}

class TextOutput final : public ReceiveOutput {
public:
    explicit TextOutput(OutputFormat format) : format_(format) {
        if (format == OutputFormat::csv) {
            lines_ = std::make_unique<CsvLines>(text_);
        } else {
            lines_ = std::make_unique<JsonLines>(text_);
        }
    }

    Status open(const std::string& path, ReceiveState& state) {
        if (!path.empty()) {
            // The record must not depend on where cxctl is started.
            path_ = std::filesystem::absolute(path).lexically_normal().string();
            file_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, kFileMode));
            if (Status cut = file_ ? cut_back(state) : system_error(path_, errno); !cut) {
                return cut;
            }
        }
        if (format_ == OutputFormat::csv && bytes_ == 0) {
            text_ = CsvLines::kHeading;
        }
        return {};
    }

    void batch(const ShownBatch& batch) override { lines_->batch(batch); }

    Status settle(ReceiveState& state) override {
        if (text_.empty()) {
            return {};
        }
        const std::string text = std::exchange(text_, {});
        if (!file_) {
            const bool read = write_out(text);
            return read ? Status() : Status(unavailable("standard output: nobody reads it"));
        }
        if (const Status written = write_at_end(file_.get(), text); !written) {
            return written.error().during(path_);
        }
        if (::fdatasync(file_.get()) != 0) {
            return system_error("syncing " + path_, errno);
        }
        bytes_ += text.size();
        return state.set_output_bytes(path_, bytes_);
    }

private:
    // Removes what was written after the last commit, so that it can come again.
    Status cut_back(ReceiveState& state) {
        struct stat status {};
        if (::fstat(file_.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
            return invalid_argument(path_ + ": not a regular file");
        }
        const auto size = static_cast<std::uint64_t>(status.st_size);
        const auto good = state.output_bytes(path_);
        if (!good) {
            return good.error();
        }
        bytes_ = good->value_or(size);
        if (size == 0) {
            bytes_ = 0;  // moved away to begin a new one
        }
        if (size < bytes_) {
            return corrupt(fmt::format(
                "{}: has {} bytes, {} were written; move it away to begin a new one",
                path_,
                size,
                bytes_
            ));
        }
        if (::ftruncate(file_.get(), static_cast<off_t>(bytes_)) != 0 ||
            ::fsync(file_.get()) != 0) {
            return system_error("cutting " + path_, errno);
        }
        const Status synced = sync_directory_of(path_);
        return synced ? state.set_output_bytes(path_, bytes_) : synced;
    }

    OutputFormat format_;
    std::string path_;
    UniqueFd file_;
    std::uint64_t bytes_ = 0;
    std::string text_;  // since the last commit
    std::unique_ptr<LineWriter> lines_;
};

}  // namespace

Result<std::unique_ptr<ReceiveOutput>> open_text_output(
    const std::string& path, OutputFormat format, ReceiveState& state
) {
    auto output = std::make_unique<TextOutput>(format);
    if (const Status opened = output->open(path, state); !opened) {
        return opened.error();
    }
    return {std::move(output)};
}

}  // namespace cxedge::ctl
