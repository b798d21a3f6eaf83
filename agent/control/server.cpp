// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <sys/stat.h>

#include "agent/control/control.hpp"
#include "agent/control/session.hpp"
#include "agent/control/unix_socket.hpp"

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

int bind_to(const UniqueFd& socket, const sockaddr_un& address) {
    const auto* generic =
        reinterpret_cast<const sockaddr*>(&address);  // the sockets API's own cast
    return ::bind(socket.get(), generic, sizeof(address)) == 0 ? 0 : errno;
}

// Makes room where an agent that is gone left its socket; refuses to take one that is answered or
// a file that is no socket.
Status remove_stale(const std::string& path, const sockaddr_un& address) {
    FileId before;
    if (!file_id(path, before)) {
        return unavailable(path + " exists and is not a socket");
    }
    auto probe = stream_socket(SOCK_NONBLOCK);
    if (!probe) {
        return probe.error();
    }
    if (connect_to(*probe, address) != ECONNREFUSED) {
        return unavailable("another agent answers on " + path);
    }
    if (::unlink(path.c_str()) != 0) {
        return system_error("removing the stale socket " + path, errno);
    }
    return {};
}

Status bind_fresh(const UniqueFd& socket, const std::string& path, const sockaddr_un& address) {
    // The mode is set before the file exists, so that it is never wider than it ends up.
    if (::fchmod(socket.get(), kSocketMode) != 0) {
        return system_error("fchmod of the control socket", errno);
    }
    int failed = bind_to(socket, address);
    if (failed == EADDRINUSE) {
        Status room = remove_stale(path, address);
        if (!room) {
            return room;
        }
        failed = bind_to(socket, address);
    }
    if (failed != 0) {
        return system_error("control socket " + path, failed);
    }
    if (::chmod(path.c_str(), kSocketMode) != 0) {  // the umask took bits away
        return system_error("chmod " + path, errno);
    }
    return {};
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
    const auto address = socket_address(path);
    if (!address) {
        return unavailable(address.error().message);
    }
    auto socket = stream_socket(SOCK_NONBLOCK);
    if (!socket) {
        return socket.error();
    }
    const Status bound = bind_fresh(*socket, path, *address);
    if (!bound) {
        return bound.error();
    }
    if (::listen(socket->get(), SOMAXCONN) != 0) {
        return system_error("listening on " + path, errno);
    }
    std::unique_ptr<ControlServer> server =
        std::make_unique<Server>(loop, std::move(*socket), path, std::move(operations));
    return server;
}

}  // namespace cxedge::control
