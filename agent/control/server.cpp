// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <sys/stat.h>

#include "agent/base/unix_socket.hpp"
#include "agent/control/control.hpp"
#include "agent/control/session.hpp"

namespace cxedge::control {
namespace {

constexpr std::size_t kMaxSessions = 32;
constexpr mode_t kSocketMode = S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP;  // 0660

// The file as it is on disk, to recognise our own later.
struct FileId {
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(const FileId&) const = default;
};

bool file_id(const std::string& path, FileId& id) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) {
        return false;
    }
    id = {found.st_dev, found.st_ino};
    return true;
}

class Server final : public ControlServer {
public:
    Server(EventLoop& loop, UniqueFd socket, std::string path, Operations operations)
        : loop_(loop),
          socket_(std::move(socket)),
          path_(std::move(path)),
          operations_(std::move(operations)) {
        ours_known_ = file_id(path_, ours_);
        readable_ = loop_.when_readable(socket_.get(), [this] { accept_one(); });
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    Server(Server&&) = delete;
    Server& operator=(Server&&) = delete;
    ~Server() override {
        FileId now;
        if (ours_known_ && file_id(path_, now) && now == ours_) {
            ::unlink(path_.c_str());
        }
    }

private:
    void accept_one() {
        UniqueFd client(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!client) {
            pause_accepting(errno);
            return;
        }
        if (sessions_.size() >= kMaxSessions) {
            const std::string refusal = error_answer("too many clients") + "\n";
            (void)::send(client.get(), refusal.data(), refusal.size(), MSG_NOSIGNAL);
            return;
        }
        const auto forget = [this](Session& session) {
            sessions_.erase(
                std::remove_if(
                    sessions_.begin(),
                    sessions_.end(),
                    [&](const auto& held) { return held.get() == &session; }
                ),
                sessions_.end()
            );
        };
        auto session = std::make_shared<Session>(loop_, std::move(client), operations_, forget);
        sessions_.push_back(session);
        session->start();
    }

    // Without descriptors to spare the client stays in the queue; asking again at once would spin.
    void pause_accepting(int failed) {
        if (failed != EMFILE && failed != ENFILE && failed != ENOMEM && failed != ENOBUFS) {
            return;
        }
        readable_ = {};
        retry_ = loop_.after(std::chrono::seconds(1), [this] {
            readable_ = loop_.when_readable(socket_.get(), [this] { accept_one(); });
        });
    }

    EventLoop& loop_;
    UniqueFd socket_;
    std::string path_;
    Operations operations_;
    FileId ours_;
    bool ours_known_ = false;
    std::vector<std::shared_ptr<Session>> sessions_;
    LoopHandle readable_;
    LoopHandle retry_;
};

}  // namespace

Result<std::unique_ptr<ControlServer>> ControlServer::listen(
    EventLoop& loop, const std::string& path, std::map<std::string, Operation> operations
) {
    auto socket = bind_unix_socket(path, SOCK_STREAM, kSocketMode);
    if (!socket) {
        return unavailable("control socket: " + socket.error().message);
    }
    if (::listen(socket->get(), SOMAXCONN) != 0) {
        return system_error("listening on " + path, errno);
    }
    std::unique_ptr<ControlServer> server =
        std::make_unique<Server>(loop, std::move(*socket), path, std::move(operations));
    return server;
}

}  // namespace cxedge::control
