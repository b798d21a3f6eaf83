// SPDX-License-Identifier: Apache-2.0
// One request of HttpClient's with its look-ups, redirects and time limits. Thread: the loop's.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "plugins/_devices/http_client.hpp"
#include "plugins/_devices/http_client_multi.hpp"
#include "plugins/_devices/http_client_names.hpp"
#include "plugins/_devices/http_client_transfer.hpp"

namespace cxedge::devices {

// What all requests of a client share.
struct HttpEngine {
    HttpEngine(Host& its_host, HttpLookup lookup);

    Host& host;
    HttpNames names;
    std::map<void*, std::weak_ptr<HttpExchange>> running;  // by libcurl's handle
    CurlMulti multi;
};

class HttpExchange : public std::enable_shared_from_this<HttpExchange> {
public:
    struct Wanted {
        HttpCall call;
        HttpClient::OnReply on_reply;  // or, of an endless body,
        HttpClient::OnBytes on_bytes;
        HttpClient::OnEnd on_end;
    };

    HttpExchange(std::shared_ptr<HttpEngine> engine, Wanted wanted);
    HttpExchange(const HttpExchange&) = delete;
    HttpExchange& operator=(const HttpExchange&) = delete;
    ~HttpExchange();

    void begin();
    // No call back comes any more.
    void cancel();
    // Hands over what came of an endless body.
    void hand_over();
    void transfer_ended(int code);

private:
    [[nodiscard]] bool endless() const { return wanted_.on_bytes != nullptr; }
    Status read_password();
    void go_to(const std::string& url);
    void find_addresses();
    void name_is_slow();
    void send(const std::vector<std::string>& addresses);
    [[nodiscard]] HttpTransfer::Order order(const std::vector<std::string>& addresses) const;
    void redirect();
    void drop_transfer();
    void arm_silence();
    void time_is_up();
    void end(const Status& end);

    std::shared_ptr<HttpEngine> engine_;
    Wanted wanted_;
    std::string password_;
    std::string url_;
    std::string method_;
    HttpOrigin first_;
    HttpOrigin origin_;
    std::unique_ptr<HttpTransfer> transfer_;
    int redirects_ = 0;
    bool told_of_begin_ = false;
    bool over_ = false;
    LoopHandle deadline_;
    LoopHandle silence_;
    LoopHandle lookup_limit_;
};

}  // namespace cxedge::devices
