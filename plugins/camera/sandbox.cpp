// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/sandbox.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string>

#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plugins/camera/frame_source.hpp"

namespace cxedge::camera {
namespace {

// Memory, threads, time, and reading and writing what is open. Names that an architecture does not
// know are skipped; *_time64 and *64 are those of 32-bit ones. The link to cxedged is a socket that
// is open, hence send and recv.
constexpr std::string_view kAlways =
    "brk madvise mmap mmap2 mprotect mremap munmap membarrier futex futex_time64 "
    "get_robust_list set_robust_list rseq set_tid_address exit exit_group sched_yield "
    "sched_getaffinity gettid getpid getppid getuid geteuid getgid getegid getuid32 "
    "geteuid32 getgid32 getegid32 rt_sigaction rt_sigprocmask rt_sigreturn sigreturn "
    "sigaltstack restart_syscall clock_gettime clock_gettime64 clock_getres "
    "clock_getres_time64 clock_nanosleep clock_nanosleep_time64 nanosleep gettimeofday "
    "getrandom getrusage times uname sysinfo read readv pread64 write writev lseek "
    "_llseek close dup fcntl fcntl64 fstat fstat64 stat stat64 lstat lstat64 newfstatat "
    "fstatat64 statx access faccessat faccessat2 readlink readlinkat getcwd getdents64 "
    "epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2 timerfd_create "
    "timerfd_settime timerfd_settime64 timerfd_gettime timerfd_gettime64 pipe2 poll ppoll "
    "ppoll_time64 select _newselect pselect6 pselect6_time64 recv recvfrom recvmsg send "
    "sendto sendmsg getsockopt";

constexpr std::string_view kNetwork =
    "connect setsockopt getsockname getpeername shutdown sendmmsg recvmmsg";

struct Free {
    void operator()(void* filter) const { seccomp_release(filter); }
};

// A filter that is being written; remembers the first failure.
class Filter {
public:
    Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(EPERM))) {}

    void allow_all(std::string_view names) {
        while (!names.empty()) {
            const std::size_t end = std::min(names.find(' '), names.size());
            allow(std::string(names.substr(0, end)).c_str());
            names.remove_prefix(std::min(end + 1, names.size()));
        }
    }
    template <class... Conditions>
    void allow(const char* name, Conditions... conditions) {
        rule(SCMP_ACT_ALLOW, name, conditions...);
    }
    template <class... Conditions>
    void rule(std::uint32_t action, const char* name, Conditions... conditions) {
        const int call = seccomp_syscall_resolve_name(name);
        if (context_ == nullptr || call == __NR_SCMP_ERROR || problem_ != 0) {
            return;
        }
        const std::array<scmp_arg_cmp, sizeof...(conditions)> all{conditions...};
        const int code = seccomp_rule_add_array(
            context_.get(), action, call, static_cast<unsigned>(all.size()), all.data()
        );
        // A call that only other architectures have.
        problem_ = code == -EDOM ? 0 : code;
    }

    Status load() {
        if (context_ == nullptr) {
            return exhausted("sandbox: out of memory");
        }
        // All threads, also those that run already.
        seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_TSYNC, 1);
        const int code = problem_ != 0 ? problem_ : seccomp_load(context_.get());
        return code == 0 ? Status() : system_error("sandbox: seccomp", -code);
    }

private:
    std::unique_ptr<void, Free> context_;
    int problem_ = 0;
};

// The macros of seccomp.h are C99.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

// Files are read; a device is also opened for writing, which creates nothing.
void allow_opening(Filter& filter, bool device) {
    constexpr scmp_datum_t kCreates = O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY);
    const auto open_with = [&](scmp_datum_t mode) {
        filter.allow("openat", SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | kCreates, mode));
        filter.allow("open", SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE | kCreates, mode));
    };
    open_with(O_RDONLY);
    if (device) {
        open_with(O_RDWR);
        constexpr scmp_datum_t kVideo = 'V';
        filter.allow("ioctl", SCMP_A1(SCMP_CMP_MASKED_EQ, 0xFF00, kVideo << 8));
    }
}

// Threads of this process, never another process.
void allow_threads(Filter& filter) {
    filter.allow("clone", SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    // Its flags lie in memory, where a filter cannot look; libc then takes clone().
    filter.rule(SCMP_ACT_ERRNO(ENOSYS), "clone3");
    const auto own = static_cast<scmp_datum_t>(::getpid());
    filter.allow("tgkill", SCMP_A0(SCMP_CMP_EQ, own));  // abort()
    filter.allow("prctl", SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    filter.allow("prctl", SCMP_A0(SCMP_CMP_EQ, PR_SET_VMA));
    // Asking for a limit, not setting it.
    filter.allow("prlimit64", SCMP_A2(SCMP_CMP_EQ, 0));
}

void allow_network(Filter& filter) {
    filter.allow_all(kNetwork);
    for (const int family : {AF_INET, AF_INET6}) {
        filter.allow("socket", SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(family)));
    }
}

#pragma GCC diagnostic pop

Status shut_out_debuggers() {
    const rlimit none{0, 0};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || ::setrlimit(RLIMIT_CORE, &none) != 0) {
        return system_error("sandbox", errno);
    }
    return {};
}

}  // namespace

SandboxNeeds SandboxNeeds::of(std::string_view address) {
    SandboxNeeds needs;
    needs.device = address.starts_with("v4l2:");
    needs.network = is_live(address) && !needs.device;
    return needs;
}

Status enter_sandbox(const SandboxNeeds& needs) {
    if (Status closed = shut_out_debuggers(); !closed) {
        return closed;
    }
    Filter filter;
    filter.allow_all(kAlways);
    allow_opening(filter, needs.device);
    allow_threads(filter);
    if (needs.network) {
        allow_network(filter);
    }
    return filter.load();
}

}  // namespace cxedge::camera

// At its end the leak checker of a sanitizer build attaches to its own process, which the sandbox
// forbids. Its hook is asked here; in other builds nobody calls it.
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)
extern "C" int __lsan_is_turned_off() {
    return ::prctl(PR_GET_SECCOMP) != 0 ? 1 : 0;
}
