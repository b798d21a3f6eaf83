// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/http_client.hpp"

#include <utility>

#include "plugins/_devices/http_client_exchange.hpp"

namespace cxedge::devices {

HttpEngine::HttpEngine(Host& its_host, HttpLookup lookup)
    : host(its_host),
      names(its_host, std::move(lookup)),
      multi(
          its_host.loop(),
          {[this](void* easy, int code) {
               const auto found = running.find(easy);
               if (const auto exchange = found == running.end() ? nullptr : found->second.lock()) {
                   exchange->transfer_ended(code);
               }
           },
           [this] {
               const auto now_running = running;  // who is called may end requests
               for (const auto& [easy, weak] : now_running) {
                   if (const auto exchange = weak.lock()) {
                       exchange->hand_over();
                   }
               }
           }}
      ) {}

namespace {

HttpTask start_exchange(const std::shared_ptr<HttpEngine>& engine, HttpExchange::Wanted wanted) {
    auto exchange = std::make_shared<HttpExchange>(engine, std::move(wanted));
    engine->host.loop().post([weak = std::weak_ptr(exchange)] {
        if (const auto begun = weak.lock()) {
            begun->begin();
        }
    });
    HttpExchange* const raw = exchange.get();
    // The last one who is interested is gone, which is not yet the last one who holds it.
    return HttpTask(std::shared_ptr<HttpExchange>(
        raw, [held = std::move(exchange)](HttpExchange* gone) { gone->cancel(); }
    ));
}

}  // namespace

HttpClient::HttpClient(Host& host, HttpLookup lookup)
    : engine_(std::make_shared<HttpEngine>(host, std::move(lookup))) {}

HttpClient::~HttpClient() = default;

HttpTask HttpClient::ask(HttpCall call, OnReply on_reply) {
    return start_exchange(engine_, {std::move(call), std::move(on_reply), {}, {}});
}

HttpTask HttpClient::listen(HttpCall call, OnBytes on_bytes, OnEnd on_end) {
    return start_exchange(engine_, {std::move(call), {}, std::move(on_bytes), std::move(on_end)});
}

}  // namespace cxedge::devices
