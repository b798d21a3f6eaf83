// SPDX-License-Identifier: Apache-2.0
// The sandbox, tried from inside: in a child, because there is no way out of it.
#include "plugins/camera/sandbox.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <iostream>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/plugins/camera/clips.hpp"
#include "tests/plugins/camera/film.hpp"
#include "tests/plugins/camera/rtsp_server.hpp"
#include "tests/plugins/camera/worker_reports.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

using camera::SandboxNeeds;
using namespace std::chrono_literals;

namespace {

constexpr int kNoSandbox = 99;

// [seccomp]: qemu-user hands no system call filter to the kernel.
// What `act` returns in a process inside the sandbox; 128 + signal if that ended it.
int inside(const SandboxNeeds& needs, const std::function<int()>& act) {
    std::cout.flush();
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        // Not exit(): the handlers of a test program are not for the sandbox.
        ::_exit(camera::enter_sandbox(needs).ok() ? act() : kNoSandbox);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// 0 when the call worked, else errno.
int outcome(long result) {
    return result < 0 ? errno : 0;
}

const SandboxNeeds kFile{};
const SandboxNeeds kRtsp{true, false};
const SandboxNeeds kDevice{false, true};

int try_socket(int family, int type) {
    return outcome(::socket(family, type, 0));
}

// Pictures that a worker analyses until its film ends; -1: it failed.
int count_pictures(const std::string& path) {
    const SystemClock clock;
    WorkerReports reports;
    camera::CameraWorker::Job job;
    job.address = "file:" + path;
    job.options.pace = camera::Pace::fast;
    job.layout.lines = {{0.62, 0.2, 0.62, 1.0}};
    const camera::CameraWorker worker(job, clock, reports.sink());
    const auto ended = reports.next<camera::StreamEnded>(100s);
    return ended ? static_cast<int>(ended->frames) : -1;
}

}  // namespace

TEST_CASE(
    "camera: no program, process or debugger from inside the sandbox", "[camera][native][seccomp]"
) {
    for (const SandboxNeeds& needs : {kFile, kRtsp, kDevice}) {
        CHECK(inside(needs, [] {
                  std::array<char*, 1> none{nullptr};
                  return outcome(::execve("/bin/true", none.data(), none.data()));
              }) == EPERM);
        CHECK(inside(needs, [] {
                  return outcome(::syscall(SYS_execveat, -1, "/bin/true", 0, 0, 0));
              }) == EPERM);
        CHECK(inside(needs, [] {
                  const pid_t child = ::fork();
                  if (child == 0) {
                      ::_exit(0);
                  }
                  return outcome(child);
              }) == EPERM);
        CHECK(inside(needs, [] { return outcome(::ptrace(PTRACE_TRACEME, 0, 0, 0)); }) == EPERM);
        CHECK(inside(needs, [] { return outcome(::kill(::getppid(), 0)); }) == EPERM);
        CHECK(inside(needs, [] {
                  return outcome(::syscall(SYS_process_vm_readv, ::getppid(), 0, 0, 0, 0, 0));
              }) == EPERM);
        CHECK(inside(needs, [] { return outcome(::syscall(SYS_bpf, 0, 0, 0)); }) == EPERM);
    }
}

TEST_CASE(
    "camera: no file is written from inside the sandbox, any is read", "[camera][native][seccomp]"
) {
    const TempDir dir;
    const std::string old = dir.file("old");
    std::ofstream(old) << "text";
    const std::string fresh = dir.file("new");
    for (const SandboxNeeds& needs : {kFile, kRtsp}) {
        for (const int flags : {O_WRONLY, O_RDWR, O_WRONLY | O_CREAT, O_RDONLY | O_TRUNC}) {
            CAPTURE(flags);
            const int got =
                inside(needs, [&] { return outcome(::open(old.c_str(), flags, 0600)); });
            CHECK(got == EPERM);
        }
        CHECK(inside(needs, [&] {
                  return outcome(::open(fresh.c_str(), O_CREAT, 0600));
              }) == EPERM);
        CHECK(inside(needs, [&] { return outcome(::unlink(old.c_str())); }) == EPERM);
        CHECK(inside(needs, [&] {
                  return outcome(::rename(old.c_str(), fresh.c_str()));
              }) == EPERM);
        CHECK(inside(needs, [&] { return outcome(::mkdir(fresh.c_str(), 0700)); }) == EPERM);
        CHECK(inside(needs, [&] { return outcome(::truncate(old.c_str(), 0)); }) == EPERM);
        CHECK(inside(needs, [&] { return outcome(::open(old.c_str(), O_RDONLY)); }) == 0);
    }
    // A device is opened for both, but nothing is made.
    CHECK(inside(kDevice, [&] { return outcome(::open(old.c_str(), O_RDWR)); }) == 0);
    CHECK(inside(kDevice, [&] {
              return outcome(::open(fresh.c_str(), O_RDWR | O_CREAT, 0600));
          }) == EPERM);
    CHECK(inside(kDevice, [&] { return outcome(::open(old.c_str(), O_WRONLY)); }) == EPERM);
}

TEST_CASE(
    "camera: a socket only for a network camera, and never one that listens",
    "[camera][native][seccomp]"
) {
    for (const SandboxNeeds& needs : {kFile, kDevice}) {
        for (const int family : {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK, AF_PACKET}) {
            CAPTURE(family);
            CHECK(inside(needs, [&] { return try_socket(family, SOCK_DGRAM); }) == EPERM);
        }
        const int open = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        const auto connect_it = [&] {
            return outcome(::connect(open, reinterpret_cast<sockaddr*>(&address), sizeof address));
        };
        CHECK(inside(needs, connect_it) == EPERM);
        ::close(open);
    }
    CHECK(inside(kRtsp, [] { return try_socket(AF_INET, SOCK_STREAM); }) == 0);
    CHECK(inside(kRtsp, [] { return try_socket(AF_INET6, SOCK_STREAM); }) != EPERM);
    CHECK(inside(kRtsp, [] { return try_socket(AF_UNIX, SOCK_STREAM); }) == EPERM);
    CHECK(inside(kRtsp, [] { return try_socket(AF_PACKET, SOCK_RAW); }) == EPERM);
    CHECK(inside(kRtsp, [] {
              const int open = ::socket(AF_INET, SOCK_STREAM, 0);
              return outcome(::listen(open, 1));
          }) == EPERM);
}

TEST_CASE("camera: what a source may do depends on its address", "[camera]") {
    CHECK(SandboxNeeds::of("rtsp://host/a").network);
    CHECK(SandboxNeeds::of("rtsps://host/a").network);
    CHECK_FALSE(SandboxNeeds::of("rtsp://host/a").device);
    CHECK(SandboxNeeds::of("v4l2:/dev/video0").device);
    CHECK_FALSE(SandboxNeeds::of("v4l2:/dev/video0").network);
    CHECK_FALSE(SandboxNeeds::of("file:/a").network);
    CHECK_FALSE(SandboxNeeds::of("file:/a").device);
}

TEST_CASE("camera: a film is counted inside the sandbox", "[camera][native][seccomp]") {
    const TempDir dir;
    const std::string path = dir.file("film.y4m");
    write_film(path, {160, 120}, 60, [](int n, int x, int) {
        return static_cast<std::uint8_t>(x > n && x < n + 20 ? 200 : 60);
    });
    CHECK(inside(kFile, [&] { return count_pictures(path); }) == 60);
    const std::string clip = vtest_clip();
    if (clip.empty()) {
        WARN(kNoClip);
        return;
    }
    CHECK(inside(kFile, [&] { return count_pictures(clip) == 795 ? 0 : 1; }) == 0);
}

TEST_CASE(
    "camera: a network camera is counted inside the sandbox", "[camera][rtsp][native][seccomp]"
) {
    const RtspServer server;
    if (!runs(server)) {
        return;
    }
    const auto pictures = [&] {
        const SystemClock clock;
        WorkerReports reports;
        camera::CameraWorker::Job job;
        job.address = server.address();
        const camera::CameraWorker worker(job, clock, reports.sink());
        for (int i = 0; i < 10; ++i) {
            if (!reports.next<camera::FrameDone>(10s)) {
                return i;
            }
        }
        return 10;
    };
    CHECK(inside(kRtsp, pictures) == 10);
    CHECK(inside(kFile, pictures) == 0);
}

}  // namespace cxedge::test
