// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/resolver.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include <ares.h>
#include <fmt/core.h>
#include <netdb.h>
#include <sys/stat.h>

namespace cxedge::probes {
namespace {

constexpr std::chrono::seconds kLongestMemory{300};
// Of one server; c-ares asks it again, and the next, for as long as the question lives.
constexpr int kTryMs = 1'000;
constexpr int kTries = 3;
// c-ares' own time-outs are looked after this often while questions are open.
constexpr std::chrono::milliseconds kTick{50};
constexpr std::size_t kMostRemembered = 4'096;

int family_number(Family family) {
    if (family == Family::v4) {
        return AF_INET;
    }
    return family == Family::v6 ? AF_INET6 : AF_UNSPEC;
}

bool fits(const SocketAddress& address, Family family) {
    return family == Family::any || (family == Family::v6) == address.is_v6();
}

Error error_of(const std::string& name, int status) {
    const std::string text = fmt::format("{}: {}", name, ::ares_strerror(status));
    const bool answered = status == ARES_ENOTFOUND || status == ARES_ENODATA ||
                          status == ARES_EBADNAME || status == ARES_ESERVICE;
    return answered ? not_found(text) : unavailable(text);
}

// The library is set up once a process and never torn down.
bool library_ready() {
    static const bool kReady = ::ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
    return kReady;
}

}  // namespace

Family family_of(std::string_view setting) {
    if (setting == "4") {
        return Family::v4;
    }
    return setting == "6" ? Family::v6 : Family::any;
}

class Resolver::Question {
public:
    std::string name;
    Family family = Family::any;
    SteadyTime asked{};
    Done done;
    LoopHandle timer;
};

class Resolver::Impl {
public:
    explicit Impl(EventLoop& loop) : loop_(loop) {}
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() {
        if (channel_ != nullptr) {
            ::ares_destroy(channel_);
        }
    }

    QuestionPtr ask(
        const std::string& name,
        Family family,
        std::chrono::milliseconds timeout,
        Done done,
        bool remember
    ) {
        auto question = std::make_shared<Question>();
        question->name = name;
        question->family = family;
        question->asked = std::chrono::steady_clock::now();
        question->done = std::move(done);
        if (const auto numeric = SocketAddress::parse(name)) {
            answer_soon(question, numeric_answer(name, *numeric, family));
        } else if (const Found* known = remember ? remembered(name, family) : nullptr) {
            answer_soon(question, *known);
        } else {
            look_up(question, timeout);
        }
        return question;
    }

private:
    struct Memory {
        Found found;
        SteadyTime until;
    };
    // What c-ares holds while it looks for an answer; the question may be gone by then.
    struct Waiting {
        Impl* impl;
        std::weak_ptr<Question> question;
    };

    static Result<Found> numeric_answer(
        const std::string& name, const SocketAddress& address, Family family
    ) {
        if (!fits(address, family)) {
            return not_found(name + " is of the other family");
        }
        return Found{{address}, {}};
    }

    const Found* remembered(const std::string& name, Family family) {
        const auto found = memory_.find({name, family});
        if (found == memory_.end() || found->second.until <= std::chrono::steady_clock::now()) {
            return nullptr;
        }
        return &found->second.found;
    }

    void answer_soon(const QuestionPtr& question, Result<Found> result) {
        const std::weak_ptr<Question> weak = question;
        question->timer = loop_.after(
            std::chrono::milliseconds(0), [weak, result = std::move(result)] { tell(weak, result); }
        );
    }

    static void tell(const std::weak_ptr<Question>& weak, const Result<Found>& result) {
        const QuestionPtr question = weak.lock();
        if (question && question->done) {
            question->timer.cancel();
            std::exchange(question->done, nullptr)(result);
        }
    }

    void look_up(const QuestionPtr& question, std::chrono::milliseconds timeout) {
        if (const int opened = open_channel(); opened != ARES_SUCCESS) {
            answer_soon(question, error_of(question->name, opened));
            return;
        }
        const std::weak_ptr<Question> weak = question;
        question->timer = loop_.after(timeout, [weak, name = question->name] {
            tell(weak, unavailable(name + ": no name server answered in time"));
        });
        ares_addrinfo_hints hints{};
        hints.ai_family = family_number(question->family);
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = ARES_AI_NOSORT;
        if (question->family == Family::any) {
            hints.ai_flags = 0;  // of two families the one that works from here comes first
        }
        if (++open_ == 1) {
            tick_ = loop_.every(kTick, [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); });
        }
        ::ares_getaddrinfo(
            channel_, question->name.c_str(), nullptr, &hints, &answered, new Waiting{this, weak}
        );
    }

    // c-ares 1.18 reads the system's name servers once; they change with DHCP, Wi-Fi and modems.
    void notice_new_servers() {
        struct stat now {};
        const bool there = ::stat("/etc/resolv.conf", &now) == 0;
        const Servers seen{there, now.st_ino, now.st_mtim.tv_sec, now.st_mtim.tv_nsec};
        if (channel_ != nullptr && open_ == 0 && seen != servers_) {
            ::ares_destroy(channel_);
            channel_ = nullptr;
            watched_.clear();
        }
        if (channel_ == nullptr) {
            servers_ = seen;
        }
    }

    int open_channel() {
        notice_new_servers();
        if (channel_ != nullptr) {
            return ARES_SUCCESS;
        }
        ares_options options{};
        options.timeout = kTryMs;
        options.tries = kTries;
        options.sock_state_cb = &socket_changed;
        options.sock_state_cb_data = this;
        const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
        return library_ready() ? ::ares_init_options(&channel_, &options, mask)
                               : ARES_ENOTINITIALIZED;
    }

    static void socket_changed(void* self, ares_socket_t fd, int readable, int writable) {
        static_cast<Impl*>(self)->watch(fd, readable != 0, writable != 0);
    }

    void watch(ares_socket_t fd, bool readable, bool writable) {
        watched_.erase(fd);
        if (!readable && !writable) {
            return;
        }
        Watch& watch = watched_[fd];
        if (readable) {
            watch.read = loop_.when_readable(fd, [this, fd] { process(fd, ARES_SOCKET_BAD); });
        }
        if (writable) {
            watch.write = loop_.when_writable(fd, [this, fd] { process(ARES_SOCKET_BAD, fd); });
        }
    }

    void process(ares_socket_t readable, ares_socket_t writable) {
        ::ares_process_fd(channel_, readable, writable);
    }

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): c-ares gives them in this order
    static void answered(void* argument, int status, int /*timeouts*/, ares_addrinfo* info) {
        const std::unique_ptr<Waiting> waiting(static_cast<Waiting*>(argument));
        const std::unique_ptr<ares_addrinfo, decltype(&::ares_freeaddrinfo)> owner(
            info, &::ares_freeaddrinfo
        );
        if (status == ARES_EDESTRUCTION) {
            return;  // the resolver ends, and with it who asked
        }
        Impl& self = *waiting->impl;
        self.close_one();
        const QuestionPtr question = waiting->question.lock();
        if (!question || !question->done) {
            return;
        }
        // By way of the loop: who is told may ask again, or end the resolver.
        self.answer_soon(question, self.result_of(*question, status, info));
    }

    void close_one() {
        if (--open_ == 0) {
            tick_.cancel();
        }
    }

    Result<Found> result_of(const Question& question, int status, const ares_addrinfo* info) {
        Found found;
        int ttl = static_cast<int>(kLongestMemory.count());
        const ares_addrinfo_node* node = info != nullptr ? info->nodes : nullptr;
        for (; node != nullptr; node = node->ai_next) {
            found.addresses.emplace_back(node->ai_addr, node->ai_addrlen);
            ttl = std::min(ttl, std::max(node->ai_ttl, 0));
        }
        if (status != ARES_SUCCESS || found.addresses.empty()) {
            return error_of(question.name, status == ARES_SUCCESS ? ARES_ENODATA : status);
        }
        const SteadyTime now = std::chrono::steady_clock::now();
        if (memory_.size() >= kMostRemembered) {
            memory_.clear();
        }
        memory_[{question.name, question.family}] = {found, now + std::chrono::seconds(ttl)};
        found.took = std::chrono::duration_cast<std::chrono::microseconds>(now - question.asked);
        return found;
    }

    struct Watch {
        LoopHandle read;
        LoopHandle write;
    };

    EventLoop& loop_;
    ares_channel channel_ = nullptr;
    std::map<ares_socket_t, Watch> watched_;
    std::map<std::pair<std::string, Family>, Memory> memory_;
    LoopHandle tick_;
    int open_ = 0;
    using Servers = std::tuple<bool, ino_t, std::int64_t, std::int64_t>;
    Servers servers_{};
};

Resolver::Resolver(EventLoop& loop) : impl_(std::make_unique<Impl>(loop)) {}
Resolver::~Resolver() = default;

Resolver::QuestionPtr Resolver::resolve(
    const std::string& name, Family family, std::chrono::milliseconds timeout, Done done
) {
    return impl_->ask(name, family, timeout, std::move(done), true);
}

Resolver::QuestionPtr Resolver::resolve_anew(
    const std::string& name, Family family, std::chrono::milliseconds timeout, Done done
) {
    return impl_->ask(name, family, timeout, std::move(done), false);
}

}  // namespace cxedge::probes
