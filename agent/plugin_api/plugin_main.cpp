// SPDX-License-Identifier: Apache-2.0
#include "agent/plugin_api/plugin_main.hpp"

#include <csignal>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/plugin_api/link_host.hpp"
#include "agent/plugin_api/source_runner.hpp"
#include "agent/wire/link_codec.hpp"

namespace cxedge {
namespace {

namespace link = wire::link;

constexpr int kLinkDescriptor = 3;
constexpr int kExitNoAgent = 64;
constexpr int kExitSettings = 65;
constexpr int kExitStart = 69;
constexpr int kExitLink = 70;
constexpr int kWelcomeTimeoutMs = 10000;

// What a plugin process never needs: new privileges, or to outlive its agent.
void drop_privileges() {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

bool is_socket(int fd) {
    int type = 0;
    socklen_t size = sizeof type;
    return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

class PluginServer {
public:
    PluginServer(std::unique_ptr<Source> source, UniqueFd socket)
        : host_(std::move(socket), loop_, clock_, [this] { finish(kExitLink); }),
          source_(std::move(source)) {}

    int run() {
        host_.send_bytes(link::encode(link::Hello{
            link::kProtocol,
            "",
            "",
            static_cast<std::uint32_t>(::getpid()),
            source_->acknowledges()}));
        const std::optional<link::Welcome> welcome = await_welcome();
        if (!welcome) {
            return kExitLink;
        }
        return serve(*welcome);
    }

private:
    std::optional<link::Welcome> await_welcome() {
        pollfd waiting{host_.socket(), POLLIN, 0};
        std::string bytes;
        if (::poll(&waiting, 1, kWelcomeTimeoutMs) != 1 || !host_.receive(bytes)) {
            return std::nullopt;
        }
        const Result<link::Frame> frame = link::decode(bytes);
        const link::Welcome* welcome = frame ? std::get_if<link::Welcome>(&*frame) : nullptr;
        return welcome != nullptr ? std::optional(*welcome) : std::nullopt;
    }

    int serve(const link::Welcome& welcome) {
        host_.set_source_name(welcome.source);
        host_.set_box(welcome.box);
        host_.set_kept(welcome.kept);
        SettingsProblems problems;
        source_->init(welcome.settings, problems);
        if (welcome.check_only) {
            host_.send_bytes(link::encode(link::Checked{problems.lines()}));
            return 0;
        }
        if (!problems.empty()) {
            say_bye(problems.error());
            return kExitSettings;
        }
        return run_source(std::chrono::milliseconds(welcome.heartbeat_ms));
    }

    int run_source(std::chrono::milliseconds heartbeat) {
        SourceRunner runner(std::move(source_), host_, [this](const Error& error) {
            say_bye(error);
            finish(kExitStart);
        });
        const LoopHandle beat = loop_.every(heartbeat, [this] { host_.heartbeat(); });
        const LoopHandle inbox = loop_.when_readable(host_.socket(), [this] { read_frames(); });
        host_.heartbeat();
        runner.start();
        if (!finished_) {
            loop_.run();
        }
        runner.stop();
        host_.flush();
        return exit_status_;
    }

    void read_frames() {
        std::string bytes;
        while (!finished_ && host_.receive(bytes)) {
            const Result<link::Frame> frame = link::decode(bytes);
            if (!frame || std::get_if<link::Bye>(&*frame) != nullptr) {
                finish(frame ? 0 : kExitLink);
            } else if (const auto* committed = std::get_if<link::Committed>(&*frame)) {
                host_.committed(committed->ticket, committed->error);
            }
        }
    }

    void say_bye(const Error& error) {
        host_.send_bytes(link::encode(link::Bye{true, error.code, error.message}));
    }

    void finish(int status) {
        if (!finished_) {
            finished_ = true;
            exit_status_ = status;
            loop_.stop();
        }
    }

    SystemClock clock_;
    EventLoop loop_;
    LinkHost host_;
    std::unique_ptr<Source> source_;
    bool finished_ = false;
    int exit_status_ = 0;
};

}  // namespace

int serve_plugin(std::unique_ptr<Source> source) {
    if (!is_socket(kLinkDescriptor)) {
        constexpr std::string_view kText =
            "this program is a cxedge plugin: cxedged starts it (see LINK.md)\n";
        return ::write(STDERR_FILENO, kText.data(), kText.size()) < 0 ? 1 : kExitNoAgent;
    }
    ::fcntl(kLinkDescriptor, F_SETFD, FD_CLOEXEC);
    drop_privileges();
    return PluginServer(std::move(source), UniqueFd(kLinkDescriptor)).run();
}

}  // namespace cxedge
