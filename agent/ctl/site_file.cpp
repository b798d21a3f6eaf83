// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/site_file.hpp"

#include <cerrno>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"
#include "agent/ctl/files.hpp"

namespace cxedge::ctl {
namespace {

constexpr const char* kHeading =
    "# Written by cxctl setup. What else can stand here: man cxedged.toml, or examples/site.toml "
    "in\n"
    "# /usr/share/cxedge. After a change: cxctl doctor, then systemctl restart cxedged.\n";

void add_text(SettingsNode::Table& table, const char* key, const std::string& text) {
    if (!text.empty()) {
        table.emplace_back(key, SettingsNode{text, {}, {}});
    }
}

// A file that goes away with the object, unless it was given its final name.
class Draft {
public:
    explicit Draft(std::string path) : path_(std::move(path)) {}
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    ~Draft() { ::unlink(path_.c_str()); }

    [[nodiscard]] const std::string& path() const { return path_; }
    // On the disk and readable by the daemon.
    [[nodiscard]] Status write(const std::string& text) const {
        constexpr mode_t kReadableByAll = 0644;
        if (Status written = write_file(path_, text); !written) {
            return written;
        }
        const UniqueFd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
        const bool done =
            file && ::fchmod(file.get(), kReadableByAll) == 0 && ::fsync(file.get()) == 0;
        return done ? Status() : system_error(path_, errno);
    }

private:
    std::string path_;
};

// What is there becomes .old; that nothing is there is well.
Status keep_old(const std::string& path) {
    const std::string old = path + ".old";
    ::unlink(old.c_str());
    const bool kept = ::link(path.c_str(), old.c_str()) == 0 || errno == ENOENT;
    return kept ? Status() : system_error(old, errno);
}

// link(2) never replaces anything, rename(2) always does.
Status publish(const Draft& draft, const std::string& path, Existing existing) {
    if (existing == Existing::replace) {
        Status kept = keep_old(path);
        if (!kept) {
            return kept;
        }
        return ::rename(draft.path().c_str(), path.c_str()) == 0 ? Status()
                                                                 : system_error(path, errno);
    }
    if (::link(draft.path().c_str(), path.c_str()) == 0) {
        return {};
    }
    return errno == EEXIST ? file_in_the_way(path) : system_error(path, errno);
}

Status sync_directory(const std::filesystem::path& directory) {
    const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fd && ::fsync(fd.get()) == 0 ? Status() : system_error(directory.string(), errno);
}

Status make_directory(const std::filesystem::path& directory) {
    std::error_code failed;
    std::filesystem::create_directories(directory, failed);
    return failed ? system_error(directory.string(), failed.value()) : Status();
}

// Messages speak of the file by the name it is going to have.
Error renamed(Error error, const std::string& from, const std::string& to) {
    for (std::size_t at = error.message.find(from); at != std::string::npos;
         at = error.message.find(from, at + to.size())) {
        error.message.replace(at, from.size(), to);
    }
    return error;
}

}  // namespace

Error file_in_the_way(const std::string& path) {
    return invalid_argument(
        path + " is there already: --force replaces it, cxctl doctor says whether it is good"
    );
}

std::string site_file_text(const SiteFacts& facts) {
    SettingsNode::Table node;
    add_text(node, "tenant", facts.tenant);
    add_text(node, "site", facts.site);
    add_text(node, "id", facts.node);
    add_text(node, "claim_file", facts.claim_file);
    SettingsNode::Table uplink;
    add_text(uplink, "broker", facts.broker);
    add_text(uplink, "username", facts.username);
    add_text(uplink, "password_file", facts.password_file);
    add_text(uplink, "ca_file", facts.ca_file);
    add_text(uplink, "certificate_file", facts.certificate_file);
    add_text(uplink, "key_file", facts.key_file);
    SettingsNode::Table site;
    add_text(site, "profile", facts.profile);
    site.emplace_back("node", SettingsNode{std::move(node), {}, {}});
    site.emplace_back("uplink", SettingsNode{std::move(uplink), {}, {}});
    return kHeading + config::to_toml(SettingsNode{std::move(site), {}, {}});
}

Result<config::Loaded> write_site_file(
    const config::LoadOptions& place, const std::string& text, Existing existing
) {
    const std::string& path = place.site_file;
    if (existing == Existing::keep && ::access(path.c_str(), F_OK) == 0) {
        return file_in_the_way(path);
    }
    const auto directory = std::filesystem::absolute(path).parent_path();
    const Draft draft(path + ".new");
    Status prepared = make_directory(directory);
    prepared = prepared ? draft.write(text) : prepared;
    if (!prepared) {
        return prepared.error();
    }
    auto loaded = config::load({draft.path(), place.profiles_dir});
    if (!loaded) {
        return renamed(loaded.error(), draft.path(), path);
    }
    Status published = publish(draft, path, existing);
    published = published ? sync_directory(directory) : published;
    return published ? std::move(loaded) : Result<config::Loaded>(published.error());
}

}  // namespace cxedge::ctl
