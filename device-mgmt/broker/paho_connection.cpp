#include "device-mgmt/broker/paho_connection.hpp"

#include "device-mgmt/broker/paho_options.hpp"
#include "device-mgmt/broker/puback_trace.hpp"
#include "device-mgmt/failpoint/failpoint.hpp"
#include "device-mgmt/log/log.hpp"

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace dm::broker {

namespace {

constexpr int kFirstErrorCode = 0x80;

/// Any reason Paho gives: an MQTT reason code, or one of its own negative codes.
std::string reason_text(int code) {
    const char* text = code >= kFirstErrorCode
                           ? MQTTReasonCode_toString(static_cast<MQTTReasonCodes>(code))
                           : MQTTAsync_strerror(code);
    return text != nullptr ? text : "code " + std::to_string(code);
}

/// Connections whose handles are not destroyed. Never destroyed itself: what is in it is not,
/// either.
struct Kept {
    std::mutex mutex;
    std::vector<std::unique_ptr<PahoConnection>> connections;

    static Kept& of_process() {
        static auto* const kept = new Kept;
        return *kept;
    }
};

/// For the end of a connection that is being disconnected, which comes on Paho's thread.
constexpr std::chrono::milliseconds kEndPatience{500};

/// What Paho reports of a publish whose write failed, and of no other.
constexpr int kWriteFailed = -1;

/// Paho writes a line about every packet and then looks whether anybody wants it, unless told. Its
/// own variables for debugging keep their meaning.
void trace_errors_only() {
    static std::once_flag once;
    std::call_once(once, [] {
        // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody here sets variables.
        if (std::getenv("MQTT_C_CLIENT_TRACE") == nullptr) {
            MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
        }
    });
}

void trim_line_end(std::string& text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
        text.pop_back();
    }
}

}  // namespace

PahoConnection::PahoConnection(const BrokerSettings& settings,
                               std::size_t slots,
                               ConnectionEvents events)
    : settings_(settings), events_(std::move(events)) {
    slots_.reserve(slots);
    for (std::size_t i = 0; i < slots; ++i) {
        slots_.push_back({this, i, 0});
    }
    for (std::size_t i = 0; i < settings.subscriptions.size(); ++i) {
        subscriptions_.push_back({this, i, 0});
    }
    created_ = create();
}

void PahoConnection::retire(std::unique_ptr<PahoConnection> connection) {
    if (connection == nullptr || !connection->must_be_kept()) {
        return;
    }
    Kept& kept = Kept::of_process();
    const std::lock_guard lock(kept.mutex);
    if (kept.connections.size() < kMaxKept) {
        kept.connections.push_back(std::move(connection));
        log::warn("broker_connection_kept",
                  {{"why", "Paho would free a publish twice"}, {"kept", kept.connections.size()}});
    }
}

std::size_t PahoConnection::kept() {
    Kept& kept = Kept::of_process();
    const std::lock_guard lock(kept.mutex);
    return kept.connections.size();
}

// No write can fail any more once the handle is not connected; until then the last word is not in.
bool PahoConnection::must_be_kept() {
    if (handle_ == nullptr) {
        return false;
    }
    if (MQTTAsync_isConnected(handle_) != 0) {
        std::unique_lock lock(end_mutex_);
        end_.wait_for(lock, kEndPatience, [this] { return over_; });
    }
    return MQTTAsync_isConnected(handle_) != 0 || freed_publish_.load();
}

void PahoConnection::tell_over() {
    {
        const std::lock_guard lock(end_mutex_);
        over_ = true;
    }
    end_.notify_one();
}

PahoConnection::~PahoConnection() {
    if (handle_ != nullptr) {
        MQTTAsync_destroy(&handle_);
    }
}

tl::expected<void, std::string> PahoConnection::create() {
    const auto url = paho_url(settings_.url);
    if (!url) {
        return tl::unexpected(url.error());
    }
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer5;
    options.sendWhileDisconnected = 0;
    options.deleteOldestMessages = 0;
    // Above what our window lets in: Paho's own bound must never be the one that is hit.
    options.maxBufferedMessages = static_cast<int>(slots_.size()) + 1;
    const int created = MQTTAsync_createWithOptions(&handle_,
                                                    url->c_str(),
                                                    settings_.client_id.c_str(),
                                                    MQTTCLIENT_PERSISTENCE_NONE,
                                                    nullptr,
                                                    &options);
    if (created != MQTTASYNC_SUCCESS) {
        handle_ = nullptr;
        return tl::unexpected("no MQTT client for " + settings_.url + ": " + reason_text(created));
    }
    trace_errors_only();
    // Before connecting: a message that arrives without a callback is acknowledged and lost.
    MQTTAsync_setCallbacks(handle_, this, &on_lost, &on_arrived, nullptr);
    MQTTAsync_setDisconnected(handle_, this, &on_server_disconnect);
    if constexpr (failpoint::kEnabled) {
        pass_failpoint_at_pubacks();
    }
    return {};
}

tl::expected<void, std::string> PahoConnection::connect() {
    if (!created_) {
        return created_;
    }
    ConnectOptions options(settings_);
    options.tls().ssl_error_cb = &on_tls_error;
    options.tls().ssl_error_context = this;
    options.connect().onSuccess5 = &on_connect;
    options.connect().onFailure5 = &on_connect_failure;
    options.connect().context = this;
    const int started = MQTTAsync_connect(handle_, &options.connect());
    if (started != MQTTASYNC_SUCCESS) {
        return tl::unexpected("cannot connect to " + settings_.url + ": " + reason_text(started));
    }
    return {};
}

tl::expected<void, std::string> PahoConnection::subscribe() {
    socket_ = BrokerSocket(port_of(paho_url(settings_.url).value_or("")));
    for (Context& context : subscriptions_) {
        const Subscription& wanted = settings_.subscriptions[context.index];
        MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
        options.context = &context;
        options.onSuccess5 = &on_subscribe;
        options.onFailure5 = &on_subscribe_failure;
        options.subscribeOptions.noLocal = wanted.no_local ? 1 : 0;
        options.subscribeOptions.retainAsPublished = wanted.retain_as_published ? 1 : 0;
        const int rc = MQTTAsync_subscribe(handle_, wanted.filter.c_str(), wanted.qos, &options);
        if (rc != MQTTASYNC_SUCCESS) {
            return tl::unexpected("cannot subscribe to " + wanted.filter + ": " + reason_text(rc));
        }
    }
    return {};
}

tl::expected<void, PublishResult> PahoConnection::send(const OutboundMessage& message,
                                                       std::size_t slot) {
    PropertyList properties;
    add_properties(message, properties);
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    slots_[slot].qos = message.qos;
    options.context = &slots_[slot];
    options.onSuccess5 = &on_sent;
    options.onFailure5 = &on_send_failure;
    options.properties = properties.c_struct();  // copied by the call
    const int rc = MQTTAsync_send(handle_,
                                  message.topic.c_str(),
                                  static_cast<int>(message.payload.size()),
                                  message.payload.data(),
                                  message.qos,
                                  message.retain ? 1 : 0,
                                  &options);
    if (rc == MQTTASYNC_SUCCESS) {
        return {};
    }
    const bool unsendable = rc == MQTTASYNC_BAD_UTF8_STRING || rc == MQTTASYNC_BAD_QOS;
    return tl::unexpected(unsendable ? PublishResult::refused : PublishResult::failed);
}

void PahoConnection::disconnect() {
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer5;
    PropertyList properties;
    if (gives_up_session_) {
        properties.add(mqtt::property(mqtt::property::SESSION_EXPIRY_INTERVAL, 0));
    }
    options.properties = properties.c_struct();  // copied by the call
    options.onSuccess5 = &on_disconnect;
    options.context = this;
    if (handle_ != nullptr) {
        MQTTAsync_disconnect(handle_, &options);  // not connected: does nothing
    }
}

void PahoConnection::give_up_session() {
    gives_up_session_ = true;
    std::vector<char*> filters;
    for (const Subscription& subscription : settings_.subscriptions) {
        filters.push_back(const_cast<char*>(subscription.filter.c_str()));  // only read
    }
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    // When it fails the connection is lost, or soon will be.
    static_cast<void>(MQTTAsync_unsubscribeMany(
        handle_, static_cast<int>(filters.size()), filters.data(), &options));
}

void PahoConnection::on_disconnect(void* context, MQTTAsync_successData5* /*data*/) noexcept {
    auto& self = *static_cast<PahoConnection*>(context);
    self.tell_over();
    self.events_.disconnected();
}

void PahoConnection::on_connect(void* context, MQTTAsync_successData5* data) noexcept {
    Connack connack;
    connack.session_present = data->alt.connect.sessionPresent != 0;
    const auto number = [data](MQTTPropertyCodes code, std::size_t absent) {
        return MQTTProperties_hasProperty(&data->properties, code) != 0
                   ? static_cast<std::size_t>(static_cast<std::uint32_t>(
                         MQTTProperties_getNumericValue(&data->properties, code)))
                   : absent;
    };
    connack.receive_maximum = number(MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, connack.receive_maximum);
    connack.maximum_packet_size =
        number(MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, connack.maximum_packet_size);
    static_cast<PahoConnection*>(context)->events_.up(connack);
}

void PahoConnection::on_connect_failure(void* context, MQTTAsync_failureData5* data) noexcept {
    auto& self = *static_cast<PahoConnection*>(context);
    std::string reason = "cannot connect to " + self.settings_.url + ": ";
    if (!self.detail_.empty()) {
        reason += self.detail_;
    } else if (data != nullptr && data->code < kFirstErrorCode && data->message != nullptr) {
        reason += data->message;
    } else {
        reason += reason_text(data != nullptr ? data->code : MQTTASYNC_FAILURE);
    }
    self.events_.down(std::move(reason));
}

void PahoConnection::on_lost(void* context, char* cause) noexcept {
    auto& self = *static_cast<PahoConnection*>(context);
    std::string reason = "connection lost";
    if (!self.detail_.empty()) {
        reason += ": " + self.detail_;
    } else if (cause != nullptr) {
        reason += std::string(": ") + cause;
    }
    self.tell_over();
    self.events_.down(std::move(reason));
}

void PahoConnection::on_server_disconnect(void* context,
                                          MQTTProperties* /*properties*/,
                                          enum MQTTReasonCodes code) noexcept {
    static_cast<PahoConnection*>(context)->detail_ = "the broker says: " + reason_text(code);
}

/// Paho sends the PUBACK when this returns, whatever it returns. An exception ends the process
/// (noexcept): then the PUBACK is not sent and the broker delivers again.
int PahoConnection::on_arrived(void* context,
                               char* topic,
                               int topic_bytes,
                               MQTTAsync_message* message) noexcept {
    failpoint::pass(failpoint::Point::publish_read);
    auto& self = *static_cast<PahoConnection*>(context);
    // topic_bytes is 0 unless the topic contains NUL.
    std::string name =
        topic_bytes > 0 ? std::string(topic, static_cast<std::size_t>(topic_bytes)) : topic;
    self.events_.message(to_inbound(std::move(name), *message));
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return MQTTASYNC_TRUE;
}

void PahoConnection::on_subscribe(void* context, MQTTAsync_successData5* data) noexcept {
    const Context& which = *static_cast<Context*>(context);
    const Subscription& wanted = which.owner->settings_.subscriptions[which.index];
    const int granted = static_cast<int>(data->reasonCode);
    if (granted < wanted.qos || granted >= kFirstErrorCode) {
        which.owner->events_.down("subscription " + wanted.filter + " was granted QoS " +
                                  std::to_string(granted) + " only");
        return;
    }
    which.owner->events_.subscribed();
}

void PahoConnection::on_subscribe_failure(void* context, MQTTAsync_failureData5* data) noexcept {
    const Context& which = *static_cast<Context*>(context);
    const int code = static_cast<int>(data->reasonCode);
    which.owner->events_.down("subscription " +
                              which.owner->settings_.subscriptions[which.index].filter +
                              " refused: " + reason_text(code != 0 ? code : data->code));
}

void PahoConnection::on_sent(void* context, MQTTAsync_successData5* /*data*/) noexcept {
    const Context& which = *static_cast<Context*>(context);
    which.owner->events_.settled(which.index, PublishResult::acknowledged);
}

void PahoConnection::on_send_failure(void* context, MQTTAsync_failureData5* data) noexcept {
    const Context& which = *static_cast<Context*>(context);
    const bool refused = data != nullptr && static_cast<int>(data->reasonCode) >= kFirstErrorCode;
    if (which.qos > 0 && data != nullptr && data->code == kWriteFailed) {
        which.owner->freed_publish_ = true;
    }
    which.owner->events_.settled(which.index,
                                 refused ? PublishResult::refused : PublishResult::failed);
}

int PahoConnection::on_tls_error(const char* text, std::size_t bytes, void* context) noexcept {
    auto& self = *static_cast<PahoConnection*>(context);
    self.detail_.assign(text, bytes);
    trim_line_end(self.detail_);
    return 1;
}

}  // namespace dm::broker
