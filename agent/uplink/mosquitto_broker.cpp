// SPDX-License-Identifier: Apache-2.0
// The MqttClient over libmosquitto, written around what Debian 12's 2.0.11 does (delivery.md
// section 5). The library's callbacks only note what happened; nothing is called from inside them.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <utility>
#include <variant>

#include <fmt/core.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <unistd.h>

#include "agent/base/log.hpp"
#include "agent/uplink/interrupted_calls.hpp"
#include "agent/uplink/library_words.hpp"
#include "agent/uplink/mqtt_client.hpp"
#include "agent/uplink/polled_broker.hpp"
#include "agent/uplink/reason_code.hpp"

namespace cxedge::uplink {
namespace {

// The library refuses less.
constexpr auto kMinKeepalive = std::chrono::seconds(5);
// Packets handled in one poll() before it returns to its caller.
constexpr int kMaxReads = 256;
// Where OpenSSL's system store is on Debian; only named when a client certificate comes without a
// CA file, because the library then insists on a directory.
constexpr const char* kSystemCaDirectory = "/etc/ssl/certs";

// What the library's callbacks leave behind.
struct Arrivals {
    std::vector<Arrival> queue;
    std::string ended;                   // why the broker refused or ended the connection
    std::vector<std::string> errors;     // the library's own error lines
    bool greeted = false;                // CONNACK came
    std::uint8_t reason = 0;             // with which the broker refused or ended it
    std::map<int, std::string> filters;  // of subscriptions not yet answered, by mid
    std::size_t longest = 0;             // payload; 0: any
};

// MQTT 3.1.1 section 3.2.2.3 in the numbers of MQTT 5.0.
std::uint8_t connack_reason(int code) {
    constexpr std::array<std::uint8_t, 6> kOld{0x00, 0x84, 0x85, 0x88, 0x86, 0x87};
    const auto known = static_cast<std::size_t>(code) < kOld.size();
    return known ? kOld[static_cast<std::size_t>(code)] : static_cast<std::uint8_t>(code);
}

Arrivals& arrivals_of(void* user) {
    return *static_cast<Arrivals*>(user);
}

void note_connack(
    mosquitto* /*handle*/,
    void* user,
    int reason,
    int /*flags*/,
    const mosquitto_property* properties
) {
    Arrivals& arrivals = arrivals_of(user);
    if (reason != 0) {
        arrivals.reason = connack_reason(reason);
        arrivals.ended = "refused: " + describe_reason(arrivals.reason);
        return;
    }
    Connected connected;
    mosquitto_property_read_int16(
        properties, MQTT_PROP_RECEIVE_MAXIMUM, &connected.limits.receive_maximum, false
    );
    mosquitto_property_read_int32(
        properties, MQTT_PROP_MAXIMUM_PACKET_SIZE, &connected.limits.maximum_packet_size, false
    );
    arrivals.greeted = true;
    arrivals.queue.emplace_back(connected);
}

void note_disconnect(
    mosquitto* /*handle*/, void* user, int reason, const mosquitto_property* /*properties*/
) {
    Arrivals& arrivals = arrivals_of(user);
    // libmosquitto 2.0.21 takes a refusal in the form of MQTT 3.1.1 for a CONNACK cut short.
    if (reason == MOSQ_ERR_MALFORMED_PACKET && !arrivals.greeted) {
        arrivals.reason = reasons::kUnsupportedVersion;
        arrivals.ended = "refused: " + describe_reason(arrivals.reason);
    }
    // Below that it is a result code of the library, which the failing call returns as well.
    if (reason >= kFirstRefusal && reason <= 0xff) {
        arrivals.reason = static_cast<std::uint8_t>(reason);
        arrivals.ended = "ended by the broker: " + describe_reason(arrivals.reason);
    }
}

void note_puback(
    mosquitto* /*handle*/, void* user, int mid, int reason, const mosquitto_property* /*properties*/
) {
    arrivals_of(user).queue.emplace_back(Puback{mid, static_cast<std::uint8_t>(reason)});
}

MessageProperties properties_of(const mosquitto_property* list) {
    MessageProperties found;
    char* topic = nullptr;
    if (mosquitto_property_read_string(list, MQTT_PROP_RESPONSE_TOPIC, &topic, false) != nullptr) {
        found.response_topic = topic;
        std::free(topic);
    }
    void* bytes = nullptr;
    std::uint16_t size = 0;
    if (mosquitto_property_read_binary(list, MQTT_PROP_CORRELATION_DATA, &bytes, &size, false) !=
        nullptr) {
        found.correlation.assign(static_cast<const char*>(bytes), size);
        std::free(bytes);
    }
    mosquitto_property_read_int32(list, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, &found.expiry_s, false);
    return found;
}

void note_message(
    mosquitto* /*handle*/,
    void* user,
    const mosquitto_message* message,
    const mosquitto_property* properties
) {
    const auto* const bytes = static_cast<const char*>(message->payload);
    std::string payload;
    Arrivals& arrivals = arrivals_of(user);
    if (message->payloadlen > 0) {
        const auto size = static_cast<std::size_t>(message->payloadlen);
        payload.assign(bytes, arrivals.longest == 0 ? size : std::min(size, arrivals.longest));
    }
    arrivals.queue.emplace_back(Message{
        message->topic, std::move(payload), message->retain, properties_of(properties)});
}

// NOLINTNEXTLINE(readability-function-size): six parameters are the library's choice
void note_suback(
    mosquitto* /*handle*/,
    void* user,
    int mid,
    int count,
    const int* granted,
    const mosquitto_property* /*properties*/
) {
    Arrivals& arrivals = arrivals_of(user);
    const auto filter = arrivals.filters.find(mid);
    if (filter != arrivals.filters.end() && count > 0) {
        arrivals.queue.emplace_back(Subscribed{
            filter->second, static_cast<std::uint8_t>(granted[0])});
        arrivals.filters.erase(filter);
    }
}

void note_log(mosquitto* /*handle*/, void* user, int level, const char* text) {
    Arrivals& arrivals = arrivals_of(user);
    // The first few lines tell; a broken peer must not fill the memory.
    if (level == MOSQ_LOG_ERR && arrivals.errors.size() < 8) {
        arrivals.errors.emplace_back(text);
    }
}

// A key file with a pass phrase fails, instead of OpenSSL asking for it on the terminal.
int no_pass_phrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) {
    return 0;
}

Status readable(const char* what, const std::string& path) {
    if (!path.empty() && ::access(path.c_str(), R_OK) != 0) {
        return invalid_argument(fmt::format("{} {}: {}", what, path, errno_text(errno)));
    }
    return {};
}

const char* or_null(const std::string& text) {
    return text.empty() ? nullptr : text.c_str();
}

using HandlePtr = std::unique_ptr<mosquitto, decltype(&mosquitto_destroy)>;

class PropertyList {
public:
    PropertyList() = default;
    PropertyList(const PropertyList&) = delete;
    PropertyList& operator=(const PropertyList&) = delete;
    ~PropertyList() { mosquitto_property_free_all(&list_); }
    bool add(int identifier, std::uint32_t value) {
        return mosquitto_property_add_int32(&list_, identifier, value) == MOSQ_ERR_SUCCESS;
    }
    bool add_text(int identifier, const std::string& value) {
        return mosquitto_property_add_string(&list_, identifier, value.c_str()) == MOSQ_ERR_SUCCESS;
    }
    bool add_bytes(int identifier, const std::string& value) {
        return mosquitto_property_add_binary(
                   &list_, identifier, value.data(), static_cast<std::uint16_t>(value.size())
               ) == MOSQ_ERR_SUCCESS;
    }
    [[nodiscard]] mosquitto_property* get() const { return list_; }
    void release() { list_ = nullptr; }

private:
    mosquitto_property* list_ = nullptr;
};

void add_properties(const MessageProperties& from, PropertyList& to) {
    if (!from.response_topic.empty()) {
        to.add_text(MQTT_PROP_RESPONSE_TOPIC, from.response_topic);
    }
    if (!from.correlation.empty()) {
        to.add_bytes(MQTT_PROP_CORRELATION_DATA, from.correlation);
    }
    if (from.expiry_s > 0) {
        to.add(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, from.expiry_s);
    }
}

Error library_error(const char* what, int code) {
    return unavailable(fmt::format("{}: {}", what, mosquitto_strerror(code)));
}

Status set_will(mosquitto* handle, const BrokerOptions& options) {
    if (options.will_topic.empty()) {
        return {};
    }
    PropertyList properties;  // MQTT 3.1.1 has none
    if (options.protocol == Protocol::v5) {
        properties.add(MQTT_PROP_WILL_DELAY_INTERVAL, options.will_delay_s);
    }
    const int code = mosquitto_will_set_v5(
        handle,
        options.will_topic.c_str(),
        static_cast<int>(options.will_payload.size()),
        options.will_payload.data(),
        1,
        true,
        properties.get()
    );
    if (code != MOSQ_ERR_SUCCESS) {
        return library_error("setting the will", code);
    }
    properties.release();  // now the handle's
    return {};
}

Status set_tls(mosquitto* handle, const BrokerOptions& options) {
    if (!options.tls) {
        return {};
    }
    for (const auto& [what, path] : {
             std::pair{"ca_file", &options.ca_file},
             std::pair{"certificate_file", &options.certificate_file},
             std::pair{"key_file", &options.key_file},
         }) {
        if (Status status = readable(what, *path); !status) {
            return status;
        }
    }
    const bool system_store = options.ca_file.empty();
    int code = mosquitto_int_option(handle, MOSQ_OPT_TLS_USE_OS_CERTS, system_store ? 1 : 0);
    if (code == MOSQ_ERR_SUCCESS) {
        code = mosquitto_tls_set(
            handle,
            or_null(options.ca_file),
            system_store ? kSystemCaDirectory : nullptr,
            or_null(options.certificate_file),
            or_null(options.key_file),
            no_pass_phrase
        );
    }
    if (code == MOSQ_ERR_SUCCESS) {
        // 1: verify the peer; the host name is always checked. TLS 1.2 or later.
        code = mosquitto_tls_opts_set(handle, 1, "tlsv1.2", nullptr);
    }
    return code == MOSQ_ERR_SUCCESS ? Status() : Status(library_error("setting up TLS", code));
}

Status configure(mosquitto* handle, const BrokerOptions& options) {
    mosquitto_connect_v5_callback_set(handle, note_connack);
    mosquitto_disconnect_v5_callback_set(handle, note_disconnect);
    mosquitto_publish_v5_callback_set(handle, note_puback);
    mosquitto_message_v5_callback_set(handle, note_message);
    mosquitto_subscribe_v5_callback_set(handle, note_suback);
    mosquitto_log_callback_set(handle, note_log);
    const int version = options.protocol == Protocol::v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311;
    mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, version);
    mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1);
    // The library would queue beyond its own limit of 20; the window is ours.
    mosquitto_int_option(handle, MOSQ_OPT_SEND_MAXIMUM, 65535);
    if (!options.username.empty()) {
        const int code =
            mosquitto_username_pw_set(handle, options.username.c_str(), or_null(options.password));
        if (code != MOSQ_ERR_SUCCESS) {
            return library_error("setting user name and password", code);
        }
    }
    if (Status status = set_will(handle, options); !status) {
        return status;
    }
    return set_tls(handle, options);
}

class MosquittoClient final : public MqttClient {
public:
    static Result<std::unique_ptr<MqttClient>> create(const BrokerOptions& options);
    MosquittoClient() { mosquitto_lib_init(); }  // the library counts these itself
    ~MosquittoClient() override {
        handle_.reset();
        mosquitto_lib_cleanup();
    }
    MosquittoClient(const MosquittoClient&) = delete;
    MosquittoClient& operator=(const MosquittoClient&) = delete;

    Status connect(const Reachable& server) override;
    // For TLS the library must be given the name.
    [[nodiscard]] bool connect_blocks() const override { return options_.tls; }
    [[nodiscard]] Loss loss() const override;
    [[nodiscard]] int socket() const override { return mosquitto_socket(handle_.get()); }
    [[nodiscard]] bool wants_write() const override { return mosquitto_want_write(handle_.get()); }
    Status exchange() override;
    [[nodiscard]] bool unread() const override { return unread_; }
    std::vector<Arrival> take_arrivals() override { return std::exchange(arrivals_.queue, {}); }
    Result<int> publish(const Outgoing& message) override;
    Status subscribe(const std::string& topic_filter) override;
    Status say_goodbye() override;

private:
    int read_packets();
    int exchange_packets();
    [[nodiscard]] Error explain(int code, int error_number) const;

    BrokerOptions options_;
    Arrivals arrivals_;  // outlives handle_, whose callbacks write here
    HandlePtr handle_{nullptr, &mosquitto_destroy};
    bool unread_ = false;
};

Result<std::unique_ptr<MqttClient>> MosquittoClient::create(const BrokerOptions& options) {
    auto client = std::make_unique<MosquittoClient>();
    client->options_ = options;
    client->arrivals_.longest = options.max_incoming_bytes;
    client->handle_.reset(mosquitto_new(options.client_id.c_str(), false, &client->arrivals_));
    if (!client->handle_) {
        return unavailable("creating an MQTT client: " + errno_text(errno));
    }
    if (Status status = configure(client->handle_.get(), options); !status) {
        return status.error();
    }
    return std::unique_ptr<MqttClient>(std::move(client));
}

Status MosquittoClient::connect(const Reachable& server) {
    PropertyList properties;
    if (options_.protocol == Protocol::v5) {
        properties.add(MQTT_PROP_SESSION_EXPIRY_INTERVAL, options_.session_expiry_s);
        if (options_.max_incoming_bytes != 0) {
            properties.add(MQTT_PROP_MAXIMUM_PACKET_SIZE, options_.max_incoming_bytes);
        }
    }
    // TLS needs the name, for SNI and for the check of the certificate; the bind address then keeps
    // the library from trying the other address family first and hanging there, and interrupting it
    // from hanging on a mute address of this one.
    const std::string& host = options_.tls ? options_.host : server.address;
    const InterruptedCalls impatient(options_.tls ? server.share : std::chrono::milliseconds(0));
    const auto keepalive = std::max(options_.keepalive, kMinKeepalive);
    errno = 0;
    const int code = mosquitto_connect_bind_v5(
        handle_.get(),
        host.c_str(),
        options_.port,
        static_cast<int>(keepalive.count()),
        server.ipv6 ? "::" : "0.0.0.0",
        properties.get()
    );
    return code == MOSQ_ERR_SUCCESS ? Status() : Status(explain(code, errno));
}

Status MosquittoClient::exchange() {
    errno = 0;
    int code = exchange_packets();
    if (code == MOSQ_ERR_SUCCESS) {
        code = mosquitto_loop_misc(handle_.get());
    }
    if (code == MOSQ_ERR_SUCCESS && socket() < 0) {
        code = MOSQ_ERR_CONN_LOST;
    }
    return code == MOSQ_ERR_SUCCESS ? Status() : Status(explain(code, errno));
}

int MosquittoClient::exchange_packets() {
    const int code = read_packets();
    return code == MOSQ_ERR_SUCCESS && wants_write() ? mosquitto_loop_write(handle_.get(), 1)
                                                     : code;
}

// Reads until the library finds nothing more, also not in the buffers of TLS.
int MosquittoClient::read_packets() {
    for (int i = 0; i < kMaxReads; ++i) {
        const std::size_t before = arrivals_.queue.size();
        errno = 0;
        const int code = mosquitto_loop_read(handle_.get(), 1);
        if (code != MOSQ_ERR_SUCCESS || socket() < 0) {
            return code != MOSQ_ERR_SUCCESS ? code : MOSQ_ERR_CONN_LOST;
        }
        const bool nothing = errno == EAGAIN;
        if (nothing && arrivals_.queue.size() == before) {
            unread_ = false;
            return MOSQ_ERR_SUCCESS;
        }
    }
    unread_ = true;
    return MOSQ_ERR_SUCCESS;
}

Result<int> MosquittoClient::publish(const Outgoing& message) {
    PropertyList properties;
    if (options_.protocol == Protocol::v5) {
        add_properties(message.properties, properties);
    }
    int mid = 0;
    errno = 0;
    const int code = mosquitto_publish_v5(
        handle_.get(),
        &mid,
        message.topic.c_str(),
        static_cast<int>(message.payload.size()),
        message.payload.data(),
        1,
        message.retain,
        properties.get()
    );
    if (code != MOSQ_ERR_SUCCESS) {
        return explain(code, errno).during("publishing");
    }
    return mid;
}

Status MosquittoClient::subscribe(const std::string& topic_filter) {
    int mid = 0;
    const int code =
        mosquitto_subscribe_v5(handle_.get(), &mid, topic_filter.c_str(), 1, 0, nullptr);
    if (code != MOSQ_ERR_SUCCESS) {
        return library_error("subscribing", code);
    }
    arrivals_.filters[mid] = topic_filter;
    return {};
}

Loss MosquittoClient::loss() const {
    Loss loss;
    loss.reason = arrivals_.reason;
    loss.closed = arrivals_.reason == 0 && arrivals_.errors.empty();
    return loss;
}

Status MosquittoClient::say_goodbye() {
    const int code = mosquitto_disconnect_v5(handle_.get(), 0, nullptr);
    return code == MOSQ_ERR_SUCCESS ? Status() : Status(library_error("disconnecting", code));
}

Error MosquittoClient::explain(int code, int error_number) const {
    if (!arrivals_.ended.empty()) {
        return unavailable(arrivals_.ended);
    }
    if (options_.tls && !only_reset(arrivals_.errors)) {
        return unavailable("TLS: " + join_reasons(arrivals_.errors));
    }
    if (options_.tls && !arrivals_.greeted) {
        // The reset that follows a TLS alert may overtake it: then only this is known.
        return unavailable(
            options_.certificate_file.empty()
                ? "TLS: closed by the broker (does it require a client certificate?)"
                : "TLS: closed by the broker (does it accept the client certificate?)"
        );
    }
    switch (code) {
        case MOSQ_ERR_KEEPALIVE:
            return unavailable("the broker does not answer pings");
        case MOSQ_ERR_CONN_LOST:
        case MOSQ_ERR_NO_CONN:
            return unavailable(
                arrivals_.greeted ? "connection lost" : "connection closed before CONNACK"
            );
        case MOSQ_ERR_ERRNO:
            return unavailable(error_number != 0 ? errno_text(error_number) : "connection lost");
        default:
            return unavailable(plain_reason(mosquitto_strerror(code)));
    }
}

}  // namespace

std::unique_ptr<Broker> make_mosquitto_broker() {
    return std::make_unique<PolledBroker>(&MosquittoClient::create);
}

}  // namespace cxedge::uplink
