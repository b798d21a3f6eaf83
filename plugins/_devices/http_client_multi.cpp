// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/http_client_multi.hpp"

#include <map>
#include <utility>

#include <curl/curl.h>

namespace cxedge::devices {

class CurlMulti::Impl {
public:
    Impl(EventLoop& loop, Events events)
        : loop_(loop), events_(std::move(events)), multi_(::curl_multi_init()) {
        ::curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Impl::on_socket);
        ::curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
        ::curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Impl::on_timer);
        ::curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() { ::curl_multi_cleanup(multi_); }

    bool add(void* easy) { return ::curl_multi_add_handle(multi_, easy) == CURLM_OK; }
    void remove(void* easy) { ::curl_multi_remove_handle(multi_, easy); }

private:
    struct Watch {
        LoopHandle readable;
        LoopHandle writable;
    };

    static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* unused) {
        static_cast<void>(easy);
        static_cast<void>(unused);
        static_cast<Impl*>(self)->watch(fd, what);
        return 0;
    }

    static int on_timer(CURLM* multi, long timeout_ms, void* self) {
        static_cast<void>(multi);
        static_cast<Impl*>(self)->set_timer(timeout_ms);
        return 0;
    }

    void watch(curl_socket_t fd, int what) {
        if (what == CURL_POLL_REMOVE) {
            watches_.erase(fd);
            return;
        }
        Watch& watch = watches_[fd];
        set(watch.readable, what != CURL_POLL_OUT, [&] {
            return loop_.when_readable(fd, [this, fd] { turn(fd, CURL_CSELECT_IN); });
        });
        set(watch.writable, what != CURL_POLL_IN, [&] {
            return loop_.when_writable(fd, [this, fd] { turn(fd, CURL_CSELECT_OUT); });
        });
    }

    template <class Begin>
    static void set(LoopHandle& handle, bool wanted, Begin begin) {
        if (wanted != static_cast<bool>(handle)) {
            handle = wanted ? begin() : LoopHandle();
        }
    }

    // libcurl asks for this from within itself: never answered at once, also not for 0 ms.
    void set_timer(long timeout_ms) {
        timer_ = timeout_ms < 0 ? LoopHandle()
                                : loop_.after(std::chrono::milliseconds(timeout_ms), [this] {
                                      turn(CURL_SOCKET_TIMEOUT, 0);
                                  });
    }

    void turn(curl_socket_t fd, int events) {
        int running = 0;
        ::curl_multi_socket_action(multi_, fd, events, &running);
        events_.turned();
        // One by one: what is called may remove transfers, and so their messages.
        int left = 0;
        while (const CURLMsg* const message = ::curl_multi_info_read(multi_, &left)) {
            if (message->msg == CURLMSG_DONE) {
                events_.ended(message->easy_handle, static_cast<int>(message->data.result));
            }
        }
    }

    EventLoop& loop_;
    Events events_;
    std::map<curl_socket_t, Watch> watches_;
    LoopHandle timer_;
    CURLM* multi_;
};

CurlMulti::CurlMulti(EventLoop& loop, Events events)
    : impl_(std::make_unique<Impl>(loop, std::move(events))) {}

CurlMulti::~CurlMulti() = default;

bool CurlMulti::add(void* easy) {
    return impl_->add(easy);
}

void CurlMulti::remove(void* easy) {
    impl_->remove(easy);
}

}  // namespace cxedge::devices
