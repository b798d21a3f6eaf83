// SPDX-License-Identifier: Apache-2.0
// The life of a subscription: dial, greet, subscribe, deliver, lose, wait, dial again.
#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "plugins/_devices/mqtt_connection.hpp"

namespace cxedge::devices {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kGreetingPatience{15};
constexpr std::chrono::seconds kTick{1};
// A handshake wants to write while it waits for the peer: look again after this, not at once.
constexpr milliseconds kHandshakePause{20};
constexpr milliseconds kFirstRetry{1'000};
constexpr milliseconds kLastRetry{60'000};
// A connection that lived so long was a good one: the next attempts begin anew.
constexpr std::chrono::seconds kGoodLife{30};

class Subscriber final : public MqttSubscriber {
public:
    Subscriber(
        SubscriberOptions options,
        MakeMqttConnection make,
        Host& host,
        OnMessage on_message,
        OnState on_state
    )
        : options_(std::move(options)),
          make_(std::move(make)),
          host_(host),
          on_message_(std::move(on_message)),
          on_state_(std::move(on_state)) {}
    Subscriber(const Subscriber&) = delete;
    Subscriber& operator=(const Subscriber&) = delete;
    ~Subscriber() override;

    void dial();

private:
    using Life = std::weak_ptr<const bool>;

    [[nodiscard]] bool greeted() const { return connection_->inbox().greeting == 0; }
    void dialled(std::shared_ptr<MqttConnection> connection, const Status& status);
    void serve();
    void greet();
    void tell_subscribed();
    // False: a receiver destroyed this.
    bool deliver();
    void watch();
    void serve_soon();
    void lose(const std::string& why);
    void hang_up();
    [[nodiscard]] std::string problem(const std::string& why) const;

    SubscriberOptions options_;
    MakeMqttConnection make_;
    Host& host_;
    OnMessage on_message_;
    OnState on_state_;
    std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
    std::shared_ptr<MqttConnection> connection_;
    bool subscribed_ = false;  // asked to
    bool settled_ = false;     // told so
    bool serves_soon_ = false;
    milliseconds backoff_ = kFirstRetry;
    LoopHandle readable_;
    LoopHandle writable_;
    LoopHandle tick_;
    LoopHandle pause_;
    LoopHandle deadline_;  // of the greeting; then: this was a good connection
    LoopHandle retry_;
};

Subscriber::~Subscriber() {
    if (connection_ && greeted()) {
        connection_->say_goodbye();
    }
}

void Subscriber::dial() {
    Result<std::shared_ptr<MqttConnection>> made = make_(options_);
    if (!made) {
        lose(made.error().message);
        return;
    }
    const auto status = std::make_shared<Status>();
    host_.offload(
        [connection = *made, status] { *status = connection->connect(); },
        [this, life = Life(alive_), connection = *made, status](const Status& ran) {
            if (!life.expired()) {
                dialled(connection, ran ? *status : ran);
            }
        }
    );
}

void Subscriber::dialled(std::shared_ptr<MqttConnection> connection, const Status& status) {
    if (!status) {
        lose(status.error().message);
        return;
    }
    connection_ = std::move(connection);
    subscribed_ = false;
    settled_ = false;
    readable_ = host_.loop().when_readable(connection_->socket(), [this] { serve(); });
    tick_ = host_.loop().every(kTick, [this] { serve(); });
    deadline_ = host_.loop().after(kGreetingPatience, [this] { lose("does not answer CONNECT"); });
    serve();
}

void Subscriber::serve() {
    if (!connection_) {
        return;
    }
    const Status status = connection_->exchange();
    if (greeted() && !subscribed_) {
        greet();
    }
    if (!deliver()) {
        return;
    }
    if (!status) {
        lose(status.error().message);
        return;
    }
    if (connection_) {
        tell_subscribed();
        watch();
    }
}

void Subscriber::greet() {
    subscribed_ = true;
    deadline_ = host_.loop().after(kGoodLife, [this] { backoff_ = kFirstRetry; });
    if (const Status status = connection_->subscribe(); !status) {
        host_.log(log::Level::warn, problem(status.error().message));
    }
}

void Subscriber::tell_subscribed() {
    const MqttInbox& inbox = connection_->inbox();
    if (!subscribed_ || settled_ || !inbox.asked.empty()) {
        return;
    }
    settled_ = true;
    on_state_(
        inbox.refused.empty() ? std::string()
                              : problem("the broker refuses the subscription " + inbox.refused)
    );
}

bool Subscriber::deliver() {
    const Life life = alive_;
    const std::vector<ArrivedMessage> messages = std::exchange(connection_->inbox().messages, {});
    for (const ArrivedMessage& message : messages) {
        on_message_({message.topic, message.payload, message.retained, message.too_long});
        if (life.expired()) {
            return false;
        }
    }
    return true;
}

void Subscriber::watch() {
    if (connection_->unread()) {
        serve_soon();
    }
    if (!connection_->wants_write()) {
        writable_ = LoopHandle();
    } else if (connection_->tls() && !greeted()) {
        pause_ = host_.loop().after(kHandshakePause, [this] { serve(); });
    } else if (!writable_) {
        writable_ = host_.loop().when_writable(connection_->socket(), [this] { serve(); });
    }
}

void Subscriber::serve_soon() {
    if (std::exchange(serves_soon_, true)) {
        return;
    }
    host_.loop().post([this, life = Life(alive_)] {
        if (!life.expired()) {
            serves_soon_ = false;
            serve();
        }
    });
}

void Subscriber::lose(const std::string& why) {
    hang_up();
    retry_ = host_.loop().after(backoff_, [this] { dial(); });
    backoff_ = std::min(backoff_ * 2, kLastRetry);
    on_state_(problem(why));
}

void Subscriber::hang_up() {
    readable_ = LoopHandle();
    writable_ = LoopHandle();
    tick_ = LoopHandle();
    pause_ = LoopHandle();
    deadline_ = LoopHandle();
    connection_.reset();
}

std::string Subscriber::problem(const std::string& why) const {
    return fmt::format("broker {}:{}: {}", options_.broker.host, options_.broker.port, why);
}

}  // namespace

std::unique_ptr<MqttSubscriber> keep_connected(
    SubscriberOptions options,
    MakeMqttConnection make,
    Host& host,
    MqttSubscriber::OnMessage on_message,
    MqttSubscriber::OnState on_state
) {
    auto subscriber = std::make_unique<Subscriber>(
        std::move(options), std::move(make), host, std::move(on_message), std::move(on_state)
    );
    subscriber->dial();
    return subscriber;
}

std::string check_broker(const std::string& url) {
    const Result<BrokerAddress> parsed = parse_broker(url);
    return parsed ? std::string() : parsed.error().message;
}

void check_mqtt(
    const MqttSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    const auto complain = [&](const char* key, const char* what) {
        const SettingsNode* const found = node.find(key);
        problems.add(found == nullptr ? node.position : found->position, key, what);
    };
    if (!settings.password_file.empty() && settings.user.empty()) {
        complain("password_file", "has no effect without `user`");
    }
    if (!settings.ca_file.empty() && !settings.broker.starts_with("mqtts://")) {
        complain("ca_file", "has no effect without mqtts://");
    }
}

}  // namespace cxedge::devices
