// SPDX-License-Identifier: Apache-2.0
// libmosquitto without its threads, written around what Debian 12's 2.0.11 does. Its callbacks only
// note what happened; nothing of ours is called from inside them. Each connection is a new handle.
#include "plugins/_devices/mqtt_subscriber.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/core.h>
#include <mosquitto.h>
#include <unistd.h>

#include "agent/base/secret_file.hpp"

#include "plugins/_devices/mqtt_address.hpp"
#include "plugins/_devices/mqtt_connection.hpp"

namespace cxedge::devices {
namespace {

constexpr int kKeepaliveS = 30;
// Packets in one wake; then other sources, and this one's own timers, get their turn.
constexpr int kPacketsAwake = 64;
// Debian's; the library insists on a directory where there is no file.
constexpr const char* kSystemCertificates = "/etc/ssl/certs";

MqttInbox& inbox_of(void* user) {
    return *static_cast<MqttInbox*>(user);
}

void on_greeting(mosquitto* /*handle*/, void* user, int code) {
    inbox_of(user).greeting = code;
}

void on_arrival(mosquitto* /*handle*/, void* user, const mosquitto_message* message) {
    MqttInbox& inbox = inbox_of(user);
    const auto size = static_cast<std::size_t>(std::max(message->payloadlen, 0));
    ArrivedMessage arrived{message->topic, {}, message->retain, size > inbox.longest};
    if (size > 0 && !arrived.too_long) {
        arrived.payload.assign(static_cast<const char*>(message->payload), size);
    }
    inbox.messages.push_back(std::move(arrived));
}

void on_suback(mosquitto* /*handle*/, void* user, int mid, int count, const int* granted) {
    MqttInbox& inbox = inbox_of(user);
    const auto asked = inbox.asked.find(mid);
    if (asked == inbox.asked.end()) {
        return;
    }
    if (count > 0 && granted[0] >= 0x80) {
        inbox.refused = asked->second;
    }
    inbox.asked.erase(asked);
}

void on_log(mosquitto* /*handle*/, void* user, int level, const char* text) {
    MqttInbox& inbox = inbox_of(user);
    if (level == MOSQ_LOG_ERR && inbox.errors.size() < 4) {
        inbox.errors.emplace_back(text);
    }
}

// A key with a pass phrase fails, instead of OpenSSL asking for it on a terminal.
int no_phrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) {
    return 0;
}

// "OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed" -> the last part.
std::string reason_in(std::string line) {
    if (line.starts_with("OpenSSL Error")) {
        line.erase(0, line.rfind(':') + 1);
    }
    if (line.starts_with("Error: ")) {
        line.erase(0, 7);
    }
    while (!line.empty() && (line.back() == '.' || line.back() == '\n')) {
        line.pop_back();
    }
    return line;
}

Error library_failure(const char* what, int code) {
    return unavailable(fmt::format("{}: {}", what, mosquitto_strerror(code)));
}

struct Library {
    Library() { mosquitto_lib_init(); }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
    ~Library() { mosquitto_lib_cleanup(); }
};

class Connection final : public MqttConnection {
public:
    static Result<std::shared_ptr<MqttConnection>> make(const SubscriberOptions& options);

    Status connect() override;
    [[nodiscard]] int socket() const override { return mosquitto_socket(handle_.get()); }
    [[nodiscard]] bool wants_write() const override { return mosquitto_want_write(handle_.get()); }
    [[nodiscard]] bool unread() const override { return unread_; }
    [[nodiscard]] bool tls() const override { return options_.broker.tls; }
    [[nodiscard]] MqttInbox& inbox() override { return inbox_; }
    Status exchange() override;
    Status subscribe() override;
    void say_goodbye() override { mosquitto_disconnect(handle_.get()); }

private:
    Status set_up();
    Status set_up_tls();
    int exchange_packets();
    [[nodiscard]] Error explain(int code, int error_number) const;

    SubscriberOptions options_;
    MqttInbox inbox_;  // outlives handle_, whose callbacks write here
    std::unique_ptr<mosquitto, decltype(&mosquitto_destroy)> handle_{nullptr, &mosquitto_destroy};
    bool unread_ = false;
};

Result<std::shared_ptr<MqttConnection>> Connection::make(const SubscriberOptions& options) {
    static const Library kLibrary;
    auto made = std::make_shared<Connection>();
    made->options_ = options;
    made->inbox_.longest = static_cast<std::size_t>(options.settings.max_message_kib) * 1024;
    made->handle_.reset(mosquitto_new(options.settings.client_id.c_str(), true, &made->inbox_));
    if (!made->handle_) {
        return system_error("creating an MQTT client", errno);
    }
    if (Status status = made->set_up(); !status) {
        return status.error();
    }
    return std::shared_ptr<MqttConnection>(std::move(made));
}

Status Connection::set_up() {
    mosquitto* const handle = handle_.get();
    mosquitto_connect_callback_set(handle, on_greeting);
    mosquitto_message_callback_set(handle, on_arrival);
    mosquitto_subscribe_callback_set(handle, on_suback);
    mosquitto_log_callback_set(handle, on_log);
    const MqttSettings& settings = options_.settings;
    if (!settings.user.empty()) {
        const bool has_password = !settings.password_file.empty();
        const Result<std::string> password =
            has_password ? read_secret(settings.password_file) : Result<std::string>(std::string());
        if (!password) {
            return password.error().during("password_file");
        }
        const int code = mosquitto_username_pw_set(
            handle, settings.user.c_str(), has_password ? password->c_str() : nullptr
        );
        if (code != MOSQ_ERR_SUCCESS) {
            return invalid_argument("user or password is not valid UTF-8");
        }
    }
    return options_.broker.tls ? set_up_tls() : Status();
}

Status Connection::set_up_tls() {
    const std::string& file = options_.settings.ca_file;
    if (!file.empty() && ::access(file.c_str(), R_OK) != 0) {
        const int error = errno;
        return invalid_argument(fmt::format(
            "ca_file {}: {}", file, std::error_code(error, std::generic_category()).message()
        ));
    }
    mosquitto* const handle = handle_.get();
    const bool system = file.empty();
    int code = mosquitto_int_option(handle, MOSQ_OPT_TLS_USE_OS_CERTS, system ? 1 : 0);
    if (code == MOSQ_ERR_SUCCESS) {
        code = mosquitto_tls_set(
            handle,
            system ? nullptr : file.c_str(),
            system ? kSystemCertificates : nullptr,
            nullptr,
            nullptr,
            no_phrase
        );
    }
    if (code == MOSQ_ERR_SUCCESS) {
        // 1: the peer is verified; its name is always checked.
        code = mosquitto_tls_opts_set(handle, 1, "tlsv1.2", nullptr);
    }
    return code == MOSQ_ERR_SUCCESS ? Status() : Status(library_failure("setting up TLS", code));
}

// The library's own connect has no timeout, so an address that answers is found first. TLS needs
// the name, for the check of the certificate; the bind address then keeps the library from trying
// the other family of addresses first.
Status Connection::connect() {
    const BrokerAddress& broker = options_.broker;
    const Result<AnsweringAddress> answering = find_answering(broker.host, broker.port);
    if (!answering) {
        return answering.error();
    }
    errno = 0;
    const int code = mosquitto_connect_bind(
        handle_.get(),
        broker.tls ? broker.host.c_str() : answering->text.c_str(),
        broker.port,
        kKeepaliveS,
        answering->ipv6 ? "::" : "0.0.0.0"
    );
    return code == MOSQ_ERR_SUCCESS ? Status() : Status(explain(code, errno));
}

Status Connection::exchange() {
    errno = 0;
    int code = exchange_packets();
    if (code == MOSQ_ERR_SUCCESS && wants_write()) {
        code = mosquitto_loop_write(handle_.get(), 1);
    }
    if (code == MOSQ_ERR_SUCCESS) {
        code = mosquitto_loop_misc(handle_.get());
    }
    if (code == MOSQ_ERR_SUCCESS && socket() < 0) {
        code = MOSQ_ERR_CONN_LOST;
    }
    return code == MOSQ_ERR_SUCCESS ? Status() : Status(explain(code, errno));
}

// Reads until there is nothing more, also not in the buffers of TLS, or it is enough for now.
int Connection::exchange_packets() {
    unread_ = false;
    for (int i = 0; i < kPacketsAwake; ++i) {
        const std::size_t before = inbox_.messages.size();
        errno = 0;
        const int code = mosquitto_loop_read(handle_.get(), 1);
        if (code != MOSQ_ERR_SUCCESS || socket() < 0) {
            return code != MOSQ_ERR_SUCCESS ? code : MOSQ_ERR_CONN_LOST;
        }
        if (errno == EAGAIN && inbox_.messages.size() == before) {
            return MOSQ_ERR_SUCCESS;
        }
    }
    unread_ = true;
    return MOSQ_ERR_SUCCESS;
}

Status Connection::subscribe() {
    for (const std::string& topic : options_.topics) {
        int mid = 0;
        const int code = mosquitto_subscribe(handle_.get(), &mid, topic.c_str(), 1);
        if (code != MOSQ_ERR_SUCCESS) {
            return library_failure("subscribing", code);
        }
        inbox_.asked[mid] = topic;
    }
    return {};
}

Error Connection::explain(int code, int error_number) const {
    const int greeting = inbox_.greeting.value_or(0);
    if (greeting == 4 || greeting == 5) {
        return unavailable("the broker refuses user and password");
    }
    if (greeting != 0) {
        return unavailable(reason_in(mosquitto_connack_string(greeting)));
    }
    if (tls() && !inbox_.errors.empty()) {
        return unavailable("TLS: " + reason_in(inbox_.errors.back()));
    }
    switch (code) {
        case MOSQ_ERR_KEEPALIVE:
            return unavailable("does not answer pings");
        case MOSQ_ERR_CONN_LOST:
        case MOSQ_ERR_NO_CONN:
            return unavailable(inbox_.greeting ? "connection lost" : "connection closed at once");
        case MOSQ_ERR_ERRNO:
            return error_number != 0 ? system_error("connection", error_number)
                                     : unavailable("connection lost");
        default:
            return unavailable(reason_in(mosquitto_strerror(code)));
    }
}

}  // namespace

Result<std::unique_ptr<MqttSubscriber>> MqttSubscriber::open(
    const MqttSettings& settings,
    const std::vector<std::string>& topics,
    Host& host,
    OnMessage on_message,
    OnState on_state
) {
    const Result<BrokerAddress> broker = parse_broker(settings.broker);
    if (!broker) {
        return broker.error().during("broker");
    }
    SubscriberOptions options{*broker, settings, topics};
    if (settings.client_id.empty()) {
        options.settings.client_id = fmt::format("cxedge-{}", host.source_name());
    }
    if (const auto tried = Connection::make(options); !tried) {
        return tried.error();
    }
    return keep_connected(
        std::move(options), &Connection::make, host, std::move(on_message), std::move(on_state)
    );
}

}  // namespace cxedge::devices
