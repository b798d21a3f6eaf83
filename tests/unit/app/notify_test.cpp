// SPDX-License-Identifier: Apache-2.0
// What a service manager hears of the agent.
#include "agent/app/notify.hpp"

#include <cstddef>
#include <cstdlib>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::app {
namespace {

// A variable of the environment that is gone again with the object.
class Variable {
public:
    Variable(const char* name, const std::string& text) : name_(name) {
        ::setenv(name, text.c_str(), 1);
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() { ::unsetenv(name_); }

private:
    const char* name_;
};

class Supervisor {
public:
    // `path` as in NOTIFY_SOCKET: "@name" is abstract.
    explicit Supervisor(const std::string& path)
        : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
          variable_("NOTIFY_SOCKET", path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path);
        if (path.front() == '@') {
            address.sun_path[0] = '\0';
        }
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
        REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
    }
    [[nodiscard]] std::string hears() const {
        char text[256];
        const ssize_t got = ::recv(socket_.get(), text, sizeof text, 0);
        return got < 0 ? "" : std::string(text, static_cast<std::size_t>(got));
    }

private:
    UniqueFd socket_;
    Variable variable_;
};

}  // namespace

TEST_CASE("notify: what is told to the service manager", "[app]") {
    const test::TempDir dir;
    for (const std::string& path :
         {dir.file("notify"), "@cxedge-notify-test-" + std::to_string(::getpid())}) {
        const Supervisor manager(path);
        notify_ready("3 sources");
        CHECK(manager.hears() == "READY=1\nSTATUS=3 sources");
        notify_watchdog();
        CHECK(manager.hears() == "WATCHDOG=1");
        notify_stopping();
        CHECK(manager.hears().rfind("STOPPING=1\n", 0) == 0);
    }
}

TEST_CASE("notify: nobody to tell, or somebody who is gone", "[app]") {
    ::unsetenv("NOTIFY_SOCKET");
    notify_ready("x");
    const Variable nowhere("NOTIFY_SOCKET", "/nowhere/notify");
    notify_ready("x");
    const Variable endless("NOTIFY_SOCKET", "/" + std::string(200, 'x'));
    notify_ready("x");
    CHECK(watchdog_period().count() == 0);
}

TEST_CASE("notify: the watchdog is fed twice as often as it must be", "[app]") {
    const Variable period("WATCHDOG_USEC", "30000000");
    CHECK(watchdog_period() == std::chrono::seconds(15));
    {
        const Variable ours("WATCHDOG_PID", std::to_string(::getpid()));
        CHECK(watchdog_period() == std::chrono::seconds(15));
    }
    {
        const Variable other("WATCHDOG_PID", "1");
        CHECK(watchdog_period().count() == 0);
    }
    const Variable nonsense("WATCHDOG_USEC", "often");
    CHECK(watchdog_period().count() == 0);
}

}  // namespace cxedge::app
