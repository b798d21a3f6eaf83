// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/http_client_names.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <utility>

#include <netdb.h>
#include <sys/socket.h>

#include "agent/base/freed.hpp"

namespace cxedge::devices {
namespace {

constexpr std::chrono::minutes kFresh{5};
constexpr std::size_t kMostAddresses = 8;
constexpr std::size_t kMostNames = 1'024;

std::string text_of_address(const addrinfo& address) {
    std::array<char, NI_MAXHOST> text{};
    const int failed = ::getnameinfo(
        address.ai_addr,
        address.ai_addrlen,
        text.data(),
        static_cast<socklen_t>(text.size()),
        nullptr,
        0,
        NI_NUMERICHOST
    );
    return failed == 0 ? text.data() : "";
}

Error error_of_lookup(int failed) {
    return unavailable(
        failed == EAI_AGAIN ? "the name server does not answer" : "no such name in this network"
    );
}

}  // namespace

Result<std::vector<std::string>> look_up_host(const std::string& name) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* list = nullptr;
    if (const int failed = ::getaddrinfo(name.c_str(), nullptr, &hints, &list); failed != 0) {
        return error_of_lookup(failed);
    }
    const std::unique_ptr<addrinfo, Freed<&::freeaddrinfo>> owned(list);
    std::vector<std::string> addresses;
    for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
        std::string text = text_of_address(*each);
        if (!text.empty() && addresses.size() < kMostAddresses) {
            addresses.push_back(std::move(text));
        }
    }
    if (addresses.empty()) {
        return error_of_lookup(EAI_NONAME);
    }
    return addresses;
}

class HttpNames::State : public std::enable_shared_from_this<State> {
public:
    State(Host& host, HttpLookup lookup) : host_(host), lookup_(std::move(lookup)) {}

    void find(const std::string& name, Found found) {
        if (names_.size() >= kMostNames) {  // redirected to ever new names?
            std::erase_if(names_, [](const auto& each) { return !each.second.asked; });
        }
        Name& known = names_[name];
        const SteadyTime now = host_.clock().steady_now();
        if (known.addresses && !known.doubted && now - known.found < kFresh) {
            found(*known.addresses);
            return;
        }
        known.waiting.push_back(std::move(found));
        if (!std::exchange(known.asked, true)) {
            ask(name, known);
        }
    }

    void doubt(const std::string& name) { names_[name].doubted = true; }
    void give_up(const std::string& name) { names_[name].slow = true; }

    [[nodiscard]] std::optional<Addresses> last(const std::string& name) const {
        const auto known = names_.find(name);
        return known == names_.end() ? std::nullopt : known->second.addresses;
    }

private:
    struct Name {
        std::optional<Addresses> addresses;
        SteadyTime found{};
        bool doubted = false;
        bool asked = false;
        bool slow = false;
        std::vector<Found> waiting;
    };

    void ask(const std::string& name, const Name& known) {
        if (!known.slow) {
            offload(name, false);
        } else if (!std::exchange(slow_runs_, true)) {
            offload(name, true);
        } else {
            slow_queue_.push_back(name);
        }
    }

    // The worker touches nothing of ours: it may still run when we are gone.
    void offload(const std::string& name, bool slow) {
        using Answer = Result<Addresses>;
        auto answer = std::make_shared<Answer>(unavailable("the name was not looked up"));
        host_.offload(
            [answer, name, lookup = lookup_] { *answer = lookup(name); },
            [answer, name, slow, weak = weak_from_this()](const Status& ran) {
                if (const auto self = weak.lock()) {
                    self->answered(name, slow, ran ? *answer : Answer(ran.error()));
                }
            }
        );
    }

    void answered(const std::string& name, bool slow, const Result<Addresses>& answer) {
        Name& known = names_[name];
        known.asked = false;
        if (answer) {
            known.slow = false;
            known.addresses = *answer;
            known.found = host_.clock().steady_now();
            known.doubted = false;
        }
        if (slow) {
            next_slow();
        }
        for (const Found& found : std::exchange(known.waiting, {})) {
            found(answer);
        }
    }

    void next_slow() {
        slow_runs_ = !slow_queue_.empty();
        if (slow_runs_) {
            const std::string name = std::move(slow_queue_.front());
            slow_queue_.pop_front();
            offload(name, true);
        }
    }

    Host& host_;
    const HttpLookup lookup_;
    std::map<std::string, Name> names_;
    bool slow_runs_ = false;
    std::deque<std::string> slow_queue_;
};

HttpNames::HttpNames(Host& host, HttpLookup lookup)
    : state_(std::make_shared<State>(host, std::move(lookup))) {}

HttpNames::~HttpNames() = default;

void HttpNames::find(const std::string& name, Found found) {
    state_->find(name, std::move(found));
}

void HttpNames::doubt(const std::string& name) {
    state_->doubt(name);
}

void HttpNames::give_up(const std::string& name) {
    state_->give_up(name);
}

std::optional<HttpNames::Addresses> HttpNames::last(const std::string& name) const {
    return state_->last(name);
}

}  // namespace cxedge::devices
